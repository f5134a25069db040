"""The worker with its steps and its sender, as a server or `tollbook alerts run` starts it."""

from collections.abc import Callable, Sequence

from tollbook.alerts.delivery import Count, Delivery, count_nothing
from tollbook.alerts.fan_out import fan_out
from tollbook.alerts.lease import Clock, Lease
from tollbook.alerts.mail import Mailer
from tollbook.alerts.renewal import Renewal
from tollbook.alerts.requests import Requests
from tollbook.alerts.retention import Retention
from tollbook.alerts.sender import Sender
from tollbook.alerts.worker import NO_COUNTS, Step, Work, WorkCounters, Worker
from tollbook.domain.addresses import Network
from tollbook.domain.sealing import Sealer
from tollbook.domain.unsubscribing import NO_LINKS, Unsubscriber
from tollbook.store.database import Database


class Alerts:
    """Looks for what happened and delivers it, while no other process does.

    `looks` are the steps that write notifications; they run before those that deliver them.
    Notifications are kept for some `days`. `count` is called with each attempt, `counts`
    with notifications and looks.
    `mailer_of` makes what sends mails, None without a mail server.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        sealer: Sealer,
        networks: Sequence[Network] = (),
        looks: Sequence[Step] = (),
        days: int = 90,
        count: Count = count_nothing,
        counts: WorkCounters = NO_COUNTS,
        mailer_of: Callable[[], Mailer | None] = lambda: None,
        unsubscriber: Unsubscriber = NO_LINKS,
    ) -> None:
        lease = Lease(database, clock)
        self._sender = Sender(lease, clock, lambda: Requests(networks), mailer_of)
        delivery = Delivery(self._sender, sealer, networks, count, unsubscriber)
        steps: list[Step] = [*looks, fan_out, delivery, Renewal(sealer), Retention(days)]
        self.worker = Worker(lease, Work(lease, database, clock, counts), steps)
        self._sender.on_result = lambda: self.worker.wake(delivery)

    def open(self) -> None:
        """Start both threads."""
        self._sender.open()
        self.worker.open()

    def close(self) -> None:
        """End both threads, and let another process take over at once."""
        self.worker.close()
        self._sender.close()
