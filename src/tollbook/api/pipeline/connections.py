"""The connections of clients: how many there may be, and for how long each may be silent.

A connection *waits* until it has sent a complete head, *uploads* while its body arrives, and is
*unread* while its client does not read. Everything here runs on the event loop.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple, Protocol

from tollbook.api.operation.refusals import Refusals

LEAST_RATE = 4 * 1024
"""Bytes per second that a client must send of a body, and read of a response."""
_SWEEPS = 4
"""How often a limit on seconds is checked within that time; at least once a second."""

TOO_MANY_CONNECTIONS = "too_many_connections"
HEAD_TIMEOUT = "head_timeout"
BODY_TIMEOUT = "body_timeout"
RESPONSE_UNREAD = "response_unread"
UNREAD_LIMIT = "unread_limit"


class ConnectionLimits(NamedTuple):
    """The limits of all connections.

    `most_waiting` of `most` may wait for a head, so that others are always accepted. A head, or a
    piece of a body, must arrive within `silent_seconds`; a response must be read within
    `unread_seconds`, at `LEAST_RATE`. All unread responses may have `unread_bytes`.
    """

    most: int = 20_000
    silent_seconds: float = 10
    unread_seconds: float = 60
    unread_bytes: int = 128 * 1024 * 1024

    @property
    def most_waiting(self) -> int:
        """Return how many connections may wait for a head."""
        return max(1, self.most // 2)


class Connection(Protocol):
    """What a connection tells and lets do; its sockets are those of the server."""

    @property
    def tenant(self) -> Hashable:
        """Return the tenant of its request, None without a key."""
        ...

    @property
    def is_upload_expected(self) -> bool:
        """Return whether its client can send more of a body now."""
        ...

    @property
    def unread_bytes(self) -> int:
        """Return how many bytes of responses wait for its client."""
        ...

    def refuse(self, kind: str) -> None:
        """Stop waiting for a head or a body: note it, respond if a request has begun, and close."""
        ...

    def abort(self) -> None:
        """Close at once, and drop what is unread."""
        ...


class _Window:
    """How much a client has moved since a window of time began."""

    def __init__(self, seconds: float) -> None:
        self._most = seconds
        self._seconds = 0.0
        self._bytes = 0

    def add(self, seconds: float, size: int) -> None:
        """Add time in which the client could move bytes, and the bytes that it moved."""
        self._seconds += seconds
        self._bytes += size

    def is_too_slow(self) -> bool:
        """Return whether the window has ended too slow; one that was fast enough begins again."""
        if self._seconds < self._most:
            return False
        too_slow = self._bytes < self._seconds * LEAST_RATE
        self._seconds, self._bytes = 0.0, 0
        return too_slow


class _Unread(NamedTuple):
    """The unread bytes of a connection when they were last seen."""

    size: int
    at: float


class Connections:
    """All connections of a server."""

    def __init__(
        self,
        limits: ConnectionLimits,
        refusals: Refusals,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.refusals = refusals
        self._limits = limits
        self._clock = clock
        self._open: set[Connection] = set()
        self._waiting: OrderedDict[Connection, float] = OrderedDict()
        self._uploads: dict[Connection, _Window] = {}
        self._swept_at = clock()
        self._unread: OrderedDict[Connection, _Unread] = OrderedDict()
        self._readers: dict[Connection, _Window] = {}
        self._unread_bytes = 0

    @property
    def sweep_seconds(self) -> float:
        """Return after how many seconds `sweep` is due again."""
        shortest = min(self._limits.silent_seconds, self._limits.unread_seconds)
        return min(1.0, shortest / _SWEEPS)

    @property
    def number(self) -> int:
        """Return how many connections are open."""
        return len(self._open)

    @property
    def unread_bytes(self) -> int:
        """Return how many bytes of responses wait for clients that do not read them."""
        return self._unread_bytes

    def opened(self, connection: Connection) -> None:
        """Add a connection; when there are too many, close those that have waited longest."""
        self._open.add(connection)
        self.wait(connection)
        limits = self._limits
        while len(self._open) > limits.most or len(self._waiting) > limits.most_waiting:
            self._drop(next(iter(self._waiting)), TOO_MANY_CONNECTIONS)

    def closed(self, connection: Connection) -> None:
        """Remove a connection."""
        self._forget(connection)

    def wait(self, connection: Connection) -> None:
        """Note that a connection has no request: its next head is due."""
        self._uploads.pop(connection, None)
        if connection in self._open:
            self._waiting[connection] = self._clock() + self._limits.silent_seconds
            self._waiting.move_to_end(connection)

    def requested(self, connection: Connection) -> None:
        """Note the complete head of a request, which waits for nothing from now on."""
        self._waiting.pop(connection, None)

    def uploading(self, connection: Connection) -> None:
        """Note that the body of a request is not complete."""
        if connection in self._open and connection not in self._waiting:
            self._uploads[connection] = _Window(self._limits.silent_seconds)

    def moved(self, connection: Connection, size: int) -> None:
        """Note bytes of a body that is not complete."""
        if window := self._uploads.get(connection):
            window.add(0, size)

    def uploaded(self, connection: Connection) -> None:
        """Note a complete body."""
        self._uploads.pop(connection, None)

    def paused(self, connection: Connection) -> None:
        """Note that the client of a connection does not read fast enough."""
        if connection not in self._open:
            return
        self._readers.setdefault(connection, _Window(self._limits.unread_seconds))
        self._see(connection)
        if self._unread_bytes > self._limits.unread_bytes:
            self._make_space()

    def resumed(self, connection: Connection) -> None:
        """Note that the client of a connection has read nearly everything."""
        if connection in self._unread:
            self._measure(connection)
            self._read(connection)

    def sweep(self) -> None:
        """Close the connections that have been silent, or have not read, for too long.

        After a moment in which the loop was busy nothing is closed: it heard no client.
        """
        now = self._clock()
        passed, self._swept_at = now - self._swept_at, now
        if passed <= 2 * self.sweep_seconds:
            self._end_waiting(now)
            self._end_uploads(passed)
            for connection in list(self._unread):
                self._measure(connection)
        self.refusals.log()

    def _end_waiting(self, now: float) -> None:
        while self._waiting and self._waiting[oldest := next(iter(self._waiting))] <= now:
            self._refuse(oldest, HEAD_TIMEOUT)

    def _end_uploads(self, passed: float) -> None:
        for connection, window in list(self._uploads.items()):
            if connection.is_upload_expected:
                window.add(passed, 0)
                if window.is_too_slow():
                    self._refuse(connection, BODY_TIMEOUT)

    def _measure(self, connection: Connection) -> None:
        """Look how much a client has read, and drop it if that is too little."""
        seen, window = self._unread[connection], self._readers[connection]
        now = self._see(connection)
        window.add(now.at - seen.at, max(0, seen.size - now.size))
        if window.is_too_slow():
            self._drop(connection, RESPONSE_UNREAD)

    def _make_space(self) -> None:
        """Drop clients of the tenant with the most unread bytes, those first that paused first."""
        for connection in self._unread:
            self._see(connection)
        while self._unread_bytes > self._limits.unread_bytes:
            sizes: Counter[Hashable] = Counter()
            for connection, seen in self._unread.items():
                sizes[connection.tenant] += seen.size
            tenant = sizes.most_common(1)[0][0]
            self._drop(next(it for it in self._unread if it.tenant == tenant), UNREAD_LIMIT)

    def _see(self, connection: Connection) -> _Unread:
        """Note and return how much is unread now."""
        before, now = self._unread.get(connection), _Unread(connection.unread_bytes, self._clock())
        self._unread_bytes += now.size - (before.size if before else 0)
        self._unread[connection] = now
        return now

    def _read(self, connection: Connection) -> None:
        if seen := self._unread.pop(connection, None):
            self._unread_bytes -= seen.size

    def _refuse(self, connection: Connection, kind: str) -> None:
        """Refuse to wait longer; what is unread of earlier responses is still sent and measured."""
        self._waiting.pop(connection, None)
        self._uploads.pop(connection, None)
        connection.refuse(kind)

    def _drop(self, connection: Connection, kind: str) -> None:
        self._forget(connection)
        self.refusals.note(kind)
        connection.abort()

    def _forget(self, connection: Connection) -> None:
        self._read(connection)
        self._open.discard(connection)
        self._waiting.pop(connection, None)
        self._uploads.pop(connection, None)
        self._readers.pop(connection, None)
