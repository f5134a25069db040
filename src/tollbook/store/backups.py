"""Backing a database up while it is in use, and replacing a database with a backup."""

import shutil
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from tollbook.domain.errors import BackupRefused
from tollbook.store import drafts, versions
from tollbook.store.backup_files import remove_companions, write_alone
from tollbook.store.copying import copy_database
from tollbook.store.database import Database, open_database
from tollbook.store.engine import Backup, Engine, Progress, Restoration, TimeLimit
from tollbook.store.engines import ENGINES, PORTABLE
from tollbook.store.error_translation import translate_errors
from tollbook.store.file_locks import lock_abandoned, sync
from tollbook.store.migrate import has_schema, migrate, missing_migrations
from tollbook.store.tables.schema import SCHEMA_VERSION
from tollbook.store.verification import CHECKS, RowDifference, count_events, differences

_UNFINISHED = ".unfinished"
_MAGIC = tuple(engine.backup_magic for engine in ENGINES)
_COMPANIONS = tuple(suffix for engine in ENGINES for suffix in engine.companions)


def back_up(
    url: str, target: Path, progress: Progress, *, quick: bool, portable: bool = False
) -> int | None:
    """Write a checked backup of a database to a file that exists only once it is whole.

    A `portable` one can be restored into a database of any engine. Return the number of events in
    it, None for a dump, whose events cannot be counted.
    """
    if target.exists():
        raise BackupRefused(f"{target} exists already: a backup never replaces another")
    folder = target.absolute().parent
    unfinished = target.with_name(target.name + _UNFINISHED)
    with (
        translate_errors(),
        closing(open_database(url)) as database,
        write_alone(unfinished, _COMPANIONS) as lock,
    ):
        _remove_abandoned(folder)
        backup = Backup(
            target=unfinished,
            progress=progress,
            lock=lock,
            quick=quick,
            require_schema=partial(_require_schema, database),
            prove=partial(_prove_copy, quick=quick),
        )
        if portable and not isinstance(database.engine, PORTABLE):
            events: int | None = _copy_to_file(url, backup)
        else:
            events = database.engine.back_up(backup)
        unfinished.rename(target)
    sync(folder)
    return events


def restore(url: str, source: Path, progress: Progress, *, replace: bool, quick: bool) -> int:
    """Replace an empty database with a backup, or any with `replace`; return its events' number.

    The backup is brought up to date. A portable one of another engine is only restored into an
    empty database. On SQLite all of it happens or nothing does; on PostgreSQL
    that is true of the restored backup, which is brought up to date afterwards.
    """
    restoration = Restoration(
        source=source,
        progress=progress,
        replace=replace,
        quick=quick,
        finish=partial(_finish, quick=quick),
    )
    with translate_errors(), closing(open_database(url)) as database:
        kind = _engine_of(source)
        if kind and not isinstance(database.engine, kind):
            if kind is PORTABLE:
                return _restore_portable(url, restoration)
            raise BackupRefused(
                f"{source} is a backup of another engine: make one with tollbook backup --portable"
            )
        return database.engine.restore(restoration)


def _copy_to_file(url: str, backup: Backup) -> int:
    """Copy a database of any engine, as it is now, to a file."""
    backup.require_schema()
    file = PORTABLE.url_of(backup.target)
    copied = copy_database(url, file, backup.progress, of_moment=True, quick=backup.quick)
    PORTABLE.make_one_file(backup.target)
    return copied.events


def _engine_of(path: Path) -> type[Engine] | None:
    """Return the engine that wrote a backup; None when the file is no backup."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        start = file.read(max(map(len, _MAGIC)))
    return next((it for it in ENGINES if start.startswith(it.backup_magic)), None)


def _restore_portable(url: str, restoration: Restoration) -> int:
    """Bring a copy of a portable backup up to date, and copy everything from it."""
    source, quick = restoration.source, restoration.quick
    PORTABLE.check_backup(source, quick=quick)
    new = source.with_name(f"{source.name}.restoring")
    with write_alone(new, PORTABLE.companions):
        shutil.copyfile(source, new)
        file = PORTABLE.url_of(new)
        with closing(open_database(file)) as backup:
            migrate(backup)
        return copy_database(file, url, restoration.progress, of_moment=True, quick=quick).events


def _require_schema(database: Database) -> None:
    if not has_schema(database):
        raise BackupRefused(
            "the database has no schema of Tollbook: run `tollbook migrate`, or set "
            "TOLLBOOK_DATABASE_URL to another database"
        )


def _prove_copy(engine: Engine, *, quick: bool) -> int | None:
    copy = _database(engine)
    return None if missing_migrations(copy) else _prove(copy, quick=quick)


def _finish(engine: Engine, *, quick: bool) -> int:
    """Bring a restored database up to date, make it another state, and prove it."""
    database = _database(engine)
    migrate(database)
    with database.writing() as transaction:
        # In the database that was backed up, drafts may have become archives since.
        drafts.forget_all(transaction)
        versions.renew_tokens(transaction)
    return _prove(database, quick=quick)


def _database(engine: Engine) -> Database:
    return Database(engine, schema_version=SCHEMA_VERSION)


def _prove(database: Database, *, quick: bool) -> int:
    """Recompute every sum, unless it is to be quick, and refuse when any differs; count events."""
    with database.reading(TimeLimit.NONE) as snapshot:
        found: list[RowDifference] = []
        for check in CHECKS if not quick else ():
            found.extend(differences(snapshot, check))
        events = count_events(snapshot)
    if found:
        raise BackupRefused(
            f"{len(found)} sums of the backup differ from its events, the first in "
            f"{found[0].check}: run tollbook verify on the database it was made of"
        )
    return events


def _remove_abandoned(folder: Path) -> None:
    """Remove the unfinished backups in a folder whose commands were killed."""
    for path in folder.glob(f"*{_UNFINISHED}"):
        with suppress(OSError):  # a file of somebody else stays
            with path.open("rb") as file:
                is_backup = file.read(max(map(len, _MAGIC))).startswith(_MAGIC)
            with lock_abandoned([path]) as abandoned:
                if is_backup and abandoned:
                    path.unlink()
                    remove_companions(path, _COMPANIONS)
