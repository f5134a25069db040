"""The events that are recorded and not sent yet, and those that wait for a decision."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tollbook_client.clock import SystemClock
from tollbook_client.errors import SpoolFull
from tollbook_client.event_json import Encoded
from tollbook_client.reserve import Reserve
from tollbook_client.spool_file import broken, open_file

_INSERT = "INSERT INTO events (seq, id, body) VALUES (?, ?, ?)"
_SMALLEST_PAGES = 16


class Stored(NamedTuple):
    """An event in the spool."""

    seq: int
    id: str
    body: bytes


class StoredProblem(NamedTuple):
    """An event that the server refused, with its receipt, at nanoseconds since 1970."""

    seq: int
    body: bytes
    receipt: dict[str, Any]
    at: int


class Sizes(NamedTuple):
    """How much is in the spool; `oldest` is in nanoseconds since 1970."""

    events: int
    problems: int
    bytes: int
    oldest: int | None


class Spool:
    """A file of events, shared by any number of processes.

    One connection records and another one sends, so that a record never waits for a read. They take
    turns to write by a lock, since SQLite waits in steps of milliseconds. Both are closed before a
    fork and opened again afterwards: SQLite keeps the locks of a file for the whole process, and a
    child that inherits them without holding them can damage the file.
    """

    def __init__(
        self, path: Path, max_bytes: int, *, durable: bool, clock: SystemClock | None = None
    ) -> None:
        self.path = path
        self._clock = clock or SystemClock()
        self._max_bytes = max_bytes
        self._synchronous = "FULL" if durable else "NORMAL"
        self._recording = _Connection()
        self._sending = _Connection()
        self._writing = threading.Lock()
        self._last = 0
        self._reserve = Reserve(path)
        self._reserve.make()
        with self._recorder():
            pass

    def add(self, events: Sequence[Encoded]) -> int:
        """Store one or more events, all or none, and return the `seq` of the last.

        Raise `SpoolFull`, and `SpoolError` when the file cannot be used.
        """
        with self._recording.lock:
            while True:
                rows = [(self._next(), *event) for event in events]
                try:
                    self._insert(rows)
                except sqlite3.IntegrityError:
                    continue  # another process had the same nanosecond
                except sqlite3.Error as error:
                    raise self._refused(error) from error
                return rows[-1][0]

    def _insert(self, rows: list[tuple[int, str, bytes]]) -> None:
        connection = self._recording.connection or self._open_recorder()
        with self._writing:
            if len(rows) == 1:
                connection.execute(_INSERT, rows[0])
            else:
                _in_transaction(connection, lambda: connection.executemany(_INSERT, rows))

    def _next(self) -> int:
        self._last = max(self._last + 1, self._clock.now_ns())
        return self._last

    def _refused(self, error: sqlite3.Error) -> Exception:
        if "full" in str(error):
            return SpoolFull(
                f"the spool {self.path} is full ({self._max_bytes} bytes, or its disk): nothing "
                "was recorded; see stats(), and raise max_spool_bytes for longer outages"
            )
        return broken(self.path, error)

    def oldest(self, limit: int, max_bytes: int) -> list[Stored]:
        """Return the oldest events, at least one if there is any, up to a number and a size."""
        with self._sender() as connection:
            found: list[Stored] = []
            size = 0
            rows = connection.execute(
                "SELECT seq, id, body FROM events ORDER BY seq LIMIT ?", (limit,)
            )
            for row in rows:
                size += len(row[2]) + 1
                if found and size > max_bytes:
                    break
                found.append(Stored(*row))
            rows.close()
        return found

    def settle(
        self, sent: Sequence[Stored], problems: Sequence[tuple[Stored, dict[str, Any]]]
    ) -> None:
        """Remove events that the server has, and move others to the problems, in one transaction.

        Raise `sqlite3.Error` when the file cannot be written; then nothing has changed.
        """
        refused = [
            (*event, json.dumps(receipt), self._clock.now_ns()) for event, receipt in problems
        ]
        gone = [*sent, *(event for event, _ in problems)]

        def change(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT INTO problems VALUES (?, ?, ?, ?, ?)", refused)
            _remove(connection, gone)

        self._change(change)

    def _change(self, change: Callable[[sqlite3.Connection], object]) -> None:
        """Write as the sender; on a full disk, with the room that was kept for it."""
        with self._sender() as connection, self._writing:
            try:
                _in_transaction(connection, lambda: change(connection))
            except sqlite3.Error as error:
                if "full" not in str(error) or not self._reserve.give_up():
                    raise
                _in_transaction(connection, lambda: change(connection))

    def left(self, until: int | None = None) -> int:
        """Return how many events wait to be sent, or those up to a `seq`."""
        most = 2**63 - 1 if until is None else until
        return int(self._value("SELECT count(*) FROM events WHERE seq <= ?", most))

    def latest(self) -> int:
        """Return the `seq` of the event that was recorded last; 0 if none is left."""
        return int(self._value("SELECT max(seq) FROM events") or 0)

    def sizes(self) -> Sizes:
        """Return how much is in the spool."""
        pages = self._value("PRAGMA page_count") - self._value("PRAGMA freelist_count")
        return Sizes(
            self._value("SELECT count(*) FROM events"),
            self._value("SELECT count(*) FROM problems"),
            pages * self._value("PRAGMA page_size"),
            self._value("SELECT min(seq) FROM events"),
        )

    def problems(self) -> list[StoredProblem]:
        """Return the events that wait for a decision, oldest first."""
        with self._recorder() as connection:
            rows = connection.execute("SELECT seq, body, receipt, at FROM problems ORDER BY seq")
            return [
                StoredProblem(seq, body, json.loads(receipt), at)
                for seq, body, receipt, at in rows.fetchall()
            ]

    def dismiss(self, seq: int) -> bool:
        """Remove a problem; return whether it was there."""
        with self._recorder() as connection, self._writing:
            return connection.execute("DELETE FROM problems WHERE seq = ?", (seq,)).rowcount > 0

    def replace(self, seq: int, event: Encoded) -> None:
        """Record an event in the place of a problem, in one transaction."""

        def change() -> None:
            connection.execute("DELETE FROM problems WHERE seq = ?", (seq,))
            connection.execute(_INSERT, (self._next(), *event))

        with self._recorder() as connection, self._writing:
            try:
                _in_transaction(connection, change)
            except sqlite3.Error as error:
                raise self._refused(error) from error

    def about(self, name: str) -> str | None:
        """Return a fact that the file remembers, such as its `base_url`."""
        with self._sender() as connection:
            row = connection.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def remember(self, name: str, value: str) -> str:
        """Keep a fact unless the file has it already; return what it has."""
        insert = "INSERT OR IGNORE INTO about VALUES (?, ?)"
        self._change(lambda connection: connection.execute(insert, (name, value)))
        return self.about(name) or value

    def close(self) -> None:
        """Close the file; it is opened again when it is used."""
        for connection in (self._recording, self._sending):
            with connection.lock:
                connection.close()

    def before_fork(self) -> None:
        """Close the file, and keep it closed until the fork is over."""
        for connection in (self._recording, self._sending):
            connection.lock.acquire()
            connection.close()

    def after_fork_in_parent(self) -> None:
        """Allow the file to be opened again."""
        for connection in (self._recording, self._sending):
            connection.lock.release()

    def after_fork_in_child(self) -> None:
        """Start without anything of the parent."""
        self._recording, self._sending = _Connection(), _Connection()

    def _value(self, statement: str, *values: object) -> Any:
        with self._recorder() as connection:
            return connection.execute(statement, values).fetchone()[0]

    @contextmanager
    def _recorder(self) -> Iterator[sqlite3.Connection]:
        with self._recording.lock:
            yield self._recording.connection or self._open_recorder()

    def _open_recorder(self) -> sqlite3.Connection:
        """Open the file so that SQLite itself refuses what would exceed the limit."""
        connection = open_file(self.path, synchronous=self._synchronous)
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        pages = max(_SMALLEST_PAGES, self._max_bytes // size)
        connection.execute(f"PRAGMA max_page_count = {pages}")
        self._recording.connection = connection
        return connection

    @contextmanager
    def _sender(self) -> Iterator[sqlite3.Connection]:
        slot = self._sending
        with slot.lock:
            if slot.connection is None:
                slot.connection = open_file(self.path)
            yield slot.connection


class _Connection:
    """A connection that is opened when it is used, and its lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.connection: sqlite3.Connection | None = None

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def _in_transaction(connection: sqlite3.Connection, change: Callable[[], object]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        change()
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _remove(connection: sqlite3.Connection, events: Sequence[Stored]) -> None:
    """Remove events; those without others in between in one step, which is ten times as fast."""
    if not events:
        return
    numbers = sorted(event.seq for event in events)
    within = "FROM events WHERE seq BETWEEN ? AND ?"
    ends = (numbers[0], numbers[-1])
    if connection.execute(f"SELECT count(*) {within}", ends).fetchone()[0] == len(numbers):
        connection.execute(f"DELETE {within}", ends)
    else:
        connection.executemany("DELETE FROM events WHERE seq = ?", [(it,) for it in numbers])
