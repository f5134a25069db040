"""Send what is due, and record what came of it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec
import structlog

from tollbook.alerts.disabling import after_result
from tollbook.alerts.sender import Batch, Finished, Sender, Sent
from tollbook.alerts.stopping import stop_at
from tollbook.alerts.worker import Work
from tollbook.domain.addresses import Network
from tollbook.domain.deliveries import after_attempt
from tollbook.domain.destinations import Destination, InvalidUrl, parse_url
from tollbook.domain.endpoints import AlertEndpoint, EndpointKind, SigningSecret, valid_secrets
from tollbook.domain.mail import MOST_PER_HOUR
from tollbook.domain.notifications import NotificationType
from tollbook.domain.sealing import Sealer, Unreadable
from tollbook.domain.unsubscribing import NO_LINKS, Unsubscriber
from tollbook.store.database import Snapshot
from tollbook.store.deliveries import (
    AttemptRow,
    DeliveryKey,
    DueDelivery,
    Lane,
    deliveries_of,
    due_lanes,
    due_singles,
    find_due,
    record_attempts,
)
from tollbook.store.endpoints import find_endpoint
from tollbook.store.mail import postpone, queue_until, sent_since
from tollbook.store.notifications import hold_numbers

_log = structlog.get_logger()
_MOST_REQUESTS, _MOST_OF_TENANT = 64, 16
_MOST_IN_BATCH = {
    EndpointKind.WEBHOOK: 20,
    EndpointKind.SLACK: 100,
    EndpointKind.TEAMS: 100,
    EndpointKind.MAIL: 500,
}
_TOGETHER_FROM = 6
"""From this many waiting notifications on, a chat or mail is about all of them."""
_MOST_RECORDED = 100
_CANDIDATES = 512
_PAUSE = 0.5
_HOUR = 3600 * 1_000_000
Count = Callable[[str, str, float | None], object]
"""Counts an attempt: the kind of the endpoint, the outcome, and how many seconds after it was
written a notification was first tried, None for a later attempt."""
_secrets = msgspec.json.Decoder(list[SigningSecret]).decode


def count_nothing(_kind: str, _outcome: str, _seconds: float | None) -> None:
    """Count no attempt."""


class Delivery:
    """The step that sends deliveries in order, one request to each lane at a time."""

    def __init__(
        self,
        sender: Sender,
        sealer: Sealer,
        networks: Sequence[Network],
        count: Count = count_nothing,
        unsubscriber: Unsubscriber = NO_LINKS,
    ) -> None:
        self._unsubscriber = unsubscriber
        self._count = count
        self._sender = sender
        self._sealer = sealer
        self._networks = networks
        self._term = 0
        self._dispatch_due = 0.0
        self._busy: dict[Lane, Batch] = {}
        self._unrecorded: list[Sent | Finished] = []
        self._postponed: list[tuple[Lane, DeliveryKey | None, int]] = []

    def __call__(self, work: Work) -> float:
        """Record what came, send what is due, and return when to do so again."""
        if work.lease.term != self._term:
            self._term = work.lease.term
            self._busy.clear()
            self._unrecorded.clear()
            self._dispatch_due = 0.0
        was_busy = len(self._busy)
        has_more = self._record(work)
        # Each result wakes this step, but to look for lanes reads all that waits.
        if len(self._busy) < was_busy or time.monotonic() >= self._dispatch_due:
            self._dispatch_due = time.monotonic() + _PAUSE
            if len(self._busy) < _MOST_REQUESTS:
                self._dispatch(work)
        return 0.0 if has_more else max(0.0, self._dispatch_due - time.monotonic())

    def _record(self, work: Work) -> bool:
        """Record results in one transaction; return whether there may be more.

        When the database does not respond, they are kept and recorded later.
        """
        found = self._unrecorded
        found += self._sender.results(_MOST_RECORDED - len(found))
        found[:] = [it for it in found if it.batch.term == self._term]
        sent = [it for it in found if isinstance(it, Sent)]
        if sent:
            with work.lease.writing() as transaction:
                # Changes of these endpoints by a person wait, and none of them is overwritten.
                for tenant in sorted({it.batch.lane.tenant for it in sent}):
                    hold_numbers(transaction, tenant)
                record_attempts(transaction, list(_rows(sent, work.clock())))
                after_result(transaction, sent, work.clock(), has_mail=self._sender.has_mail)
            stop_at("recorded")
            self._count_all(sent)
        for it in found:
            if isinstance(it, Finished):
                self._busy.pop(it.batch.lane, None)
        is_full = len(found) == _MOST_RECORDED
        found.clear()
        return is_full

    def _count_all(self, sent: Sequence[Sent]) -> None:
        for it in sent:
            code = it.outcome.code
            outcome = "delivered" if code is None else code.value
            for delivery in it.deliveries:
                is_first = delivery.progress.attempts == 0
                waited = (it.at - delivery.notification.written_at) / 1_000_000
                self._count(it.batch.kind.value, outcome, waited if is_first else None)

    def _dispatch(self, work: Work) -> None:
        with work.database.reading() as snapshot:
            for batch in self._due_batches(snapshot, work.clock()):
                self._busy[batch.lane] = batch
                self._sender.submit(batch)
        if self._postponed:
            self._postpone(work)

    def _postpone(self, work: Work) -> None:
        """Let mails to addresses that got enough of them wait."""
        found, self._postponed = self._postponed, []
        with work.lease.writing() as transaction:
            for tenant in sorted({lane.tenant for lane, _, _ in found}):
                hold_numbers(transaction, tenant)
            for lane, key, until in found:
                if key is not None:
                    queue_until(transaction, key, until)
                postpone(transaction, lane, until)

    def _due_batches(self, snapshot: Snapshot, now: int) -> Iterator[Batch]:
        """Yield batches for lanes that are free, within the limits of all and of each tenant."""
        of_tenant = Counter(lane.tenant for lane in self._busy)
        taken = set(self._busy)
        mailed = set(map(_mailbox, taken))

        def is_free(lane: Lane) -> bool:
            if lane in taken or len(taken) >= _MOST_REQUESTS:
                return False
            if lane.address and _mailbox(lane) in mailed:
                return False
            if of_tenant[lane.tenant] >= _MOST_OF_TENANT:
                return False
            taken.add(lane)
            mailed.add(_mailbox(lane))
            of_tenant[lane.tenant] += 1
            return True

        for key in due_singles(snapshot, now, _CANDIDATES):
            if is_free(key.lane):
                yield from self._batches(snapshot, key.lane, now, find_due(snapshot, key))
        for lane in due_lanes(snapshot, now, _CANDIDATES):
            if is_free(lane):
                yield from self._batches(snapshot, lane, now)

    def _batches(
        self, snapshot: Snapshot, lane: Lane, now: int, found: list[DueDelivery] | None = None
    ) -> Iterator[Batch]:
        endpoint = find_endpoint(snapshot, lane.tenant, lane.endpoint)
        if endpoint is None:
            return
        if lane.address and self._is_enough(snapshot, lane, found, now):
            return
        if found is None:
            found = _together(
                endpoint, deliveries_of(snapshot, lane, _MOST_IN_BATCH[endpoint.kind])
            )
        if found:
            to, signing = self._open(endpoint, now)
            link = self._unsubscriber.url(*lane) if lane.address else None
            yield Batch(lane, endpoint.kind, to, signing, found, self._term, link)

    def _is_enough(
        self, snapshot: Snapshot, lane: Lane, found: list[DueDelivery] | None, now: int
    ) -> bool:
        """Return whether an address got as many mails as an hour may have; the next one waits."""
        sent = sent_since(snapshot, lane, now - _HOUR)
        if len(sent) < MOST_PER_HOUR:
            return False
        key = found[0].key if found else None
        self._postponed.append((lane, key, sent[MOST_PER_HOUR - 1] + _HOUR))
        return True

    def _open(self, endpoint: AlertEndpoint, now: int) -> tuple[Destination | None, list[str]]:
        """Return where an endpoint is and what signs, or None for what cannot be decrypted."""
        if endpoint.url is None:
            return None, []
        try:
            url = self._sealer.open(endpoint.url, endpoint.id)
            sealed = endpoint.secrets
            found = _secrets(self._sealer.open(sealed, endpoint.id)) if sealed else []
            return parse_url(url, self._networks), valid_secrets(found, now)
        except (Unreadable, InvalidUrl):
            _log.warning("endpoint_unreadable", endpoint=endpoint.id)
            return None, []


def _together(endpoint: AlertEndpoint, found: list[DueDelivery]) -> list[DueDelivery]:
    """Return what is sent next: of a chat or mail one notification, or all when many wait.

    A report is a mail of its own, so those before it are sent without it.
    """
    if endpoint.kind is EndpointKind.WEBHOOK:
        return found
    is_report = (it.notification.type == NotificationType.REPORT_READY for it in found)
    before = next((place for place, is_one in enumerate(is_report) if is_one), len(found))
    return found[:1] if before < _TOGETHER_FROM else found[:before]


def _mailbox(lane: Lane) -> tuple[str, str]:
    """Return whose mails are counted together: an address of a tenant, of any endpoint."""
    return lane.tenant, lane.address


def _rows(sent: Sequence[Sent], now: int) -> Iterator[AttemptRow]:
    for it in sent:
        for delivery in it.deliveries:
            is_test = delivery.notification.type == NotificationType.ENDPOINT_TEST
            progress = after_attempt(delivery.progress, it.outcome, now, is_test=is_test)
            yield AttemptRow(delivery.key, it.at, it.milliseconds, it.outcome, progress)
