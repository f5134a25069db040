"""A thread with an event loop that sends batches; the worker's thread alone uses the database."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import NamedTuple

import structlog

from tollbook.alerts.lease import Clock, Lease
from tollbook.alerts.mail import Mailer, mail_message
from tollbook.alerts.requests import Requests
from tollbook.alerts.stopping import stop_at
from tollbook.domain.deliveries import AttemptCode, AttemptOutcome
from tollbook.domain.destinations import Destination
from tollbook.domain.endpoints import EndpointKind
from tollbook.domain.payloads import chat_body, webhook_body, webhook_headers
from tollbook.store.deliveries import DueDelivery, Lane

_log = structlog.get_logger()
_SLACK_PAUSE = 1.0
"""Slack accepts one message a second."""


class Batch(NamedTuple):
    """Deliveries of one lane, which are sent in order up to the first that fails.

    Those of a webhook are a request each. Of a chat or a mail they are one message.
    """

    lane: Lane
    kind: EndpointKind
    to: Destination | None
    secrets: Sequence[str]
    deliveries: Sequence[DueDelivery]
    term: int
    unsubscribe: str | None = None


class Sent(NamedTuple):
    """An attempt: which deliveries it was of, when it began, how long it took, what came of it."""

    batch: Batch
    deliveries: Sequence[DueDelivery]
    at: int
    milliseconds: int
    outcome: AttemptOutcome


class Finished(NamedTuple):
    """A batch of which nothing more is sent."""

    batch: Batch


class Sender:
    """Sends batches at the same time, and queues what came of them.

    `on_result` is called in its thread. Nothing is sent after the lease is over.
    """

    def __init__(
        self,
        lease: Lease,
        clock: Clock,
        requests_of: Callable[[], Requests],
        mailer_of: Callable[[], Mailer | None] = lambda: None,
        on_result: Callable[[], object] = lambda: None,
    ) -> None:
        self.on_result = on_result
        self._lease = lease
        self._clock = clock
        self._requests_of = requests_of
        self._mailer_of = mailer_of
        self._results: SimpleQueue[Sent | Finished] = SimpleQueue()
        self._loop: asyncio.AbstractEventLoop
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, name="alerts-sender")
        self._requests: Requests | None = None
        self._mailer: Mailer | None = None

    def open(self) -> None:
        """Start the thread."""
        self._loop = asyncio.new_event_loop()
        self._thread.start()

    def close(self) -> None:
        """Cancel what is being sent, and end the thread. What was canceled is sent again later."""
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def submit(self, batch: Batch) -> None:
        """Send a batch."""
        self._loop.call_soon_threadsafe(self._start, batch)

    @property
    def has_mail(self) -> bool:
        """Return whether this process has a mail server."""
        return self._mailer is not None

    def results(self, most: int) -> list[Sent | Finished]:
        """Return what has come since the last call, up to a number."""
        found: list[Sent | Finished] = []
        while len(found) < most:
            try:
                found.append(self._results.get_nowait())
            except Empty:
                break
        return found

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    async def _serve(self) -> None:
        self._requests, self._mailer = self._requests_of(), self._mailer_of()
        await self._stopping.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._requests.close()

    def _start(self, batch: Batch) -> None:
        task = self._loop.create_task(self._send_all(batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send_all(self, batch: Batch) -> None:
        try:
            for group in _groups(batch):
                if not self._lease.is_held or not await self._send(batch, group):
                    break
        except Exception:
            _log.exception("alerts_send_failed", endpoint=batch.lane.endpoint)
        self._results.put(Finished(batch))
        self.on_result()

    async def _send(self, batch: Batch, group: Sequence[DueDelivery]) -> bool:
        """Send a request; return whether the next one may follow."""
        at, started = self._clock(), time.monotonic()
        outcome = await self._outcome(batch, group, at)
        milliseconds = round((time.monotonic() - started) * 1000)
        stop_at("sent")
        self._results.put(Sent(batch, group, at, milliseconds, outcome))
        self.on_result()
        if batch.kind is EndpointKind.SLACK:
            await asyncio.sleep(_SLACK_PAUSE)
        return outcome.is_delivered

    async def _outcome(
        self, batch: Batch, group: Sequence[DueDelivery], now: int
    ) -> AttemptOutcome:
        if batch.kind is EndpointKind.MAIL:
            return await self._mail_outcome(batch, group, now)
        if batch.to is None or self._requests is None:
            return AttemptOutcome(code=AttemptCode.SECRET_UNREADABLE)
        if batch.kind is not EndpointKind.WEBHOOK:
            body = chat_body(batch.kind, [it.notification for it in group])
            return await self._requests.post(batch.to, {}, body)
        (one,) = group
        body = webhook_body(one.notification)
        headers = webhook_headers(one.notification, one.key.sequence, batch.secrets, body, now)
        return await self._requests.post(batch.to, headers, body)

    async def _mail_outcome(
        self, batch: Batch, group: Sequence[DueDelivery], now: int
    ) -> AttemptOutcome:
        if self._mailer is None:
            return AttemptOutcome(code=AttemptCode.MAIL_NOT_CONFIGURED)
        address, found = batch.lane.address, [it.notification for it in group]
        message = mail_message(self._mailer.terms, address, found, batch.unsubscribe, now)
        return await self._mailer.send(message, address)


def _groups(batch: Batch) -> list[Sequence[DueDelivery]]:
    """Return which deliveries share a request: those of a webhook never do."""
    if batch.kind is EndpointKind.WEBHOOK:
        return [[it] for it in batch.deliveries]
    return [batch.deliveries]
