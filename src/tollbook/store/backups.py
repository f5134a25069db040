"""Backing a database up while it is in use, and putting a backup in its place, on either engine."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from tollbook.domain.errors import BackupRefused
from tollbook.store import drafts, versions
from tollbook.store.database import Database, open_database, translate_errors
from tollbook.store.engine import TimeLimit
from tollbook.store.file_locks import create_locked, lock_abandoned
from tollbook.store.migrate import migrate, missing_migrations
from tollbook.store.postgres import dumps as postgres_dumps
from tollbook.store.sqlite import copies as sqlite_copies
from tollbook.store.sqlite.copies import Progress
from tollbook.store.verification import CHECKS, RowDifference, count_events, differences

_OWNER_ONLY = 0o600
_UNFINISHED = ".unfinished"


def back_up(url: str, target: Path, progress: Progress, *, quick: bool) -> int | None:
    """Write a checked backup of a database to a file that is there only once it is whole.

    Give the number of events in it where that was counted: a dump cannot be looked into.
    """
    if target.exists():
        raise BackupRefused(f"{target} exists already: a backup never takes the place of another")
    unfinished = target.with_name(target.name + _UNFINISHED)
    with (
        translate_errors(),
        closing(open_database(url)) as database,
        _writing(unfinished) as lock,
    ):
        _remove_abandoned(target.absolute().parent)
        events = None
        if database.engine.name == "sqlite":
            events = _copy(_path(database), unfinished, progress, quick=quick)
        else:
            postgres_dumps.dump_database(database.engine.sqlalchemy.url, unfinished, progress, lock)
            postgres_dumps.check_dump(unfinished)
        unfinished.rename(target)
    sqlite_copies.sync(target.absolute().parent)
    return events


def restore(url: str, source: Path, progress: Progress, *, replace: bool, quick: bool) -> int:
    """Put a backup in the place of an empty database, or of any; give the number of its events.

    It is brought up to date too. On SQLite, and in the transaction of PostgreSQL, all of it
    happens or nothing does.
    """
    with translate_errors(), closing(open_database(url)) as database:
        if database.engine.name == "sqlite":
            return _restore_file(_path(database), source, progress, replace=replace, quick=quick)
        address = database.engine.sqlalchemy.url
        postgres_dumps.check_dump(source)
        if not replace and not postgres_dumps.is_empty(address):
            raise _in_the_way()
        postgres_dumps.restore_dump(address, source, versions.new_token())
        migrate(database)
        return _proved(database, quick=quick)


def _copy(source: Path, target: Path, progress: Progress, *, quick: bool) -> int | None:
    if not source.is_file():
        raise BackupRefused(f"there is no database at {source}")
    sqlite_copies.check_kind(source)
    sqlite_copies.copy_database(source, target, progress)
    sqlite_copies.check_database(target, quick=quick)
    with closing(open_database(f"sqlite:///{target.absolute()}")) as copy:
        events = None if missing_migrations(copy) else _proved(copy, quick=quick)
    sqlite_copies.make_one_file(target)
    return events


def _restore_file(
    path: Path, source: Path, progress: Progress, *, replace: bool, quick: bool
) -> int:
    path = path.resolve()
    if path.exists() and source.exists() and path.samefile(source):
        # A file that is opened and closed a second time loses its locks, too.
        raise BackupRefused(f"{source} is the database itself, and no backup of it")
    new = path.with_name(path.name + ".restoring")
    with sqlite_copies.alone(path) as is_empty:
        sqlite_copies.check_database(source, quick=quick)
        if not replace and not is_empty:
            raise _in_the_way()
        with _writing(new):
            progress(0, 1)
            shutil.copyfile(source, new)
            events = _bring_up_to_date(new, quick=quick)
            sqlite_copies.make_one_file(new)
            sqlite_copies.put_in_place(new, path)
    return events


def _bring_up_to_date(path: Path, *, quick: bool) -> int:
    """Migrate and prove a copied database, and have nothing seem to hold of what it was."""
    with closing(open_database(f"sqlite:///{path}")) as database:
        migrate(database)
        with database.writing() as transaction:
            # In the database that was backed up they may have become archives since.
            drafts.forget_all(transaction)
            versions.renew_tokens(transaction)
        return _proved(database, quick=quick)


def _proved(database: Database, *, quick: bool) -> int:
    """Recompute every sum unless it is to be quick; refuse when any differs."""
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


def _in_the_way() -> BackupRefused:
    return BackupRefused(
        "the database is not empty: back it up, then say --replace, or choose another in "
        "TOLLBOOK_DATABASE_URL"
    )


def _path(database: Database) -> Path:
    return Path(database.engine.sqlalchemy.url.database or "")


@contextmanager
def _writing(path: Path) -> Iterator[int]:
    """Hold the lock of a file while it is written; leave nothing of one that was not finished."""
    try:
        with create_locked(path, _OWNER_ONLY) as lock:
            try:
                path.chmod(_OWNER_ONLY)
                for suffix in sqlite_copies.BESIDE:  # of a command that was killed
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
                yield lock
            finally:
                _remove(path)
    except BlockingIOError as error:
        raise BackupRefused(f"{path} is being written by another command: wait for it") from error
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise BackupRefused(f"{path} could not be written: {reason}") from error


def _remove(path: Path) -> None:
    for suffix in ("", *sqlite_copies.BESIDE):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _remove_abandoned(folder: Path) -> None:
    """Remove the unfinished backups in a folder whose commands were killed."""
    for path in folder.glob(f"*{_UNFINISHED}"):
        with suppress(OSError):  # what is not ours to remove stays
            with path.open("rb") as file:
                is_backup = file.read(len(sqlite_copies.MAGIC)).startswith(
                    (sqlite_copies.MAGIC, postgres_dumps.MAGIC)
                )
            with lock_abandoned([path]) as abandoned:
                if is_backup and abandoned:
                    _remove(path)
