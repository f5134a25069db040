"""Probes of a database: whether it can be written, is a standby, and agrees on the time."""

from tollbook.store.database import Database
from tollbook.store.engine import NodeProblems
from tollbook.store.error_translation import translate_errors
from tollbook.store.scope_check import ALL_TENANTS

_MICROSECONDS = 1_000_000


def try_to_write(database: Database) -> None:
    """Commit an update that changes nothing; raise the error that prevents it."""
    with database.writing() as transaction:
        transaction.execute("UPDATE directory_state SET token = token WHERE id = 1")


def is_standby(database: Database) -> bool:
    """Return whether the database is a standby, which is read-only."""
    with database.reading() as snapshot:
        return snapshot.replayed_at is not None


def problems_of_nodes(database: Database) -> NodeProblems | None:
    """Return why nodes of a cluster cannot be used; None when the database is not a cluster."""
    with translate_errors():
        return database.engine.problems_of_nodes()


def clock_difference(database: Database, now: int) -> int:
    """Return by how many seconds this server's clock is ahead, negative when it is behind.

    A server of databases has a clock: the difference is that of the last transaction that wrote.
    A file has none: the difference is the time until the newest commit, if that is in the future.
    """
    if database.engine.has_clock:
        return round(database.engine.clock_ahead / _MICROSECONDS)
    with database.reading() as snapshot:
        newest = snapshot.integer(f"SELECT MAX(as_of) FROM ledger_versions {ALL_TENANTS}")
    return min(0, round((now - newest) / _MICROSECONDS))
