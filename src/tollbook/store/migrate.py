"""Bringing a database to the schema of this Tollbook; refusing one that is ahead of it."""

from functools import cache
from pathlib import Path
from time import monotonic, sleep

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from tollbook.domain.errors import (
    DatabaseReadOnly,
    DatabaseTooNew,
    DiskFull,
    StoreUnavailable,
)
from tollbook.store.database import Database, translate_errors
from tollbook.store.engine import STATE_TABLE, TimeLimit

_MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 7_108_652_302
"""The advisory lock of whoever migrates, so that servers starting together do it once."""
_LOCK_MS = 100
_PATIENCE_SECONDS = 300.0
_PAUSE = 1.0
_STATE_TABLES = (STATE_TABLE, "directory_revision")
"""The table whose row every transaction reads first, by its present name or by the one before."""


def migrate(database: Database, to: str = "head") -> None:
    """Bring the schema up to date, or `to` a step: from nothing, or from any earlier Tollbook.

    All of it happens or nothing does. One that is up to date is only looked at, so that a database
    which cannot be written can still be read.
    """
    missing = missing_migrations(database)
    if missing is None:
        return
    try:
        _upgrade(database, to)
    except DatabaseReadOnly as error:
        raise DatabaseReadOnly(
            f"the database is read-only and cannot be brought up to date: {missing}; on a standby, "
            "run `tollbook migrate` on its primary"
        ) from error
    except DiskFull as error:
        raise DiskFull(
            f"{error.sentence}: the schema is what it was, and so is all that is in it, for the "
            "Tollbook that wrote it; make room to bring it up to date"
        ) from error


def _upgrade(database: Database, to: str) -> None:
    with (
        translate_errors(),
        database.engine.writer(TimeLimit.NONE) as connection,
        connection.begin(),
    ):
        if database.engine.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})"))
        config = _config()
        script = ScriptDirectory.from_config(config)
        present = _present(connection)
        if present == script.get_current_head():
            return
        known = {step.revision for step in script.walk_revisions()}
        if present is not None and present not in known:
            raise DatabaseTooNew(
                f"the database is at migration {present}, which this Tollbook does not know: "
                "it was written by a later one. Upgrade Tollbook, or choose another database"
            )
        if database.engine.name == "postgresql":
            _keep_others_away(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        if inspect(connection).has_table(STATE_TABLE):
            connection.execute(
                text(f"UPDATE {STATE_TABLE} SET schema_version = :version"),
                {"version": _present(connection)},
            )


def _keep_others_away(connection: Connection) -> None:
    """Wait for every transaction that has read the schema's version; let none begin until the end.

    It asks for the lock seldom and briefly, because other transactions wait behind the request.
    """
    found = [it for it in _STATE_TABLES if inspect(connection).has_table(it)]
    give_up = monotonic() + _PATIENCE_SECONDS
    for table in found:
        while not _is_locked(connection, table):
            if monotonic() >= give_up:
                raise StoreUnavailable(
                    "the schema cannot be changed while another transaction on the database goes "
                    "on: end long exports, backups and other commands, then try again; nothing "
                    "was changed"
                )
            sleep(_PAUSE)


def _is_locked(connection: Connection, table: str) -> bool:
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


def missing_migrations(database: Database) -> str | None:
    """Say what the schema lacks, or has too much; None when it is this Tollbook's."""
    with translate_errors(), database.engine.reader() as connection:
        present, head = _present(connection), _head()
    if present == head:
        return None
    return f"the database is at migration {present}, this Tollbook at {head}"


@cache
def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _present(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
