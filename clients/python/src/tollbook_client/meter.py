"""Records usage durably and sends it in the background."""

import asyncio
import atexit
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, Self

from tollbook_client import forks
from tollbook_client.answers import Receipt
from tollbook_client.clock import SystemClock
from tollbook_client.configuration import ApiKey, Server
from tollbook_client.errors import ConfigurationError, SpoolError, SpoolFull, TollbookError
from tollbook_client.event_json import Encoded, encode_event
from tollbook_client.event_numbers import Number
from tollbook_client.identities import new_id
from tollbook_client.instants import instant_at, now_text
from tollbook_client.receipts import Problem, event_in, receipt_of
from tollbook_client.sender import Hooks, Pace, Sender, log
from tollbook_client.spool import Spool, Stored
from tollbook_client.spool_file import prepare, spool_path
from tollbook_client.statistics import Counters, Stats

OnFull = Literal["raise", "block", "drop"]
_GIB = 1024**3
_POLL_SECONDS = 0.05
_BLOCK_SECONDS = 0.01
_DROP_LOG_SECONDS = 60.0
_END_SECONDS = 1.0


class Meter:
    """Records usage events in a file and sends them from a thread.

    `record` returns after the event is in the file, so that neither a killed process nor a server
    that is down for days loses it. `base_url` and `api_key` default to `TOLLBOOK_URL` and
    `TOLLBOOK_API_KEY`; `api_key` may be a function. `spool` is the file, by default that of
    `TOLLBOOK_SPOOL`. `on_full` is what happens at `max_spool_bytes`: `raise`, `block` (up to
    `block_timeout` seconds) or `drop`. `durability="disk"` survives power cuts, not only kills.
    `on_receipt(event, receipt)` is called for results other than accepted and duplicate,
    `on_error(error)` when sending pauses or an event is dropped; both run in the sender's thread.
    Threads and processes may share a spool; after a fork a meter goes on in both processes.
    """

    _clock = SystemClock()

    def __init__(
        self,
        base_url: str | None = None,
        api_key: ApiKey | None = None,
        *,
        spool: str | os.PathLike[str] | None = None,
        id_prefix: str = "",
        organization_id: str | None = None,
        batch_size: int = 2000,
        flush_interval: float = 0.5,
        max_spool_bytes: int = _GIB,
        on_full: OnFull = "raise",
        block_timeout: float = 5.0,
        durability: Literal["process", "disk"] = "process",
        request_timeout: float = 30.0,
        exit_timeout: float | None = 5.0,
        on_receipt: Callable[[dict[str, Any], Receipt], None] | None = None,
        on_error: Callable[[TollbookError], None] | None = None,
    ) -> None:
        _check(on_full in ("raise", "block", "drop"), "on_full must be raise, block or drop")
        _check(durability in ("process", "disk"), "durability must be process or disk")
        _check(1 <= batch_size <= 10_000, "batch_size must be from 1 to 10000")
        self._server = Server(base_url, api_key)
        self._id_prefix = id_prefix
        self._organization_id = organization_id
        self._on_full = on_full
        self._block_timeout = block_timeout
        self._exit_timeout = exit_timeout
        self._on_receipt = on_receipt
        self._on_error = on_error
        self._pace = Pace(batch_size, flush_interval, request_timeout)
        path = spool_path(spool, self._server.base_url)
        prepare(path)
        self._spool = Spool(path, max_spool_bytes, durable=durability == "disk", clock=self._clock)
        self._claim_file()
        self._counters = Counters()
        self._dropped_at = -_DROP_LOG_SECONDS
        self._sender: Sender | None = None
        self._starting = threading.Lock()
        self._closed = False
        self._start()
        forks.watch(self)
        atexit.register(self.close)

    def record(
        self,
        type: str,
        *,
        organization_id: str | None = None,
        user_id: str | None = None,
        quantity: Number | None = None,
        id: str | None = None,
        time: datetime | str | None = None,
        resource_id: str | None = None,
        attributes: Mapping[str, Any] | None = None,
        cost: Number | None = None,
        cost_pending: bool = False,
    ) -> str | None:
        """Record an event and return its id; None if it was dropped (`on_full="drop"`).

        Without `quantity` the server counts 1, or the segments of a message text. Choose `id`
        yourself if a crash may repeat the call: the same id is stored only once. Raise
        `InvalidEvent`, `SpoolFull` or `SpoolError`; nothing is recorded then.
        """
        event = self._encoded(
            {
                "id": id,
                "type": type,
                "organization_id": organization_id,
                "time": time,
                "quantity": quantity,
                "user_id": user_id,
                "resource_id": resource_id,
                "attributes": attributes,
                "cost": cost,
                "cost_pending": cost_pending or None,
            }
        )
        return event.id if self._store([event]) else None

    def record_many(self, events: Iterable[Mapping[str, Any]]) -> list[str]:
        """Record events, all or none, and return their ids; an empty list if they were dropped.

        Each event has the fields of `record`, with `type`.
        """
        encoded = [self._encoded(event) for event in events]
        return [event.id for event in encoded] if encoded and self._store(encoded) else []

    def flush(self, timeout: float | None = None) -> int:
        """Send what was recorded before; return how many events are left after `timeout` seconds.

        Without a timeout, wait until none are left, however long the server is away.
        """
        sender = self._start()
        until = self._spool.latest()
        give_up = None if timeout is None else time.monotonic() + timeout
        sender.hurry(on=True)
        try:
            while left := self._spool.left(until):
                if not _has_time(give_up) or not sender.thread.is_alive():
                    return left
                with sender.progress:
                    sender.progress.wait(_POLL_SECONDS)
            with sender.counting:
                return 0
        finally:
            sender.hurry(on=False)

    async def aflush(self, timeout: float | None = None) -> int:
        """Do as `flush`, without blocking the event loop."""
        return await asyncio.to_thread(self.flush, timeout)

    def close(self, timeout: float | Literal["exit"] | None = "exit") -> int:
        """Flush for up to `exit_timeout` seconds, stop sending, and return how many are left.

        They stay in the spool: the next process that opens it sends them.
        """
        if self._closed:
            return 0
        left = self.flush(self._exit_timeout if timeout == "exit" else timeout)
        self._closed = True
        atexit.unregister(self.close)
        forks.forget(self)
        if self._sender is not None:
            self._sender.stop()
            self._sender.thread.join(_END_SECONDS)
        self._spool.close()
        return left

    async def aclose(self, timeout: float | Literal["exit"] | None = "exit") -> int:
        """Do as `close`, without blocking the event loop."""
        return await asyncio.to_thread(self.close, timeout)

    def problems(self) -> Iterator[Problem]:
        """Yield the events that the server refused, oldest first; they stay until dismissed."""
        for row in self._spool.problems():
            yield Problem(event_in(row.body), receipt_of(row.receipt), instant_at(row.at), row.seq)

    def resend(self, problem: Problem, *, id: str | None = None, **changes: Any) -> str:
        """Record the event of a problem again with some fields changed, and dismiss the problem.

        A `conflict` needs a new `id`, since its id belongs to other content.
        """
        if problem.receipt.status == "conflict" and id in (None, problem.event["id"]):
            raise ConfigurationError("an event in conflict must be sent again with a new id")
        event = self._encoded({**problem.event, **changes, **({"id": id} if id else {})})
        self._spool.replace(problem.seq, event)
        self._counters.recorded += 1
        return event.id

    def dismiss(self, problem: Problem) -> None:
        """Remove a problem and its event for good."""
        self._spool.dismiss(problem.seq)

    def stats(self) -> Stats:
        """Return what this process has done, and what waits in the spool."""
        sizes, counters = self._spool.sizes(), self._counters
        age = 0.0 if sizes.oldest is None else (self._clock.now_ns() - sizes.oldest) / 1e9
        return Stats(
            recorded=counters.recorded,
            dropped=counters.dropped,
            sent=sum(counters.by_status.values()),
            **counters.by_status,
            retries=counters.retries,
            spooled=sizes.events,
            spooled_bytes=sizes.bytes,
            oldest_age_seconds=max(0.0, age),
            problems=sizes.problems,
            clock_offset=counters.clock_offset,
            blocked_reason=counters.blocked_reason,
            last_success_at=counters.last_success_at,
        )

    @property
    def as_of(self) -> datetime | None:
        """The latest state that this process saw in receipts; set it as `as_of` of a client."""
        return self._sender.as_of if self._sender else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"Meter({self._server.base_url!r}, spool={str(self._spool.path)!r})"

    def _encoded(self, given: Mapping[str, Any]) -> Encoded:
        event = dict(given)
        now = self._clock.now_ns()
        if event.get("id") is None:
            event["id"] = self._id_prefix + new_id(now)
        if event.get("time") is None:
            event["time"] = now_text(now)
        if event.get("organization_id") is None:
            event["organization_id"] = self._organization_id
        return encode_event(event)

    def _store(self, events: list[Encoded]) -> bool:
        """Store events by the policy for a full spool; return whether they were stored."""
        if self._closed:
            raise SpoolError("the meter is closed: nothing was recorded")
        if self._sender is None:
            self._start()
        give_up: float | None = None
        while True:
            try:
                self._spool.add(events)
            except SpoolFull as error:
                if self._on_full == "drop":
                    return self._drop(len(events), error)
                give_up = give_up or time.monotonic() + self._block_timeout
                if self._on_full == "raise" or not _has_time(give_up):
                    raise
                time.sleep(_BLOCK_SECONDS)
            else:
                self._count(len(events))
                return True

    def _count(self, number: int) -> None:
        """Count recorded events, and wake the sender for each whole batch of them."""
        size, before = self._pace.batch_size, self._counters.recorded
        self._counters.recorded = before + number
        if self._sender is not None and (before + number) // size > before // size:
            self._sender.wake()

    def _drop(self, number: int, error: SpoolFull) -> bool:
        self._counters.dropped += number
        if time.monotonic() - self._dropped_at >= _DROP_LOG_SECONDS:
            self._dropped_at = time.monotonic()
            log.error("events are dropped: %s", error)
        if self._on_error is not None:
            self._on_error(error)
        return False

    def _claim_file(self) -> None:
        base_url = self._spool.remember("base_url", self._server.base_url)
        if base_url != self._server.base_url:
            raise SpoolError(
                f"the spool {self._spool.path} has events for {base_url}: pass that base_url, or "
                "another spool"
            )

    def _start(self) -> Sender:
        with self._starting:
            if self._sender is None:
                hooks = Hooks(self._report, self._fail)
                self._sender = Sender(
                    self._spool,
                    self._server,
                    self._counters,
                    hooks,
                    self._clock,
                    self._pace,
                    self._id_prefix,
                )
                self._sender.thread.start()
            return self._sender

    def _report(self, event: Stored, receipt: dict[str, Any]) -> None:
        if self._on_receipt is not None:
            self._on_receipt(event_in(event.body), receipt_of(receipt))

    def _fail(self, error: TollbookError) -> None:
        if self._on_error is not None:
            self._on_error(error)

    def before_fork(self) -> None:
        """Close the spool for the time of a fork."""
        self._starting.acquire()
        self._spool.before_fork()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._spool.after_fork_in_parent()
        self._starting.release()

    def after_fork_in_child(self) -> None:
        """Start over: counters, connections and a thread of this process's own."""
        self._spool.after_fork_in_child()
        self._starting = threading.Lock()
        self._counters = Counters()
        if self._sender is not None:
            forks.abandon(self._sender)
            self._sender.release_in_child()
            self._sender = None


def _check(condition: object, message: str) -> None:
    if not condition:
        raise ConfigurationError(message)


def _has_time(give_up: float | None) -> bool:
    return give_up is None or time.monotonic() < give_up
