"""PostgreSQL: COPY into a staging table, then the statements that both engines share."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

import psycopg
from sqlalchemy import URL, Connection

from tollbook.domain.errors import BackupRefused, ClockWrong, StoreUnavailable
from tollbook.store.citus import division
from tollbook.store.citus import staging as citus_staging
from tollbook.store.engine import (
    Backup,
    DirectoryState,
    Driver,
    NodeFigures,
    Options,
    Parameters,
    Restoration,
    Row,
    TimeLimit,
)
from tollbook.store.postgres import dumps, migration_locks, partitions
from tollbook.store.postgres.clusters import ClusterAwareEngine
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
from tollbook.store.postgres.statements import (
    MAKE_TABLES,
    TABLES,
    WRITERS_SESSION,
    as_parameters,
    in_psycopg,
)
from tollbook.store.postgres.transactions import begin_reading, begin_writing
from tollbook.store.staging import COLUMNS, Staged, stored_rows, width
from tollbook.store.tokens import new_token

# The cost of a disabled scan would begin to compile the statement, which takes much longer.
_BY_KEY = b"SET LOCAL enable_seqscan = off; SET LOCAL jit = off"
_ANY_WAY = b"SET LOCAL enable_seqscan TO DEFAULT; SET LOCAL jit TO DEFAULT"
# A cluster runs what follows on its nodes too.
_ON_NODES = b"SET LOCAL citus.propagate_set_commands = 'local'; "
_LOG_POSITION = """
SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END
    - '0/0'::pg_lsn
"""
_CONTINUE_NUMBERS = """
SELECT setval(pg_get_serial_sequence('organizations', 'organization_id'), MAX(organization_id))
FROM organizations
"""
_SPARE_CONNECTIONS = 2
"""Connections in addition to the pools: one of the watchdog, and one of a verb."""


class Postgres(ClusterAwareEngine):
    """The server engine."""

    example_url = "postgresql://user@host/name"
    errors = ERRORS
    backup_magic = dumps.MAGIC
    has_clock = True
    has_processes = True

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
        # Readers have their own connections: a flood of questions leaves connections for events.
        self._readers = open_pool(url, options.max_read_connections, self._holder, opened)
        self._partitions = partitions.Partitions(self.writer)

    def reader(
        self, limit: TimeLimit = TimeLimit.REQUEST, *, is_checked: bool = False
    ) -> Connection:
        """Open a connection whose transaction reads one snapshot and cannot write."""
        return _begin(self._readers.connect(), limit, begin_reading, is_checked=is_checked)

    def streamer(self, *, is_checked: bool = False) -> Connection:
        """Open a reader: the server manages its own pages."""
        return self.reader(TimeLimit.NONE, is_checked=is_checked)

    def writer(
        self, limit: TimeLimit = TimeLimit.REQUEST, *, is_checked: bool = False
    ) -> Connection:
        """Open a connection whose transaction writes."""
        opened = self.sqlalchemy.connect()
        return _begin(opened, limit, self._begin_writing, is_checked=is_checked)

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
        if driver.is_cluster:
            statement = citus_staging.on_cluster(sql)
            sql = statement.sql
            if statement.temporary:
                parameters = {**parameters, **statement.parameters(driver.batches)}
        if " IN :" in sql:
            parameters = as_parameters(parameters)
        cursor: psycopg.Cursor[Row] = driver.execute(in_psycopg(sql), parameters)
        return cursor

    def table(self, driver: Driver, sql: str, parameters: Parameters, width: int) -> list[Row]:
        """Read many rows: the driver fetches all of them without the interpreter's lock."""
        del width  # the driver returns it
        return self.run(driver, sql, parameters).fetchall()

    def log_position(self) -> int:
        """Return the place in the log that was written, or on a standby replayed."""
        if self._is_cluster():
            raise StoreUnavailable(
                "a cluster has a log on each node, and no standby of all of them"
            )
        return int(self._read_value(_LOG_POSITION))

    def lacks_partitions(self, months: Iterable[int]) -> bool:
        """Return whether a month is not known to have its partition; without asking the server."""
        return bool(self._partitions.missing(months))

    def table_by_key(
        self, driver: Driver, sql: str, parameters: Parameters, width: int
    ) -> list[Row]:
        """Read as `table` does, by an index.

        For thousands of keys the planner would read the whole table, until it has millions of rows.
        """
        nodes = _ON_NODES if driver.is_cluster else b""
        driver.execute(nodes + _BY_KEY, prepare=False)
        rows = self.table(driver, sql, parameters, width)
        driver.execute(_ANY_WAY, prepare=False)
        return rows

    def insert(self, driver: Driver, sql: str, parameters: Parameters) -> int:
        """Run an INSERT that ends with `RETURNING 1`; return how many rows it has returned.

        The number in the server's answer is that of the source's rows on Citus.
        """
        result = self.run(driver, sql, parameters).pgresult
        assert result is not None  # noqa: S101  the statement was run
        return result.ntuples

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

        An error would end the transaction, and with it the snapshot: a savepoint keeps both.
        """
        del width  # the driver returns it
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
        """Make missing monthly partitions; raise `MonthNotReady` after half a minute."""
        self._partitions.make(months)

    def try_to_ensure_partitions(self, months: Iterable[int]) -> bool:
        """Make missing monthly partitions; False when a lock is not free."""
        return self._partitions.try_to_make(months)

    def forget_partitions(self) -> None:
        """Read again which partitions there are, when they are needed."""
        self._partitions.forget()

    def stage(self, driver: Driver, rows: Sequence[Staged]) -> int:
        """Copy rows into the staging table, which every commit empties."""
        columns = width(rows)
        kinds = dict(islice(COLUMNS.items(), columns))
        stored = stored_rows(rows, columns)
        if driver.is_cluster:
            self._stage_on_nodes(driver, "staging", kinds, list(stored))
        else:
            self.bulk(driver, "staging", kinds, stored)
        return columns

    def replace_rows(
        self, driver: Driver, table: str, columns: Mapping[str, str], rows: Sequence[Row]
    ) -> None:
        """Replace the rows of a temporary table; on a cluster, those of another batch stay."""
        if driver.is_cluster:
            self._stage_on_nodes(driver, table, columns, rows)
        else:
            super().replace_rows(driver, table, columns, rows)

    def _stage_on_nodes(
        self, driver: Driver, temporary: str, columns: Mapping[str, str], rows: Sequence[Row]
    ) -> None:
        """Copy rows, whose first column is the organization, to their nodes as a new batch."""
        self._has_staged = True
        batch = citus_staging.StagedBatch.of(row[0] for row in rows)
        driver.batches[temporary] = batch
        numbered = ((batch.number, *row) for row in rows)
        name = citus_staging.TABLES[temporary].name
        self.bulk(driver, name, {"batch": "BIGINT", **columns}, numbered)

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

    def has_emptied(self, driver: Driver, months: Iterable[int]) -> bool:
        """Return whether a partition of these months was emptied since the snapshot was taken."""
        return not driver.is_cluster and partitions.were_emptied(driver, months)

    def remove_events(self, driver: Driver, organization: int, month: int) -> None:
        """Empty the partition when no other organization uses it, which frees its space.

        Delete rows otherwise. The partition stays: events of that month may still come.
        A cluster has a partition on each node, and others may use it there.
        """
        if driver.is_cluster or not partitions.empty_partition(driver, organization, month):
            super().remove_events(driver, organization, month)

    def continue_numbers(self, driver: Driver) -> None:
        """Set the sequence of organizations, which a copy does not use."""
        driver.execute(_CONTINUE_NUMBERS, prepare=False)

    def lock_migrations(self, connection: Connection) -> None:
        """Hold an advisory lock until the transaction ends."""
        migration_locks.lock_migrations(connection)

    def exclude_others(self, connection: Connection) -> None:
        """Lock the table that every transaction reads first."""
        migration_locks.exclude_others(connection)

    def back_up(self, backup: Backup) -> None:
        """Dump the database with pg_dump, and read the dump once."""
        backup.require_schema()
        if dumps.is_on_cluster(self.sqlalchemy.url):
            raise BackupRefused(division.NO_DUMP)
        dumps.dump_database(self.sqlalchemy.url, backup.target, backup.progress, backup.lock)
        dumps.check_dump(backup.target)

    def restore(self, restoration: Restoration) -> int:
        """Replace everything in the database with a dump, in one transaction of psql."""
        url = self.sqlalchemy.url
        dumps.check_dump(restoration.source)
        if dumps.is_on_cluster(url):
            raise BackupRefused(division.NO_RESTORE)
        restoration.require_replaceable(is_empty=restoration.replace or dumps.is_empty(url))
        dumps.restore_dump(url, restoration.source, new_token())
        return restoration.finish(self)

    def size_in_bytes(self) -> int:
        """Return the size of the whole database, on all nodes of a cluster."""
        if found := self.nodes():
            return _sum_of(found)
        return int(self._read_value("SELECT pg_database_size(current_database())"))

    def serve(self, processes: int = 1) -> str | None:
        """Wait less for connections from now on; return a problem with their number."""
        self._holder.patience = OF_SERVERS
        options = self._options
        pooled = options.max_write_connections + options.max_read_connections
        most = processes * (pooled + _SPARE_CONNECTIONS)
        with self.reader() as connection:
            if driver_of(connection).pooled:
                return None
        there = int(
            self._read_value(
                "SELECT current_setting('max_connections')::int "
                "- current_setting('superuser_reserved_connections')::int"
            )
        )
        if most <= there:
            return None
        return f"this server may open {most} connections, but PostgreSQL allows {there} in total"

    def upkeep(self) -> None:
        """Close connections that have been idle for long; empty the staging table of a cluster."""
        for pool in (self.sqlalchemy, self._readers):
            close_idle(pool, self._options.idle_connection_seconds)
        if self._has_staged:
            self.flush_traces()

    def clock_problem(self) -> str | None:
        """Return by how much this server's clock was wrong in the last transaction that wrote."""
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

    def _read_value(self, sql: str) -> Any:
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


class _BeginDriver(Protocol):
    def __call__(self, driver: Watched, *, is_checked: bool) -> object: ...


def _begin(
    connection: Connection, limit: TimeLimit, begin: _BeginDriver, *, is_checked: bool
) -> Connection:
    """Begin a transaction on a connection, or return it to the pool.

    SQLAlchemy has an event for this, which takes half as long as the transaction.
    """
    try:
        driver = driver_of(connection)
        driver.time_limit = limit
        begin(driver, is_checked=is_checked)
    except BaseException:
        connection.close()
        raise
    return connection


def _sum_of(nodes: list[NodeFigures]) -> int:
    """Add up the sizes; raise `StoreUnavailable` when that of a node is not known."""
    sizes = [node.bytes for node in nodes if node.bytes is not None]
    if len(sizes) < len(nodes):
        raise StoreUnavailable("a node of the cluster does not answer")
    return sum(sizes)
