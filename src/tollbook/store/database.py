"""One open database: snapshots to read from, transactions to write in."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from threading import Lock
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection, bindparam, text
from sqlalchemy.exc import DBAPIError

from tollbook.domain.errors import (
    DirectoryChanged,
    MonthNotReady,
    OutcomeUnknown,
    SchemaChanged,
    StoreUnavailable,
)
from tollbook.store import exact_sums
from tollbook.store.engine import Driver, Engine, Options, Parameters, Row, TimeLimit
from tollbook.store.engines import open_engine
from tollbook.store.error_translation import translate_errors
from tollbook.store.event_ids import encode_id
from tollbook.store.refused_reads import Reads
from tollbook.store.staging import Staged
from tollbook.store.tables.schema import (
    SCHEMA_VERSION,
    UNFINISHED_CONVERSION,
    UNFINISHED_COPY,
    UNFINISHED_DIVISION,
)

_log = structlog.get_logger()
Check = Callable[[str], None]
_Result = TypeVar("_Result")
CHUNK = 20_000
"""The most rows of a large result that are in memory at once."""
_NOTHING_STORED = "; nothing was stored"
_DEFAULTS = Options()


def _allow_all(_sql: str) -> None:
    """Accept any statement, for tests and tools."""


class Snapshot:
    """A transaction that reads one state of the database."""

    def __init__(
        self, engine: Engine, connection: Connection, check: Check, directory_token: int
    ) -> None:
        self.directory_token = directory_token
        """The token of the state of organizations, keys and price books in this transaction."""
        self._engine = engine
        self._check = check
        self._connection = connection
        self._driver: Driver = connection.connection.driver_connection

    @property
    def replayed_at(self) -> int | None:
        """Return up to when a standby had caught up, as `Engine.replayed_at`; None on a primary."""
        return self._engine.replayed_at(self._driver)

    @property
    def is_divided(self) -> bool:
        """Return whether the tables are divided over the nodes of a cluster."""
        return self._engine.is_divided(self._driver)

    def rows(self, sql: str, **parameters: Any) -> list[Row]:
        """Read a few rows. A list among the parameters stands for `IN :name`."""
        self._check(sql)
        lists = [name for name, value in parameters.items() if isinstance(value, list)]
        if not lists:
            found: list[Row] = self._engine.run(self._driver, sql, parameters).fetchall()
            return found
        sql = self._engine.statement(sql)
        statement = text(sql).bindparams(*(bindparam(name, expanding=True) for name in lists))
        return [tuple(row) for row in self._connection.execute(statement, parameters)]

    def row(self, sql: str, **parameters: Any) -> Row | None:
        """Read one row, or None."""
        self._check(sql)
        found: Row | None = self._engine.run(self._driver, sql, parameters).fetchone()
        return found

    def integer(self, sql: str, **parameters: Any) -> int:
        """Read one integer; 0 when there is no row, or no value in it."""
        row = self.row(sql, **parameters)
        return int((row and row[0]) or 0)

    def table(self, sql: str, parameters: Parameters, width: int) -> list[Row]:
        """Read many rows of `width` columns, fast even next to a busy thread.

        A list among the parameters stands for `IN :name`, of any length.
        """
        self._check(sql)
        return self._engine.table(self._driver, sql, parameters, width)

    def columns(self, sql: str, parameters: Parameters, width: int) -> list[list[Any]]:
        """Read as `table` does, but return the columns, which all have the same length."""
        self._check(sql)
        return self._engine.columns(self._driver, sql, parameters, width)

    def table_by_key(self, sql: str, parameters: Parameters, width: int) -> list[Row]:
        """Read as `table` does, by an index, however many rows are looked up."""
        self._check(sql)
        return self._engine.table_by_key(self._driver, sql, parameters, width)

    def chunks(
        self, sql: str, parameters: Parameters, columns: Sequence[str], start: Parameters
    ) -> Iterator[list[Row]]:
        """Read any number of rows with these columns, up to `CHUNK` at a time.

        The statement orders rows by position, returns up to `:limit` of those after a position, and
        gets the columns of the position as parameters: first `start`, then the last row's. An id is
        bytes in `start`, and text in rows.
        """
        position = start
        ids = [name for name, value in start.items() if isinstance(value, bytes)]
        while True:
            bound = {**parameters, **position, "limit": CHUNK}
            rows = self.table(sql, bound, len(columns))
            if rows:
                yield rows
            if len(rows) < CHUNK:
                return
            position = {name: rows[-1][columns.index(name)] for name in start}
            position |= {name: encode_id(position[name]) for name in ids}

    def require_events(self, months: Iterable[int]) -> None:
        """Raise `StoreUnavailable` when events of these months can no longer be read.

        That is the case when their partition was emptied after this transaction began.
        """
        if self._engine.has_emptied(self._driver, months):
            raise StoreUnavailable("events were archived while they were read; try again")

    def sums(
        self, sql: str, parameters: Parameters, width: int, amounts: Collection[int]
    ) -> list[Row]:
        """Read rows as `table` does; the columns at `amounts` are sums, exact at any size.

        The other columns identify a row, and the statement neither filters nor orders by sums.
        """
        self._check(sql)
        rows = self._engine.table_within(self._driver, sql, parameters, width)
        if rows is not None:
            return rows
        units, rest = (
            self._engine.table(self._driver, half, parameters, width)
            for half in exact_sums.in_halves(sql)
        )
        return exact_sums.combine(units, rest, amounts)


class Transaction(Snapshot):
    """A transaction that writes: all of it becomes durable at the commit, or nothing."""

    def execute(self, sql: str, **parameters: Any) -> int:
        """Run a statement; return the number of rows that it changed.

        The number means nothing after `INSERT … ON CONFLICT`: see `insert`.
        """
        self._check(sql)
        return int(self._engine.run(self._driver, sql, parameters).rowcount)

    def insert(self, sql: str, **parameters: Any) -> int:
        """Run an INSERT that ends with `RETURNING 1`; return the number of rows that it stored.

        Rows that `ON CONFLICT` leaves out are not among them.
        """
        self._check(sql)
        return self._engine.insert(self._driver, sql, parameters)

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
        """Roll back everything; later statements are not part of any transaction."""
        self._driver.rollback()

    def stage(self, rows: Sequence[Staged]) -> int:
        """Insert rows into the empty staging table; return how many of its columns they need."""
        return self._engine.stage(self._driver, rows)

    def remove_events(self, organization: int, month: int) -> None:
        """Remove all events of an organization's month from the ledger."""
        self._engine.remove_events(self._driver, organization, month)

    def bulk(self, table: str, columns: Mapping[str, str], rows: Iterable[Row]) -> None:
        """Insert many rows into a table; `columns` have their types in SQL."""
        self._engine.bulk(self._driver, table, columns, rows)

    def replace_rows(self, table: str, columns: Mapping[str, str], rows: Sequence[Row]) -> None:
        """Replace the rows of a temporary table, whose first column is the organization."""
        self._engine.replace_rows(self._driver, table, columns, rows)

    def continue_numbers(self) -> None:
        """Make the next organization's number follow the highest one in the database."""
        self._engine.continue_numbers(self._driver)


class Database:
    """An open database."""

    def __init__(
        self, engine: Engine, check: Check = _allow_all, schema_version: str | None = None
    ) -> None:
        self.engine = engine
        self.reads = Reads(engine.errors)
        self.directory_token = 0
        """The token of the directory in the latest transaction; 0 when it was not read."""
        self._readings = count(1)
        self._last_reading = 0
        self._lock = Lock()
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
        """Read a lot from one snapshot, once and in order, with little memory."""
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
        error nothing is stored.
        """
        committing = False
        with (
            translate_errors(_NOTHING_STORED),
            self.engine.writer(limit, is_checked=self._is_checked) as connection,
        ):
            try:
                with connection.begin():
                    token = self._token(connection)
                    transaction = Transaction(self.engine, connection, self._check, token)
                    yield transaction
                    committing = True
                if transaction.directory_token != token:
                    self._remember(next(self._readings), transaction.directory_token)
            except DBAPIError as error:
                errors, cause = self.engine.errors, error.orig
                if not (committing and cause and errors.is_outcome_unknown(cause)):
                    raise
                _log.error("outcome_unknown", error=errors.message(cause))
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
        reading = next(self._readings)
        state = self.engine.state(connection)
        if state.schema_version == UNFINISHED_COPY:
            raise SchemaChanged(
                "the database is the target of a copy that is not complete: run the same "
                "`tollbook copy` again"
            )
        if state.schema_version == UNFINISHED_CONVERSION:
            raise SchemaChanged(
                "the events of the database are being converted: if `tollbook migrate` was "
                "stopped, run it again"
            )
        if state.schema_version == UNFINISHED_DIVISION:
            raise SchemaChanged(
                "the tables of the database are being divided over a cluster: if `tollbook "
                "migrate` was stopped, run it again"
            )
        if state.schema_version != self._schema_version:
            raise SchemaChanged(
                f"the database is at migration {state.schema_version or 'none'}, this Tollbook at "
                f"{self._schema_version}: run the version of Tollbook that migrated it"
            )
        self._remember(reading, state.token)
        return state.token

    def _remember(self, reading: int, token: int) -> None:
        """Set the directory's token, unless one that was read or committed later is set already."""
        with self._lock:
            if reading > self._last_reading:
                self._last_reading, self.directory_token = reading, token

    def require_clock(self) -> None:
        """Raise `ClockWrong` when this server's clock differs too much from the database's."""
        if self.engine.has_clock:
            with self.writing():
                pass

    def write_events(
        self,
        months: Callable[[], Iterable[int]],
        write: Callable[[Transaction], _Result],
    ) -> _Result:
        """Run `write`, which stores events of these months, in one transaction; return its result.

        When a partition is gone, because the database went back to before it was made, make it
        again and run `write` a second time; also when the directory has changed. Raise
        `MonthNotReady` when that is not possible now.
        The months are only iterated where there are partitions: for many events that takes time.
        """
        self.ensure_partitions(months())
        try:
            with self.writing(TimeLimit.COMMIT) as transaction:
                return write(transaction)
        except DirectoryChanged:
            pass
        except MonthNotReady:
            self.engine.forget_partitions()
            if not self.try_to_ensure_partitions(months()):
                raise
        with self.writing(TimeLimit.COMMIT) as transaction:
            return write(transaction)

    def ensure_partitions(self, months: Iterable[int]) -> None:
        """Make missing partitions of these months; raise `MonthNotReady` when that lasts."""
        with translate_errors():
            self.engine.ensure_partitions(months)

    def try_to_ensure_partitions(self, months: Iterable[int]) -> bool:
        """Make missing partitions of these months; False when a lock is not free."""
        with translate_errors():
            return self.engine.try_to_ensure_partitions(months)

    def close(self) -> None:
        """Close every connection."""
        self.engine.close()


def open_database(
    url: str,
    check: Check = _allow_all,
    options: Options = _DEFAULTS,
    schema_version: str | None = SCHEMA_VERSION,
) -> Database:
    """Open a database with the engine of its URL. Nothing is connected yet.

    Every statement passes `check` before it runs; servers check that it is bound to a tenant.
    Transactions refuse a database at another `schema_version`, unless that is None.
    """
    return Database(open_engine(url, options), check, schema_version)
