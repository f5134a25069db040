"""Connections to PostgreSQL: how they are opened, watched and closed.

Nothing relies on a session: a pooler in transaction mode may give each transaction another one.
"""

import os
import select
import socket
import threading
from collections.abc import Callable, Generator
from time import monotonic, sleep
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import DisconnectionError

from tollbook.store.citus.staging import StagedBatch
from tollbook.store.engine import DirectoryState, TimeLimit

CONNECT_SECONDS = 5
SILENT_SECONDS = 15
"""A connection ends when the other end has not acknowledged anything for this time."""
POOL_SECONDS = 5
GRACE_SECONDS = 10
"""A connection waits this much longer for an answer than the statement may take."""

IS_CLUSTER = "to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL"
"""The expression for whether a database is one of Citus."""
_TRY_AGAIN_AFTER = 0.2
_FULL = ("too many clients", "too many connections", "remaining connection slots", "no more conn")
_FINAL = (
    *("authentication failed", "does not exist", "pg_hba.conf", "permission denied"),
    *("no password supplied", "not translate host name"),
)
_NETWORK = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": SILENT_SECONDS * 1000,
    "application_name": "tollbook",
}
_Value = TypeVar("_Value")


class Patience(NamedTuple):
    """For how many seconds to retry a connection that is refused, or exceeds the server's limit.

    A command line verb waits. A server reports that it has no database, and waits only when there
    are too many connections, of which some end all the time.
    """

    refused: float
    full: float


OF_SERVERS = Patience(0, POOL_SECONDS)


class Watched(psycopg.Connection[Any]):
    """A connection that records since when it has waited for the server, and can be cut off.

    `backend` is the server process of its transaction, `time_limit` the kind of the next
    transaction, `limit` the seconds that its statements may take, 0 without a limit. `state` is
    the state that the latest checked transaction has read. A connection through a pooler is
    `pooled`; one to the coordinator of Citus `is_cluster`, and `batches` has what it
    staged last in place of each temporary table.
    `replayed_at` is None on a primary; on a standby it is the time of the latest commit that was
    replayed before the snapshot of the transaction, 0 when there is none.
    """

    pooled = False
    is_cluster = False
    backend = 0
    state = DirectoryState("", 0)
    replayed_at: int | None = None
    time_limit = TimeLimit.REQUEST
    limit = float(TimeLimit.REQUEST.value)
    administrators_limit = 0.0
    waiting_since = 0.0
    silences = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._guard = threading.Lock()
        self.batches: dict[str, StagedBatch] = {}

    def wait(self, gen: Generator[Any, Any, _Value], *args: Any, **options: Any) -> _Value:
        """Wait for the server; every statement calls this."""
        self.silences = 0
        self.waiting_since = monotonic()
        try:
            return super().wait(gen, *args, **options)
        finally:
            with self._guard:
                self.waiting_since = 0.0

    def cut(self, since: float) -> bool:
        """End a wait that began at `since`, from another thread; False when it has ended."""
        with self._guard:
            if self.waiting_since != since or self.closed:
                return False
            duplicate = os.dup(self.pgconn.socket)
        with socket.socket(fileno=duplicate) as way:
            way.shutdown(socket.SHUT_RDWR)
        return True


class Holder:
    """The patience of an engine; a server changes it when it begins to serve."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience


def open_pool(
    url: URL, most: int, holder: Holder, opened: Callable[[Watched], None], session: str = ""
) -> Engine:
    """Make a pool of up to `most` connections; the one used last is used next.

    `session` prepares each session unless there is a pooler; `opened` is called with each
    connection.
    """
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=most,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_use_lifo=True,
        pool_reset_on_return=None,
        hide_parameters=True,
        use_native_hstore=False,
        connect_args={name: url.query.get(name, value) for name, value in _NETWORK.items()},
    )

    def connect(_dialect: object, _record: object, args: Any, options: Any) -> Watched:
        return _connect(holder, *args, **options)

    def prepare(connection: Watched, _record: object) -> None:
        opened(connection)
        _prepare(connection)
        if session and not connection.pooled:
            connection.execute(session.encode(), prepare=False)

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", prepare)
    event.listen(engine, "checkout", _refuse_ended)
    event.listen(engine, "reset", _end_transaction)
    event.listen(engine, "checkin", _note_idle)
    return engine


def _connect(holder: Holder, *args: Any, **options: Any) -> Watched:
    start = monotonic()
    while True:
        try:
            return Watched.connect(*args, autocommit=True, **options)
        except psycopg.OperationalError as error:
            seconds = _seconds_to_try(str(error), holder.patience)
            if monotonic() >= start + seconds:
                raise
            sleep(_TRY_AGAIN_AFTER)


def _seconds_to_try(reason: str, patience: Patience) -> float:
    if any(phrase in reason for phrase in _FULL):
        return patience.full
    return 0 if any(phrase in reason for phrase in _FINAL) else patience.refused


def _prepare(connection: Watched) -> None:
    """Find out whether there is a pooler, and how long the administrator lets a statement take.

    A pooler invents the process number for cancelations. Behind a pooler nothing is prepared or set
    for a session, because other clients would get that session.
    """
    found = connection.execute(
        "SELECT pg_backend_pid(), "
        "EXTRACT(epoch FROM current_setting('statement_timeout')::interval)::float8, "
        f"pg_is_in_recovery(), {IS_CLUSTER}",
        prepare=False,
    ).fetchone()
    assert found is not None  # noqa: S101  it reads from no table
    connection.backend, connection.administrators_limit, is_standby, is_cluster = found
    connection.is_cluster = is_cluster
    connection.replayed_at = 0 if is_standby else None
    connection.pooled = connection.info.backend_pid != connection.backend
    if connection.pooled:
        connection.prepare_threshold = None


def _refuse_ended(connection: Watched, _record: object, _proxy: object) -> None:
    """Raise `DisconnectionError` when the server has ended an idle connection."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError("the server has ended the connection")


def _end_transaction(connection: Watched, _record: object, _state: object) -> None:
    """Roll back an open transaction; most have ended, and cost nothing here."""
    if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
        connection.rollback()


def _note_idle(_connection: object, record: Any) -> None:
    if record is not None:
        record.info["idle_since"] = monotonic()


def close_idle(engine: Engine, seconds: float) -> int:
    """Close connections that have been idle for these seconds; return their number."""
    pool = engine.pool
    assert isinstance(pool, QueuePool)  # noqa: S101  `open_pool` makes no other
    idle: Any = pool._pool  # the first is idle for longest; SQLAlchemy has no public way to it
    before = monotonic() - seconds
    ended = []
    with idle.mutex:
        while idle.queue and idle.queue[0].info.get("idle_since", before) < before:
            ended.append(idle.queue.popleft())
    for record in ended:
        record.close()
        pool._dec_overflow()
    return len(ended)


def driver_of(connection: Connection) -> Watched:
    """Return the driver of a connection."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, Watched)  # noqa: S101  `open_pool` makes no others
    return driver
