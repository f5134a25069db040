"""PostgreSQL: COPY into a staging table, then the statements that both engines share."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event, text

from tollbook.store import recharged
from tollbook.store.engine import REMOVE_MONTH, Driver, Parameters, Row
from tollbook.store.staging import COLUMNS, CREATE, Staged, width

_POOL = 16
_OLDEST_MONTH = 202001
_PARTITION_LOCK = 7_108_652_301
"""The advisory lock of whoever creates partitions; the number means nothing else."""

_OTHERS = """
SELECT 1 WHERE EXISTS (SELECT 1 FROM events_{month} WHERE organization_id < :number)
    OR EXISTS (SELECT 1 FROM events_{month} WHERE organization_id > :number)
"""

_NAMED = re.compile(r"(?<!:):([a-z_]+)")
_IN_LIST = re.compile(r"\bIN :([a-z_]+)")


class Postgres:
    """The server engine."""

    name = "postgresql"

    def __init__(self, url: URL) -> None:
        self.sqlalchemy = _pool(url)
        event.listen(self.sqlalchemy, "connect", _prepare)
        # Readers have connections of their own: to change one's isolation and back costs half a
        # millisecond, a twentieth of the whole answer.
        self._readers = _pool(url)
        event.listen(self._readers, "connect", _prepare_reader)
        self._months: set[int] = set()

    def reader(self) -> Connection:
        """Open a connection whose transaction reads one snapshot and cannot write."""
        return self._readers.connect()

    def streamer(self) -> Connection:
        """Open a reader: pages are the server's to keep."""
        return self.reader()

    def close(self) -> None:
        """Close every connection."""
        self.sqlalchemy.dispose()
        self._readers.dispose()

    def writer(self) -> Connection:
        """Open a connection whose transaction writes."""
        return self.sqlalchemy.connect()

    def run(self, driver: Driver, sql: str, parameters: Parameters) -> psycopg.Cursor[Row]:
        """Run a statement."""
        cursor: psycopg.Cursor[Row] = driver.execute(_in_psycopg(sql), parameters)
        return cursor

    def table(self, driver: Driver, sql: str, parameters: Parameters, width: int) -> list[Row]:
        """Read many rows: the driver fetches them all before it takes the lock again."""
        del width  # the driver knows
        return self.run(driver, sql, parameters).fetchall()

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

    def make_room(self, months: Iterable[int]) -> None:
        """Create the monthly partitions that are missing; months before 2020 share one."""
        missing = {month for month in months if month >= _OLDEST_MONTH} - self._months
        if not missing:
            return
        with self.sqlalchemy.begin() as connection:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_PARTITION_LOCK})"))
            for month in sorted(missing):
                following = month + 1 if month % 100 < 12 else month + 89
                connection.execute(
                    text(
                        f"CREATE TABLE IF NOT EXISTS events_{month} PARTITION OF events "
                        f"FOR VALUES FROM ({month * 100}) TO ({following * 100})"
                    )
                )
        self._months |= missing

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
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            copy.set_types([kind.partition(" ")[0].lower() for kind in columns.values()])
            for row in rows:
                copy.write_row(row)

    def remove_events(self, driver: Driver, organization: int, month: int) -> None:
        """Empty the partition when nothing else is in it, which frees its space; else delete.

        The partition stays: events of that month may still come, through any server.
        """
        month_of = {"number": organization, "first": month * 100, "last": month * 100 + 99}
        others = _OTHERS.format(month=month)
        if month >= _OLDEST_MONTH and not self._stands(driver, others, month_of):
            self.run(driver, f"LOCK TABLE events_{month} IN ACCESS EXCLUSIVE MODE", {})
            if not self._stands(driver, others, month_of):
                self.run(driver, f"TRUNCATE events_{month}", {})
                return
        self.run(driver, REMOVE_MONTH, month_of)

    def _stands(self, driver: Driver, sql: str, parameters: Parameters) -> bool:
        return self.run(driver, sql, parameters).fetchone() is not None

    def leave_no_traces(self, driver: Driver) -> None:
        """Do nothing: old versions of rows are there until they are vacuumed."""

    def flush_traces(self) -> None:
        """Do nothing: autovacuum will."""

    def size_in_bytes(self) -> int:
        """Give the size of the whole database."""
        with self.sqlalchemy.connect() as connection:
            return int(
                connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
            )


def _pool(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=_POOL,
        max_overflow=_POOL,
        hide_parameters=True,
        connect_args={"connect_timeout": 10, "application_name": "tollbook"},
    )


@cache
def _in_psycopg(sql: str) -> str:
    """Write parameters as the driver knows them.

    A list is one array: its organizations are then looked up one after the other in the key, where
    a join would be planned as a scan of everybody's sums.
    """
    return _NAMED.sub(r"%(\1)s", _IN_LIST.sub(r"= ANY(:\1)", sql.replace("%", "%%")))


def _prepare(connection: psycopg.Connection[Any], _record: object) -> None:
    """Insist on durable commits, whatever the server's default, and make the staging table.

    A statement is planned anew each time: a plan made while the ledger was empty would read all of
    it once it is large.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")
        cursor.execute("SET plan_cache_mode = force_custom_plan")
        for table in (CREATE, recharged.CREATE):
            cursor.execute(table.rstrip() + " ON COMMIT DELETE ROWS")
    connection.commit()


def _prepare_reader(connection: psycopg.Connection[Any], _record: object) -> None:
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
