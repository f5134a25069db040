"""PostgreSQL: COPY into a staging table, then the statements that both engines share."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

import psycopg
from sqlalchemy import URL, Connection

from tollbook.domain.errors import ClockWrong
from tollbook.store.engine import (
    Backup,
    DirectoryState,
    Driver,
    Engine,
    Options,
    Parameters,
    Restoration,
    Row,
    TimeLimit,
)
from tollbook.store.postgres import dumps, migration_locks, partitions
from tollbook.store.postgres.connections import (
    OF_SERVERS,
    Holder,
    Patience,
    Watched,
    close_idle,
    driver_of,
    open_pool,
)
from tollbook.store.postgres.errors import ERRORS
from tollbook.store.postgres.statement_watchdog import Watch
from tollbook.store.postgres.statements import MAKE_TABLES, TABLES, WRITERS_SESSION, in_psycopg
from tollbook.store.postgres.transactions import begin_reading, begin_writing
from tollbook.store.staging import COLUMNS, Staged, width
from tollbook.store.tokens import new_token

_SPARE_CONNECTIONS = 2
"""Connections besides those of the pools: the watch has one, a verb may have another."""


class Postgres(Engine):
    """The server engine."""

    example_url = "postgresql://user@host/name"
    errors = ERRORS
    backup_magic = dumps.MAGIC
    has_clock = True

    @staticmethod
    def accepts(url: URL) -> bool:
        """Return whether a URL names a server, with or without the name of a driver."""
        return url.get_backend_name() in {"postgresql", "postgres"}

    def __init__(self, url: URL, options: Options) -> None:
        self._options = options
        seconds = options.retry_seconds
        self._holder = Holder(Patience(seconds, max(seconds, OF_SERVERS.full)))
        self._watch = Watch(self._address, self._close_all_idle)
        opened = self._watch.add
        most = options.max_write_connections
        self.sqlalchemy = open_pool(url, most, self._holder, opened, WRITERS_SESSION)
        # Readers have connections of their own: a flood of questions leaves room for events.
        self._readers = open_pool(url, options.max_read_connections, self._holder, opened)
        self._partitions = partitions.Partitions(self.writer)

    def reader(
        self, limit: TimeLimit = TimeLimit.REQUEST, *, is_checked: bool = False
    ) -> Connection:
        """Open a connection whose transaction reads one snapshot and cannot write."""
        return _begun(self._readers.connect(), limit, begin_reading, is_checked=is_checked)

    def streamer(self, *, is_checked: bool = False) -> Connection:
        """Open a reader: pages are the server's to keep."""
        return self.reader(TimeLimit.NONE, is_checked=is_checked)

    def writer(
        self, limit: TimeLimit = TimeLimit.REQUEST, *, is_checked: bool = False
    ) -> Connection:
        """Open a connection whose transaction writes."""
        opened = self.sqlalchemy.connect()
        return _begun(opened, limit, self._begin_writing, is_checked=is_checked)

    def state(self, connection: Connection) -> DirectoryState:
        """Return what the command that began the transaction has read."""
        return driver_of(connection).state

    def replayed_at(self, driver: Driver) -> int | None:
        """Return what the command that began the driver's transaction has read."""
        replayed_at: int | None = driver.replayed_at
        return replayed_at

    def close(self) -> None:
        """Close every connection."""
        self._watch.close()
        self._close_all_idle()

    def run(self, driver: Driver, sql: str, parameters: Parameters) -> psycopg.Cursor[Row]:
        """Run a statement."""
        cursor: psycopg.Cursor[Row] = driver.execute(in_psycopg(sql), parameters)
        return cursor

    def table(self, driver: Driver, sql: str, parameters: Parameters, width: int) -> list[Row]:
        """Read many rows: the driver fetches them all before it takes the lock again."""
        del width  # the driver knows
        return self.run(driver, sql, parameters).fetchall()

    def lacks_partitions(self, months: Iterable[int]) -> bool:
        """Return whether a month is not known to have its partition; without asking the server."""
        return bool(self._partitions.missing(months))

    def run_in_range(
        self, driver: Driver, statements: Sequence[str], parameters: Parameters
    ) -> int:
        """Run all statements, or none when a sum passes 64 bits."""
        done = self._run_saved(driver, statements, parameters)
        return 0 if done is None else len(statements)

    def table_within(
        self, driver: Driver, sql: str, parameters: Parameters, width: int
    ) -> list[Row] | None:
        """Read many rows; None when a sum passes 64 bits.

        An error would end the transaction, and with it the snapshot: a savepoint keeps it.
        """
        del width  # the driver knows
        cursors = self._run_saved(driver, [sql], parameters)
        return None if cursors is None else cursors[0].fetchall()

    def _run_saved(
        self, driver: Driver, statements: Sequence[str], parameters: Parameters
    ) -> list[psycopg.Cursor[Row]] | None:
        """Run statements; None when a sum passes 64 bits, and then none of them has run."""
        driver.execute("SAVEPOINT sums")
        try:
            return [self.run(driver, sql, parameters) for sql in statements]
        except psycopg.errors.NumericValueOutOfRange:
            driver.execute("ROLLBACK TO SAVEPOINT sums")
            return None

    def ensure_partitions(self, months: Iterable[int]) -> None:
        """Make the monthly partitions that are missing; raise `MonthNotReady` when that lasts."""
        self._partitions.make(months)

    def try_to_ensure_partitions(self, months: Iterable[int]) -> bool:
        """Make the monthly partitions that are missing; False when it is to be tried again."""
        return self._partitions.try_to_make(months)

    def forget_partitions(self) -> None:
        """Look again which partitions there are."""
        self._partitions.forget()

    def stage(self, driver: Driver, rows: Sequence[Staged]) -> int:
        """Copy rows into the staging table, which every commit empties."""
        columns = width(rows)
        ordinary = (row[:columns] for row in rows)
        self.bulk(driver, "staging", dict(islice(COLUMNS.items(), columns)), ordinary)
        return columns

    def bulk(
        self, driver: Driver, table: str, columns: Mapping[str, str], rows: Iterable[Row]
    ) -> None:
        """Copy many rows into a table, in binary form, which takes half the time of text."""
        table = TABLES.get(table, table)
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([kind.partition(" ")[0].lower() for kind in columns.values()])
            for row in rows:
                copy.write_row(row)

    def remove_events(self, driver: Driver, organization: int, month: int) -> None:
        """Empty the partition when nobody else needs it, which frees its space; else delete.

        The partition stays: events of that month may still come, through any server.
        """
        if not partitions.empty_partition(driver, organization, month):
            super().remove_events(driver, organization, month)

    def lock_migrations(self, connection: Connection) -> None:
        """Hold an advisory lock until the transaction ends."""
        migration_locks.lock_migrations(connection)

    def exclude_others(self, connection: Connection) -> None:
        """Lock the table that every transaction reads first."""
        migration_locks.exclude_others(connection)

    def back_up(self, backup: Backup) -> None:
        """Dump the database with pg_dump, and read the dump once."""
        dumps.dump_database(self.sqlalchemy.url, backup.target, backup.progress, backup.lock)
        dumps.check_dump(backup.target)

    def restore(self, restoration: Restoration) -> int:
        """Replace everything in the database with a dump, in one transaction of psql."""
        url = self.sqlalchemy.url
        dumps.check_dump(restoration.source)
        restoration.require_replaceable(is_empty=restoration.replace or dumps.is_empty(url))
        dumps.restore_dump(url, restoration.source, new_token())
        return restoration.finish(self)

    def size_in_bytes(self) -> int:
        """Give the size of the whole database."""
        return int(self._answer("SELECT pg_database_size(current_database())"))

    def serve(self) -> str | None:
        """Wait less for connections from now on; return what is wrong with their number."""
        self._holder.patience = OF_SERVERS
        options = self._options
        most = options.max_write_connections + options.max_read_connections + _SPARE_CONNECTIONS
        with self.reader() as connection:
            if driver_of(connection).pooled:
                return None
        there = int(
            self._answer(
                "SELECT current_setting('max_connections')::int "
                "- current_setting('superuser_reserved_connections')::int"
            )
        )
        if most <= there:
            return None
        return f"this server may open {most} connections, and PostgreSQL has {there} for all"

    def upkeep(self) -> None:
        """Close connections that nobody has used for long."""
        for pool in (self.sqlalchemy, self._readers):
            close_idle(pool, self._options.idle_connection_seconds)

    def clock_problem(self) -> str | None:
        """Say how wrong this server's clock was at the last transaction that wrote, if it was."""
        limit, seconds = self._options.max_clock_seconds, round(self.clock_ahead / 1_000_000)
        if abs(self.clock_ahead) <= limit * 1_000_000:
            return None
        way = "ahead of" if seconds > 0 else "behind"
        return (
            f"this server's clock is {abs(seconds)} seconds {way} the database's; "
            f"{limit} are allowed"
        )

    def _begin_writing(self, driver: Watched, *, is_checked: bool) -> None:
        before = self._options.clock()
        clock = begin_writing(driver, MAKE_TABLES, is_checked=is_checked)
        after = self._options.clock()
        self.clock_ahead = max(before - clock, 0) or min(after - clock, 0)
        problem = self.clock_problem()
        if problem:
            raise ClockWrong(f"{problem}; nothing was stored")

    def _answer(self, sql: str) -> Any:
        with self.reader() as connection:
            found = driver_of(connection).execute(sql.encode(), prepare=False).fetchone()
        assert found is not None  # noqa: S101  each of these is one row
        return found[0]

    def _address(self) -> dict[str, Any]:
        _, named = self.sqlalchemy.dialect.create_connect_args(self.sqlalchemy.url)
        return dict(named)

    def _close_all_idle(self) -> None:
        self.sqlalchemy.dispose()
        self._readers.dispose()


class _Begin(Protocol):
    def __call__(self, driver: Watched, *, is_checked: bool) -> object: ...


def _begun(
    connection: Connection, limit: TimeLimit, begin: _Begin, *, is_checked: bool
) -> Connection:
    """Begin a transaction on a connection, or give it back.

    SQLAlchemy has an event for this, which takes as long as half of the transaction.
    """
    try:
        driver = driver_of(connection)
        driver.time_limit = limit
        begin(driver, is_checked=is_checked)
    except BaseException:
        connection.close()
        raise
    return connection
