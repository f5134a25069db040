"""The beginning of a transaction on PostgreSQL: one command, which also reads the state.

Nothing relies on a session: a pooler in transaction mode may give each transaction another one.
"""

from functools import cache

import psycopg
from psycopg import generators
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from tollbook.store.engine import STATE_COLUMNS, STATE_TABLE, DirectoryState, TimeLimit
from tollbook.store.postgres.connections import Watched

_CLOCK = "(EXTRACT(epoch FROM clock_timestamp()) * 1000000)::bigint"
_STATE = f" FROM {STATE_TABLE} WHERE id = 1"
# Runs before the snapshot is taken: a snapshot older than a migration would show the version of the
# schema before it.
_AWAIT_MIGRATION = f"LOCK TABLE {STATE_TABLE} IN ACCESS SHARE MODE"


# Runs in its own transaction: the snapshot must be later than the replayed commit that this reads.
_REPLAYED_AT = (
    "BEGIN ISOLATION LEVEL READ COMMITTED",
    "SELECT (EXTRACT(epoch FROM pg_last_xact_replay_timestamp()) * 1000000)::bigint",
    "COMMIT",
)


# One connection to each node, so that all statements see one snapshot of it: Citus begins the
# transactions on the nodes with the same isolation level.
_ONE_SNAPSHOT = (
    "SET LOCAL citus.max_adaptive_executor_pool_size = 1",
    "SET LOCAL citus.multi_shard_modify_mode = 'sequential'",
)


def begin_reading(driver: Watched, *, is_checked: bool) -> None:
    """Begin a transaction that reads one snapshot, and read its state when it `is_checked`.

    On a standby, read first how old the snapshot is.
    """
    was_standby = driver.replayed_at is not None
    command, driver.limit = _reading(
        driver.time_limit,
        driver.administrators_limit,
        was_standby,
        driver.is_cluster,
        is_checked,
    )
    results = _send(driver, command)
    last = results[-1]
    driver.backend = _integer(last, 0)
    driver.replayed_at = None
    if last.get_value(0, 1) == b"t":
        driver.replayed_at = _integer(results[1], 0) if was_standby else 0
    if is_checked:
        driver.state = _state(last, 2)


def begin_writing(driver: Watched, tables: str, *, is_checked: bool) -> int:
    """Begin a transaction that writes, durably whatever the server's default.

    `tables` makes temporary tables behind a pooler, where a session may not have them. Return the
    database's clock, in microseconds.
    """
    command, driver.limit = _writing(
        driver.time_limit,
        driver.administrators_limit,
        tables if driver.pooled else "",
        driver.is_cluster,
        is_checked,
    )
    last = _send(driver, command)[-1]
    driver.backend = _integer(last, 0)
    if is_checked:
        driver.state = _state(last, 2)
    return _integer(last, 1)


def _send(driver: Watched, command: bytes) -> list[PGresult]:
    """Run a command of several statements, and return their results.

    Without a cursor, which would take several times as long as the statements.
    """
    driver.pgconn.send_query(command)
    results: list[PGresult] = driver.wait(generators.execute(driver.pgconn))
    for result in results:
        if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
            raise psycopg.errors.error_from_result(result, encoding=driver.info.encoding)
    return results


def _integer(result: PGresult, column: int) -> int:
    return int(result.get_value(0, column) or 0)


def _state(result: PGresult, column: int) -> DirectoryState:
    """Read the columns of `STATE_COLUMNS`, from this column on."""
    version = result.get_value(0, column) or b""
    return DirectoryState(version.decode(), _integer(result, column + 1))


@cache
def _reading(
    limit: TimeLimit, administrators: float, on_standby: bool, on_cluster: bool, is_checked: bool
) -> tuple[bytes, float]:
    setting, most = _limit_statements(limit, administrators)
    columns = "pg_backend_pid(), pg_is_in_recovery()"
    parts = [
        *(_REPLAYED_AT if on_standby else ()),
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        *(_ONE_SNAPSHOT if on_cluster else ()),
        *setting,
        *([_AWAIT_MIGRATION] if is_checked else []),
        f"SELECT {columns}, {STATE_COLUMNS}{_STATE}" if is_checked else f"SELECT {columns}",
    ]
    return "; ".join(parts).encode(), most


@cache
def _writing(
    limit: TimeLimit, administrators: float, tables: str, on_cluster: bool, is_checked: bool
) -> tuple[bytes, float]:
    setting, most = _limit_statements(limit, administrators)
    columns = f"pg_backend_pid(), {_CLOCK}"
    parts = [
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        "SET LOCAL synchronous_commit = on",
        *(_ONE_SNAPSHOT if on_cluster else ()),
        *setting,
        *([tables] if tables else []),
        f"SELECT {columns}, {STATE_COLUMNS}{_STATE}" if is_checked else f"SELECT {columns}",
    ]
    return "; ".join(parts).encode(), most


def _limit_statements(limit: TimeLimit, administrators: float) -> tuple[list[str], float]:
    """Limit the transaction's statements, unless the administrator has set a lower limit.

    Return the statement that sets it, and the seconds that statements may take, 0 without a limit.
    """
    most = float(limit.value)
    if not most or 0 < administrators <= most:
        return [], administrators
    return [f"SET LOCAL statement_timeout = '{limit.value}s'"], most
