"""Trying to write: what readiness rests on when no event comes; and what the clock is worth."""

from tollbook.store.database import Database
from tollbook.store.scope_check import ALL_TENANTS

_MICROSECONDS = 1_000_000


def try_to_write(database: Database) -> None:
    """Commit a change that changes nothing; raise what keeps the database from it."""
    with database.writing() as transaction:
        transaction.execute("UPDATE directory_state SET token = token WHERE id = 1")


def is_standby(database: Database) -> bool:
    """Return whether the database is a standby, which can be read only."""
    with database.reading() as snapshot:
        return snapshot.replayed_at is not None


def clock_difference(database: Database, now: int) -> int:
    """Return by how many seconds this server's clock is ahead, negative when it is behind.

    On PostgreSQL that is the difference from the database's clock, at the last transaction that
    wrote. A file has no clock: there it is how long before the newest commit it is, or 0.
    """
    if database.engine.has_clock:
        return round(database.engine.clock_ahead / _MICROSECONDS)
    with database.reading() as snapshot:
        newest = snapshot.integer(f"SELECT MAX(as_of) FROM ledger_versions {ALL_TENANTS}")
    return min(0, round((now - newest) / _MICROSECONDS))
