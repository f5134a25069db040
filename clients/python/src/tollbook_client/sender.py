"""The thread that sends what is in the spool, oldest first, one request at a time."""

import logging
import sqlite3
import threading
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import httpx

from tollbook_client.client import reply_of, unreachable
from tollbook_client.clock import SystemClock
from tollbook_client.configuration import Server
from tollbook_client.delivery import (
    PAUSE_SECONDS,
    Next,
    Receipt,
    Verdict,
    is_refused,
    verdict_on,
)
from tollbook_client.errors import ServerUnreachable, SpoolError, TollbookError
from tollbook_client.instants import instant_at
from tollbook_client.key_check import key_problem
from tollbook_client.replies import Reply, http_date
from tollbook_client.sending_lock import SendingLock
from tollbook_client.spool import Spool, Stored
from tollbook_client.statistics import Counters

log = logging.getLogger("tollbook_client")
_MOST_BYTES = 4 * 1024 * 1024
_LEAST_COMPRESSED = 1024
_LARGEST_OFFSET = 60.0
_IDLE_SECONDS = 0.5
_NOTHING = 0.0


@dataclass
class Hooks:
    """What the application is told: `settled` by each receipt other than a success."""

    settled: Callable[[Stored, Receipt], None]
    failed: Callable[[TollbookError], None]


class Pace(NamedTuple):
    """How many events a request has, how long a part of them waits, and how long an answer may."""

    batch_size: int
    flush_interval: float
    request_timeout: float


class Sender:
    """Sends the events of a spool until it is stopped; only one process does so at a time."""

    def __init__(
        self,
        spool: Spool,
        server: Server,
        counters: Counters,
        hooks: Hooks,
        clock: SystemClock,
        pace: Pace,
        id_prefix: str,
    ) -> None:
        self._spool = spool
        self._server = server
        self._counters = counters
        self._hooks = hooks
        self._clock = clock
        self._pace = pace
        self._id_prefix = id_prefix
        self._lock = SendingLock(spool.path)
        self._http = httpx.Client(timeout=pace.request_timeout)
        self._parts: list[list[Stored]] = []
        self._failures = 0
        self._is_checked = False
        self._warned = False
        self._stopped = threading.Event()
        self._hurry = threading.Event()
        self._wake = threading.Event()
        self.progress = threading.Condition()
        self.counting = threading.Lock()
        """Held until the counters have what has left the spool."""
        self.as_of: datetime | None = None
        self.thread = threading.Thread(target=self._run, name="tollbook-sender", daemon=True)

    def hurry(self, *, on: bool) -> None:
        """Send parts of batches at once, or wait again until the flush interval is over."""
        if on:
            self._hurry.set()
            self.wake()
        else:
            self._hurry.clear()

    def wake(self) -> None:
        """Look into the spool now, which has a whole batch."""
        self._wake.set()

    def stop(self) -> None:
        """End after the request in flight; what is left stays in the spool."""
        self._stopped.set()
        self.hurry(on=True)

    def release_in_child(self) -> None:
        """Close this process's copy of the parent's lock."""
        self._lock.release()

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                self._perform()
        finally:
            self._lock.release()
            self._http.close()
            self._spool.close()

    def _perform(self) -> None:
        try:
            seconds = self.step()
        except (sqlite3.Error, OSError, TollbookError) as error:
            seconds = self._block(_as_ours(error))
        except Exception:
            log.exception("sending failed; it is tried again")
            seconds = PAUSE_SECONDS
        if seconds:
            self._clock.wait(self._stopped, seconds)

    def step(self) -> float:
        """Send the next batch, if there is one; return the seconds to wait after a failure."""
        batch = self._next_batch() if self._lock.acquire() else []
        if not batch:
            self._idle()
            return _NOTHING
        if not self._is_checked and (seconds := self._check_key()):
            return seconds
        verdict = verdict_on(batch, self._post(batch), self._failures)
        if verdict.action is not Next.RETRY:
            self._failures = 0
        if verdict.action is Next.SETTLE:
            return self._settle(batch, verdict)
        if verdict.action is Next.HALVE:
            return self._halve(batch, verdict)
        self._parts.insert(0, batch)
        return self._wait_after(verdict)

    def _next_batch(self) -> list[Stored]:
        if self._parts:
            return self._parts.pop(0)
        batch = self._spool.oldest(self._pace.batch_size, _MOST_BYTES)
        if not batch or len(batch) >= self._pace.batch_size or self._hurry.is_set():
            return batch
        age = (self._clock.now_ns() - batch[0].seq) / 1e9
        return batch if age >= self._pace.flush_interval else []

    def _idle(self) -> None:
        if self._hurry.is_set():
            self._stopped.wait(0.02)
        else:
            self._wake.wait(min(self._pace.flush_interval, _IDLE_SECONDS))
            self._wake.clear()

    def _post(self, batch: Sequence[Stored]) -> Reply | ServerUnreachable:
        content = b"[" + b",".join(event.body for event in batch) + b"]"
        headers = {"Content-Type": "application/json"}
        if len(content) >= _LEAST_COMPRESSED:
            packer = zlib.compressobj(1, wbits=31)
            content = packer.compress(content) + packer.flush()
            headers["Content-Encoding"] = "gzip"
        return self._request("POST", "/v1/events", headers, content)

    def _request(
        self, method: str, path: str, headers: dict[str, str], content: bytes | None = None
    ) -> Reply | ServerUnreachable:
        try:
            request = self._http.build_request(
                method,
                self._server.base_url + path,
                headers={**self._server.headers(), **headers},
                content=content,
            )
            reply = reply_of(self._http.send(request, follow_redirects=False))
        except httpx.HTTPError as error:
            return unreachable(error)
        self._compare_clocks(reply)
        return reply

    def _check_key(self) -> float:
        """Read whose key this is; return the seconds to wait if nothing may be sent."""
        outcome = self._request("GET", "/v1/keys/self", {})
        problem = key_problem(outcome, self._spool, self._id_prefix)
        if problem is None:
            self._is_checked = True
            return _NOTHING
        if problem.blocks:
            return self._block(problem.error)
        if problem.is_final:
            self._is_checked = True
            self._fail(problem.error)
            return _NOTHING
        return self._wait_after(verdict_on([], outcome, self._failures))

    def _settle(self, batch: list[Stored], verdict: Verdict) -> float:
        pairs = list(zip(batch, verdict.receipts, strict=True))
        refused = [pair for pair in pairs if is_refused(pair[1])]
        with self.counting:
            self._spool.settle([event for event, it in pairs if not is_refused(it)], refused)
            self._counters.blocked_reason = None
            self._counters.last_success_at = instant_at(self._clock.now_ns())
            self._see(verdict.as_of)
            for _, receipt in pairs:
                self._counters.count(receipt["status"])
        for event, receipt in pairs:
            if receipt["status"] not in {"accepted", "duplicate"}:
                self._call(self._hooks.settled, event, receipt)
        with self.progress:
            self.progress.notify_all()
        return _NOTHING

    def _halve(self, batch: list[Stored], verdict: Verdict) -> float:
        if len(batch) == 1:
            return self._settle(batch, verdict)
        middle = len(batch) // 2
        self._parts[:0] = [batch[:middle], batch[middle:]]
        return _NOTHING

    def _wait_after(self, verdict: Verdict) -> float:
        self._counters.retries += 1
        if verdict.action is Next.PAUSE and verdict.error is not None:
            return self._block(verdict.error)
        self._failures += 1
        return verdict.seconds

    def _block(self, error: TollbookError) -> float:
        """Pause until somebody has changed something; report a reason once."""
        self._is_checked = False
        if self._counters.blocked_reason != str(error):
            self._counters.blocked_reason = str(error)
            self._fail(error)
        return PAUSE_SECONDS

    def _fail(self, error: TollbookError) -> None:
        log.warning("%s", error)
        self._call(self._hooks.failed, error)

    def _call(self, hook: Callable[..., None], *arguments: Any) -> None:
        try:
            hook(*arguments)
        except Exception:
            log.exception("a hook of the meter failed")

    def _see(self, as_of: datetime | None) -> None:
        if as_of is not None and (self.as_of is None or as_of > self.as_of):
            self.as_of = as_of

    def _compare_clocks(self, reply: Reply) -> None:
        date = http_date(reply.headers.get("date", ""))
        if date is None:
            return
        offset = self._clock.now_ns() / 1e9 - date.timestamp()
        self._counters.clock_offset = offset
        if abs(offset) > _LARGEST_OFFSET and not self._warned:
            self._warned = True
            log.warning("the clock of this machine differs from the server's by %.0f s", offset)


def _as_ours(error: Exception) -> TollbookError:
    return error if isinstance(error, TollbookError) else SpoolError(f"the spool failed: {error}")
