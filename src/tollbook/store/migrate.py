"""Bringing a database to the schema of this Tollbook, and refusing a later one."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from tollbook.domain.errors import (
    DatabaseReadOnly,
    DatabaseTooNew,
    DiskFull,
)
from tollbook.store.database import Database
from tollbook.store.engine import STATE_TABLE, Progress, TimeLimit
from tollbook.store.error_translation import translate_errors
from tollbook.store.migrations import ids_as_bytes
from tollbook.store.migrations.ids_as_bytes import convert_ids
from tollbook.store.tables.schema import UNFINISHED_COPY

_BEFORE = "0023"
"""The last migration whose ids are texts."""
_MORE_EVENTS = text("SELECT 1 FROM events LIMIT 1 OFFSET :rows")
_MIGRATIONS = Path(__file__).parent / "migrations"


def ignore_progress(_done: int, _total: int) -> None:
    """Show no progress."""


def migrate(
    database: Database,
    to: str = "head",
    archives: Path | None = None,
    progress: Progress = ignore_progress,
) -> list[str]:
    """Bring an empty database, or one of any earlier Tollbook, up to date, or `to` a migration.

    All migrations happen or none, except that the events of a large ledger are copied before the
    migration of their ids: that shows progress, and continues a run that was killed. An up-to-date
    database is only read, so that a read-only database can be opened. `archives` is the folder of
    archive files that are no longer where they were written. A cluster then divides its tables,
    which shows progress and continues a run that was killed. Return a clause for each archive file
    that a migration needed and could not read.
    """
    missing = missing_migrations(database)
    unread: list[str] = []
    if missing:
        compared: Progress = ignore_progress
        if to == "head" and _has_many_texts(database):
            unread += _convert(database, missing, archives, progress)
            compared = progress
        unread += _migrate(database, missing, to, archives, compared)
    with translate_errors():
        if to == "head" and database.engine.must_divide():
            database.engine.divide(progress)
    return unread


def _has_many_texts(database: Database) -> bool:
    """Return whether ids are texts, and of more events than one transaction converts."""
    largest = {"rows": ids_as_bytes.STEP}
    with translate_errors(), database.engine.reader() as connection, connection.begin():
        present = _present(connection)
        is_earlier = present is not None and present <= _BEFORE
        return is_earlier and connection.execute(_MORE_EVENTS, largest).first() is not None


def _convert(
    database: Database, missing: str, archives: Path | None, progress: Progress
) -> list[str]:
    """Copy the events of a large ledger before the migration that needs their ids as bytes.

    Servers cannot use the database until that migration is done.
    """
    unread: list[str] = []
    with translate_errors(), database.engine.reader() as connection:
        present = _present(connection)
    if present != _BEFORE:
        unread = _migrate(database, missing, _BEFORE, archives)
    try:
        convert_ids(database.engine, progress)
    except DiskFull as error:
        raise DiskFull(
            f"{error.sentence}: make room, and run `tollbook migrate` again, which continues"
        ) from error
    return unread


def _migrate(
    database: Database,
    missing: str,
    to: str,
    archives: Path | None,
    progress: Progress = ignore_progress,
) -> list[str]:
    try:
        return _upgrade(database, to, archives, progress)
    except DatabaseReadOnly as error:
        raise DatabaseReadOnly(
            f"the database is read-only and cannot be brought up to date: {missing}; on a standby, "
            "run `tollbook migrate` on its primary"
        ) from error
    except DiskFull as error:
        raise DiskFull(
            f"{error.sentence}: nothing was changed, and the earlier Tollbook can still use the "
            "database; make room to bring it up to date"
        ) from error


def _upgrade(database: Database, to: str, archives: Path | None, progress: Progress) -> list[str]:
    with (
        translate_errors(),
        database.engine.writer(TimeLimit.NONE) as connection,
        connection.begin(),
    ):
        database.engine.lock_migrations(connection)
        config = _config()
        script = ScriptDirectory.from_config(config)
        present = _present(connection)
        if present == script.get_current_head():
            return []
        known = {step.revision for step in script.walk_revisions()}
        if present is not None and present not in known:
            raise DatabaseTooNew(
                f"the database is at migration {present}, which this Tollbook does not know: "
                "a later version wrote it. Upgrade Tollbook, or choose another database"
            )
        database.engine.exclude_others(connection)
        unread: list[str] = []
        config.attributes |= {
            "connection": connection,
            "engine": database.engine,
            "archives": archives,
            "progress": progress,
            "unread_archives": unread,
        }
        command.upgrade(config, to)
        if inspect(connection).has_table(STATE_TABLE):
            connection.execute(
                text(
                    f"UPDATE {STATE_TABLE} SET schema_version = :version "
                    "WHERE schema_version <> :unfinished"
                ),
                {"version": _present(connection), "unfinished": UNFINISHED_COPY},
            )
        return unread


def missing_migrations(database: Database) -> str | None:
    """Return how the schema differs from this Tollbook's; None when it is the same."""
    with translate_errors(), database.engine.reader() as connection:
        present, head = _present(connection), _head()
    if present == head:
        return None
    return f"the database is at migration {present}, this Tollbook at {head}"


def has_schema(database: Database) -> bool:
    """Return whether any Tollbook has migrated a database."""
    with translate_errors(), database.engine.reader() as connection:
        return _present(connection) is not None


@cache
def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _present(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
