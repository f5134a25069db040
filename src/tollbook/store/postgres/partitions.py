"""The monthly partitions of events on PostgreSQL, made without a lock that readers wait for."""

from collections.abc import Callable, Iterable
from time import monotonic, sleep

import psycopg
from sqlalchemy import Connection

from tollbook.domain.errors import MonthNotReady
from tollbook.store.postgres.connections import driver_of

LOCK_SECONDS = 1
PATIENCE_SECONDS = 30.0
"""How long a request waits for the partition of a new month."""

_OLDEST_MONTH = 202001
_PAUSE = 0.2
_PARTITION_LOCK = 7_108_652_301
"""The number of the advisory lock for creating partitions."""
_PRESENT = (
    "SELECT pg_class.relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid "
    "WHERE inhparent = 'events'::regclass"
)
_OTHERS = """
SELECT 1 WHERE EXISTS (SELECT 1 FROM events_{month} WHERE organization_id < %(number)s)
    OR EXISTS (SELECT 1 FROM events_{month} WHERE organization_id > %(number)s)
"""
# A table is locked until the transaction ends, without reading it: nobody can empty it meanwhile.
_LOCK = "SELECT 1 FROM events WHERE day BETWEEN %(first)s AND %(last)s LIMIT 0"
# TRUNCATE gives a table a new file. The row of the table is that of the snapshot, and the function
# returns the file of now.
_EMPTIED = """
SELECT 1 FROM pg_class
WHERE relname = ANY(%(names)s) AND relnamespace = (
    SELECT relnamespace FROM pg_class WHERE oid = 'events'::regclass
) AND relfilenode <> pg_relation_filenode(oid)
LIMIT 1
"""


class Partitions:
    """The months known to have a partition; those before 2020 share one."""

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._known: frozenset[int] = frozenset()

    def missing(self, months: Iterable[int]) -> set[int]:
        """Return the months that are not known to have a partition."""
        return {month for month in months if month >= _OLDEST_MONTH} - self._known

    def forget(self) -> None:
        """Forget the known partitions: one of them is gone."""
        self._known = frozenset()

    def make(self, months: Iterable[int]) -> None:
        """Make missing partitions; raise `MonthNotReady` when that fails for half a minute."""
        months = set(months)
        give_up = monotonic() + PATIENCE_SECONDS
        while not self.try_to_make(months):
            if monotonic() >= give_up:
                raise MonthNotReady
            sleep(_PAUSE)

    def try_to_make(self, months: Iterable[int]) -> bool:
        """Make missing partitions; False when a lock that this needs is not free.

        A table is made first and attached then, which neither waits for readers and writers of
        events nor blocks them. It does wait for a VACUUM of the whole table or a migration.
        """
        missing = self.missing(months)
        if not missing:
            return True
        try:
            with self._connect() as connection, connection.begin():
                self._make(driver_of(connection), missing)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
            return False
        self._known |= missing
        return True

    def _make(self, driver: psycopg.Connection[tuple[object, ...]], missing: set[int]) -> None:
        if not missing - _present(driver):
            return
        driver.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'".encode(), prepare=False)
        driver.execute("SELECT pg_advisory_xact_lock(%s)", (_PARTITION_LOCK,), prepare=False)
        for month in sorted(missing - _present(driver)):
            following = month + 1 if month % 100 < 12 else month + 89
            name = f"events_{month}"
            driver.execute(
                f"CREATE TABLE {name} "
                "(LIKE events INCLUDING DEFAULTS INCLUDING CONSTRAINTS)".encode(),
                prepare=False,
            )
            driver.execute(
                f"ALTER TABLE events ATTACH PARTITION {name} "
                f"FOR VALUES FROM ({month * 100}) TO ({following * 100})".encode(),
                prepare=False,
            )


def _present(driver: psycopg.Connection[tuple[object, ...]]) -> set[int]:
    names = [str(name) for (name,) in driver.execute(_PRESENT, prepare=False)]
    return {int(name.removeprefix("events_")) for name in names if name[7:].isdigit()}


def empty_partition(
    driver: psycopg.Connection[tuple[object, ...]], organization: int, month: int
) -> bool:
    """Empty a month's partition, which frees its space; False when rows must be deleted instead.

    That is the case when another organization has events in it, or another transaction uses it now:
    to wait for its lock would block every transaction that comes after.
    """
    if month < _OLDEST_MONTH or _has_others(driver, organization, month):
        return False
    driver.execute("SAVEPOINT emptying")
    try:
        driver.execute(f"LOCK TABLE events_{month} IN ACCESS EXCLUSIVE MODE NOWAIT".encode())
    except psycopg.errors.LockNotAvailable:
        driver.execute("ROLLBACK TO SAVEPOINT emptying")
        return False
    if _has_others(driver, organization, month):
        driver.execute("ROLLBACK TO SAVEPOINT emptying")  # and with it the lock
        return False
    driver.execute(f"TRUNCATE events_{month}".encode())
    return True


def _has_others(
    driver: psycopg.Connection[tuple[object, ...]], organization: int, month: int
) -> bool:
    statement = _OTHERS.format(month=month).encode()
    return driver.execute(statement, {"number": organization}).fetchone() is not None


def were_emptied(driver: psycopg.Connection[tuple[object, ...]], months: Iterable[int]) -> bool:
    """Return whether a partition of these months was emptied after the snapshot was taken.

    Such a transaction sees neither the events nor, yet, the record of their archive.
    """
    days = [month * 100 for month in months]
    driver.execute(_LOCK, {"first": min(days), "last": max(days) + 99}, prepare=False)
    names = {"names": [f"events_{day // 100}" for day in days]}
    return driver.execute(_EMPTIED, names, prepare=False).fetchone() is not None
