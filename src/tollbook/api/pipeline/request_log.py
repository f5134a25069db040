"""A line of the log for each request: its route, key, status and duration.

The event loop notes it, and a thread writes it: writing releases the interpreter's lock, and
waiting for the lock while the writer has it takes longer than many requests.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from tollbook.domain.keys import ApiKey
from tollbook.domain.visible import visible_json

ROUTE = "tollbook.route"
"""Under this name a request's scope has the path that it was for, as `/openapi.json` writes it."""
KEY = "tollbook.key"
"""Under this name it has the key or token that it came with, once that is found to be one."""
REFUSAL = "tollbook.refusal"
"""Under this name it has the error for which its body is waited for no longer."""
_WRITTEN_AFTER = 0.2
_MOST_WAITING = 50_000
_PATIENCE = 5.0
"""Seconds in which the last lines are to be written; then the server ends without them."""
_encode = msgspec.json.Encoder().encode_lines


class _Noted(NamedTuple):
    at: float
    request_id: bytes
    method: str
    route: str | None
    status: int | None
    seconds: float
    key: ApiKey | None


class _Line(msgspec.Struct, gc=False):
    """A line without path and query, which may hold personal data. The key is its prefix."""

    event: str
    level: str
    timestamp: str
    request_id: str
    method: str
    route: str | None
    status: int | None
    milliseconds: float
    key: str | None
    tenant: str | None


class _Lost(msgspec.Struct):
    """The number of lines that could not be written in time."""

    event: str
    level: str
    timestamp: str
    requests: int


class RequestLog:
    """The waiting lines, and the thread that writes them; without `write` there is no log."""

    def __init__(self, write: Callable[[str], object] | None) -> None:
        self._write = write
        self._waiting: deque[_Noted] = deque()
        self._dropped = 0
        self._refused = 0
        self._reported = 0
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tollbook-request-log", daemon=True)

    def open(self) -> None:
        """Start the thread."""
        if self._write:
            self._thread.start()

    def close(self) -> None:
        """Write the remaining lines, within the time that is left."""
        if self._write:
            self._closing.set()
            self._thread.join(_PATIENCE)

    def note(
        self, scope: Mapping[str, Any], request_id: bytes, status: int | None, start: float
    ) -> None:
        """Note a request that was answered, or whose client disconnected; on the event loop."""
        if self._write is None:
            return
        if len(self._waiting) >= _MOST_WAITING:
            self._dropped += 1
            return
        seconds = time.perf_counter() - start
        asked = scope["method"], scope.get(ROUTE), status, seconds, scope.get(KEY)
        self._waiting.append(_Noted(time.time(), request_id, *asked))

    def write(self) -> None:
        """Write the waiting lines; those that cannot be written are counted and reported later."""
        assert self._write  # noqa: S101  without it there is no thread
        lines: list[Any] = []
        while self._waiting:
            lines.append(_line(self._waiting.popleft()))
        requests, lost = len(lines), self._dropped + self._refused - self._reported
        if lost:
            lines.append(_Lost("requests_not_logged", "warning", _text(time.time()), lost))
        if not lines:
            return
        try:
            self._write(visible_json(_encode(lines).decode()))
        except OSError:
            self._refused += requests
        else:
            self._reported += lost

    def _run(self) -> None:
        while not self._closing.wait(_WRITTEN_AFTER):
            self.write()
        self.write()


def _line(it: _Noted) -> _Line:
    key = it.key
    return _Line(
        event="request",
        level="info",
        timestamp=_text(it.at),
        request_id=it.request_id.decode(),
        method=it.method,
        route=it.route,
        status=it.status,
        milliseconds=round(it.seconds * 1_000, 3),
        key=key.prefix if key else None,
        tenant=key.scope.tenant_id if key else None,
    )


def _text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")[:-6] + "Z"
