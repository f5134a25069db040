"""One open database: snapshots to read from, transactions to write in, errors in our own words."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import structlog
from sqlalchemy import Connection, bindparam, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tollbook.domain.errors import (
    DatabaseBroken,
    DatabaseReadOnly,
    DiskFull,
    MonthNotReady,
    OutcomeUnknown,
    SchemaChanged,
    SettingsError,
    StoreUnavailable,
    SumOutOfRange,
    Unreachable,
)
from tollbook.store import exact_sums
from tollbook.store.engine import (
    OVERFLOWS,
    STATE_TABLE,
    Driver,
    Engine,
    Options,
    Parameters,
    Row,
    TimeLimit,
)
from tollbook.store.postgres.engine import Postgres
from tollbook.store.refused_reads import Reads, is_refusal
from tollbook.store.sqlite.engine import Sqlite
from tollbook.store.staging import Staged
from tollbook.store.tables.schema import SCHEMA_VERSION

_log = structlog.get_logger()
Check = Callable[[str], None]
_BROKEN = ("file is not a database", "database disk image is malformed")
_FULL = (
    "database or disk is full",
    "SQLITE_IOERR_SHMSIZE",
    "No space left on device",
    psycopg.errors.DiskFull,
)
_READ_ONLY = ("attempt to write a readonly database", psycopg.errors.ReadOnlySqlTransaction)
_NOT_OPENED = "unable to open database file"
_NOTHING_STORED = "; nothing was stored"


_NO_STATE = tuple(it.format(STATE_TABLE) for it in ("no such table: {}", 'relation "{}" does not'))
_NO_PARTITION = "no partition of relation"
_USUAL = Options()


def _trust(_sql: str) -> None:
    """Run any statement: for tests and tools, which look at all there is."""


class Snapshot:
    """One state of the database, however long it is read."""

    def __init__(
        self, engine: Engine, connection: Connection, check: Check, directory_token: int
    ) -> None:
        self.directory_token = directory_token
        """Names the state of organizations, keys and price books that this transaction sees."""
        self._engine = engine
        self._check = check
        self._connection = connection
        self._driver: Driver = connection.connection.driver_connection

    @property
    def replayed_at(self) -> int | None:
        """Return up to when a standby had caught up, as `Engine.replayed_at`; None on a primary."""
        return self._engine.replayed_at(self._driver)

    def rows(self, sql: str, **parameters: Any) -> list[Row]:
        """Read a few rows. A list among the parameters stands for `IN :name`."""
        self._check(sql)
        lists = [name for name, value in parameters.items() if isinstance(value, list)]
        if not lists:
            found: list[Row] = self._engine.run(self._driver, sql, parameters).fetchall()
            return found
        statement = text(sql).bindparams(*(bindparam(name, expanding=True) for name in lists))
        return [tuple(row) for row in self._connection.execute(statement, parameters)]

    def row(self, sql: str, **parameters: Any) -> Row | None:
        """Read one row, or None."""
        self._check(sql)
        found: Row | None = self._engine.run(self._driver, sql, parameters).fetchone()
        return found

    def table(self, sql: str, parameters: Parameters, width: int) -> list[Row]:
        """Read many rows of `width` columns, quickly also beside a busy thread.

        A list among the parameters stands for `IN :name`, however long it is.
        """
        self._check(sql)
        return self._engine.table(self._driver, sql, parameters, width)

    def sums(
        self, sql: str, parameters: Parameters, width: int, amounts: Collection[int]
    ) -> list[Row]:
        """Read rows as `table` does; those at `amounts` are sums, exact whatever their size.

        The other columns tell the rows apart, and the statement neither selects nor orders by sums.
        """
        self._check(sql)
        rows = self._engine.table_within(self._driver, sql, parameters, width)
        if rows is not None:
            return rows
        units, rest = (
            self._engine.table(self._driver, it, parameters, width)
            for it in exact_sums.in_halves(sql)
        )
        return exact_sums.combined(units, rest, amounts)


class Transaction(Snapshot):
    """What is written here becomes visible and durable at once, or not at all."""

    def execute(self, sql: str, **parameters: Any) -> int:
        """Run a statement; give how many rows it touched."""
        self._check(sql)
        return int(self._engine.run(self._driver, sql, parameters).rowcount)

    def execute_many(self, sql: str, parameters: Sequence[Parameters]) -> None:
        """Run a statement once for each set of parameters."""
        self._check(sql)
        if parameters:
            self._connection.execute(text(sql), parameters)

    def execute_in_range(self, statements: Sequence[str], **parameters: Any) -> int:
        """Run statements up to one that makes a sum pass 64 bits; return how many are done."""
        for sql in statements:
            self._check(sql)
        return self._engine.run_in_range(self._driver, statements, parameters)

    def undo(self) -> None:
        """Take back all that was written; what follows is not part of any transaction."""
        self._driver.rollback()

    def stage(self, rows: Sequence[Staged]) -> int:
        """Put rows into the empty staging table; give how many of its columns they need."""
        return self._engine.stage(self._driver, rows)

    def secure_delete(self) -> None:
        """See to it that nothing of what is overwritten here can be read from the database."""
        self._engine.secure_delete(self._driver)

    def remove_events(self, organization: int, month: int) -> None:
        """Take the events of an organization's month out of the ledger, all of them."""
        self._engine.remove_events(self._driver, organization, month)

    def bulk(self, table: str, columns: Mapping[str, str], rows: Iterable[Row]) -> None:
        """Put many rows into a table; `columns` have their types in SQL."""
        self._engine.bulk(self._driver, table, columns, rows)


class Database:
    """An open database."""

    def __init__(
        self, engine: Engine, check: Check = _trust, schema_version: str | None = None
    ) -> None:
        self.engine = engine
        self.reads = Reads()
        self._check = check
        self._schema_version = schema_version

    @contextmanager
    def reading(self, limit: TimeLimit = TimeLimit.REQUEST) -> Iterator[Snapshot]:
        """Read from one snapshot."""
        with (
            translate_errors(),
            self.reads.counted(),
            self.engine.reader(limit, is_checked=self._is_checked) as connection,
            connection.begin(),
        ):
            yield Snapshot(self.engine, connection, self._check, self._token(connection))

    @contextmanager
    def streaming(self) -> Iterator[Snapshot]:
        """Read much from one snapshot, once and in order, in little memory."""
        with (
            translate_errors(),
            self.engine.streamer(is_checked=self._is_checked) as connection,
            connection.begin(),
        ):
            yield Snapshot(self.engine, connection, self._check, self._token(connection))

    @contextmanager
    def writing(self, limit: TimeLimit = TimeLimit.REQUEST) -> Iterator[Transaction]:
        """Write in one transaction, committed durably when the block ends without an error.

        Raise `OutcomeUnknown` when the commit was sent and its answer was lost. After any other
        error nothing was stored.
        """
        committing = False
        with (
            translate_errors(_NOTHING_STORED),
            self.engine.writer(limit, is_checked=self._is_checked) as connection,
        ):
            try:
                with connection.begin():
                    token = self._token(connection)
                    yield Transaction(self.engine, connection, self._check, token)
                    committing = True
            except DBAPIError as error:
                if not committing or not _is_outcome_unknown(error.orig):
                    raise
                _log.error("outcome_unknown", error=_without_values(error, str(error.orig)))
                raise OutcomeUnknown(
                    "the database's answer to the commit was lost: the change may have been "
                    "stored; send it again"
                ) from error

    @property
    def _is_checked(self) -> bool:
        return self._schema_version is not None

    def _token(self, connection: Connection) -> int:
        """Return the directory's token; raise `SchemaChanged` at a schema of another version."""
        if self._schema_version is None:
            return 0
        state = self.engine.state(connection)
        if state.schema_version != self._schema_version:
            raise SchemaChanged(
                f"the database is at migration {state.schema_version or 'none'}, this Tollbook at "
                f"{self._schema_version}: run the version of Tollbook that migrated it"
            )
        return state.token

    def require_clock(self) -> None:
        """Raise `ClockWrong` when this server's clock differs too much from the database's."""
        if self.engine.has_clock:
            with self.writing():
                pass

    def ensure_partitions(self, months: Iterable[int]) -> None:
        """See to it that events of these months can be stored; raise `MonthNotReady` if not."""
        with translate_errors():
            self.engine.ensure_partitions(months)

    def try_to_make_room(self, months: Iterable[int]) -> bool:
        """See to it that events of these months can be stored; False when a lock is not free."""
        with translate_errors():
            return self.engine.try_to_make_room(months)

    def close(self) -> None:
        """Close every connection."""
        self.engine.close()


def open_database(
    url: str,
    check: Check = _trust,
    options: Options = _USUAL,
    schema_version: str | None = SCHEMA_VERSION,
) -> Database:
    """Choose the engine by the URL's scheme. Nothing is connected yet.

    Every statement is shown to `check` before it is run: the gate, for whoever serves tenants.
    Transactions refuse a database at another `schema_version`, unless that is None.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise SettingsError("TOLLBOOK_DATABASE_URL is not a database URL") from error
    if parsed.get_backend_name() == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return Database(Sqlite(parsed), check, schema_version)
    if parsed.get_backend_name() in {"postgresql", "postgres"}:
        return Database(Postgres(parsed, options), check, schema_version)
    raise SettingsError(
        "TOLLBOOK_DATABASE_URL must be like sqlite:///tollbook.db or postgresql://user@host/name"
    )


def _without_values(error: Exception, reason: str) -> str:
    """Give what a driver said without what follows: rows and statements, with what is in them."""
    cause = getattr(error, "orig", error)
    said = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
    return said or reason.partition("\n")[0]


def _is_outcome_unknown(cause: object) -> bool:
    """Return whether a commit that failed may nevertheless have happened.

    PostgreSQL reports a commit that it refuses as an ERROR, and keeps the connection. A FATAL
    error, or none at all, means that the connection ended, perhaps after the commit. SQLite takes
    a transaction back whose COMMIT fails.
    """
    if not isinstance(cause, psycopg.Error):
        return False
    return cause.diag.severity_nonlocalized != "ERROR" or (cause.sqlstate or "").startswith("08")


@contextmanager
def translate_errors(consequence: str = "") -> Iterator[None]:
    """Turn the drivers' errors into Tollbook's; the sentences end with the `consequence`."""
    try:
        yield
    except (DBAPIError, PoolTimeout, sqlite3.Error, psycopg.Error) as error:
        reason = str(getattr(error, "orig", error)).strip()
        if any(words in reason for words in OVERFLOWS):
            raise SumOutOfRange(
                "a sum of the ledger would pass what it can hold; nothing was stored"
            ) from error
        _log.error("store_failed", error=_without_values(error, reason))
        if any(words in reason for words in _BROKEN):
            raise DatabaseBroken(
                f"the file is not a whole database ({reason}) and was left as it is: restore a "
                "backup with `tollbook restore`, or move it away to begin anew"
            ) from error
        raise _unavailable(getattr(error, "orig", error), reason, consequence) from error


def _unavailable(cause: object, reason: str, consequence: str) -> StoreUnavailable:
    if isinstance(cause, PoolTimeout):
        return Unreachable(f"all connections to the database are in use{consequence}")
    if any(words in reason for words in _NO_STATE):
        return SchemaChanged(
            "the database is at the schema of another version of Tollbook; run the version that "
            "migrated it"
        )
    if _NO_PARTITION in reason:
        return MonthNotReady()
    if is_refusal(cause):
        told = " ".join(reason.split())
        return Unreachable(f"the database is not available{consequence}", told)
    reason = f"{reason} {getattr(cause, 'sqlite_errorname', '')}"
    if _is(_FULL, cause, reason):
        return DiskFull(f"there is no room on the disk of the database{consequence}")
    if _is(_READ_ONLY, cause, reason):
        return DatabaseReadOnly(f"the database is read-only{consequence}")
    if _NOT_OPENED in reason:
        return StoreUnavailable(
            "the database file cannot be opened: its folder must be there and writable, also to "
            "read from it, because SQLite keeps two files beside it; copy the file to such a folder"
        )
    return StoreUnavailable(f"the database is not available{consequence}")


def _is(signs: Iterable[str | type[Exception]], cause: object, reason: str) -> bool:
    return any(it in reason if isinstance(it, str) else isinstance(cause, it) for it in signs)
