"""A thread that cuts off connections whose answer from PostgreSQL was lost.

The network detects an end that is gone, but not one that accepts everything and answers nothing: a
proxy, or a machine that hangs. So a thread checks statements that have waited for long. Over
another connection it asks the server whether it is at work on them. If not, the answer was lost,
and the connection is cut off. A statement that has exceeded its time limit is cut off without
asking.
"""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Any
from weakref import WeakSet, ref

import psycopg
import structlog

from tollbook.store.postgres.connections import CONNECT_SECONDS, GRACE_SECONDS, Watched

_LOOK_EVERY = 1.0
_ASK_AFTER = 10.0
_SILENCES = 2
"""How many checks in a row must find the server idle: an answer may just be on its way."""
# A server that waits for its client is not at work: the data that was sent, such as rows of a COPY,
# is lost.
_AT_WORK = (
    "SELECT pid FROM pg_stat_activity WHERE pid = ANY(%s) AND state <> 'idle' "
    "AND state NOT LIKE 'idle in transaction%%' "
    "AND COALESCE(wait_event, '') NOT IN ('ClientRead', 'ClientWrite')"
)
_END = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(%s) "
    "AND usename = current_user AND xact_start < clock_timestamp() - make_interval(secs => %s) "
    "AND (state <> 'active' OR wait_event IN ('ClientRead', 'ClientWrite'))"
)
"""Ends transactions whose client has given up, and releases their locks."""
_log = structlog.get_logger()


class Watch:
    """Watches the connections of one engine; its thread starts with the first connection."""

    def __init__(self, address: Callable[[], dict[str, Any]], cut: Callable[[], None]) -> None:
        self._address = address
        self._cut = cut
        self._connections: WeakSet[Watched] = WeakSet()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, connection: Watched) -> None:
        """Watch a connection for as long as it exists."""
        with self._lock:
            self._connections.add(connection)
            if self._thread is None and not self._closed.is_set():
                run = _Run(self, self._closed)
                self._thread = threading.Thread(target=run, name="tollbook-watch", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread at its next check."""
        self._closed.set()

    def look(self) -> None:
        """Cut off statements that wait too long, or that the server does not execute."""
        now = monotonic()
        with self._lock:
            waiting = [(connection, connection.waiting_since) for connection in self._connections]
        late = [
            (connection, since) for connection, since in waiting if 0 < since < now - _ASK_AFTER
        ]
        if not late:
            return
        at_work = self._at_work([connection.backend for connection, _ in late])
        given_up = []
        for connection, since in late:
            if at_work is not None and connection.waiting_since == since:
                is_at_work = connection.backend in at_work
                connection.silences = 0 if is_at_work else connection.silences + 1
            too_long = 0 < connection.limit < monotonic() - since - GRACE_SECONDS
            if (too_long or connection.silences >= _SILENCES) and connection.cut(since):
                _log.warning("database_silent", seconds=round(monotonic() - since))
                given_up.append(connection.backend)
                self._cut()
        if given_up:
            # A proxy may keep the other half of the connection open, and its locks held.
            self._ask(_END, (given_up, _ASK_AFTER))

    def _at_work(self, backends: list[int]) -> set[int] | None:
        """Return which of these processes are at work; None when the server cannot be asked."""
        found = self._ask(_AT_WORK, (backends,))
        return None if found is None else {pid for (pid,) in found}

    def _ask(self, statement: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]] | None:
        try:
            address = {**self._address(), "connect_timeout": CONNECT_SECONDS}
            with psycopg.connect(autocommit=True, **address) as connection:
                cursor = connection.execute(statement.encode(), parameters, prepare=False)
                return cursor.fetchall()
        except psycopg.Error:
            return None


class _Run:
    """The loop of the thread; it holds no reference that would keep an engine alive."""

    def __init__(self, watch: Watch, closed: threading.Event) -> None:
        self._watch = ref(watch)
        self._closed = closed

    def __call__(self) -> None:
        while not self._closed.wait(_LOOK_EVERY):
            watch = self._watch()
            if watch is None:
                return
            watch.look()
            del watch
