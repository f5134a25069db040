"""The locks of a migration on PostgreSQL."""

from time import monotonic, sleep

import psycopg
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from tollbook.domain.errors import StoreUnavailable
from tollbook.store.engine import STATE_TABLE

_MIGRATION_LOCK = 7_108_652_302
"""The number of an advisory lock, so that servers starting together migrate once."""
_LOCK_MS = 100
_PATIENCE_SECONDS = 300.0
_PAUSE = 1.0
_STATE_TABLES = (STATE_TABLE, "directory_revision")
"""The table whose row every transaction reads first, by its present name or by the one before."""


def lock_migrations(connection: Connection) -> None:
    """Wait until no other process migrates the database, and hold the lock until the end."""
    connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))


def exclude_others(connection: Connection) -> None:
    """Wait for every transaction that has read the schema's version; let none begin until the end.

    The lock is requested rarely and briefly, because other transactions wait behind the request.
    """
    found = [table for table in _STATE_TABLES if inspect(connection).has_table(table)]
    give_up = monotonic() + _PATIENCE_SECONDS
    for table in found:
        while not _try_to_lock(connection, table):
            if monotonic() >= give_up:
                raise StoreUnavailable(
                    "the schema cannot be changed while another transaction on the database goes "
                    "on: end long exports, backups and other commands, then try again; nothing "
                    "was changed"
                )
            sleep(_PAUSE)


def _try_to_lock(connection: Connection, table: str) -> bool:
    connection.execute(text("SAVEPOINT lock"))
    connection.execute(text(f"SET LOCAL lock_timeout = {_LOCK_MS}"))
    try:
        connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
    except DBAPIError as error:
        if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
            raise
        connection.execute(text("ROLLBACK TO SAVEPOINT lock"))
        return False
    connection.execute(text("SET LOCAL lock_timeout = 0"))
    return True
