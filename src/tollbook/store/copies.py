"""Copies of an SQLite database: its own online backup, and one file put in the place of another."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tollbook.domain.errors import BackupRefused

Progress = Callable[[int, int], None]
"""Is told how much is done, of how much."""

_PAGES = 2_000
MAGIC = b"SQLite format 3\x00"
BESIDE = ("-wal", "-shm", "-journal")
_WAIT_MS = 2_000


def copy_database(source: Path, target: Path, progress: Progress) -> None:
    """Copy a database that is in use to a file, as it is at one moment.

    The open transaction keeps that moment: without it, each commit of another process would make
    the copying begin again, and under load it would never end.
    """
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as connection:
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout = 30000")
        connection.execute("BEGIN")
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        with closing(sqlite3.connect(target)) as copy:
            connection.backup(
                copy, pages=_PAGES, progress=lambda _, left, of: progress(of - left, of)
            )
        connection.execute("ROLLBACK")
    make_one_file(target)


def make_one_file(path: Path) -> None:
    """Have all of a database in its file, without a log beside it, and on disk."""
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE").fetchone()
    sync(path)


def check_kind(path: Path) -> None:
    """Refuse a file that does not begin like a database."""
    if not path.is_file():
        raise BackupRefused(f"{path} is not a file")
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise BackupRefused(f"{path} is not an SQLite database")


def check_database(path: Path, *, quick: bool) -> None:
    """Refuse a file that is no database of Tollbook, or one with damage in it."""
    check_kind(path)
    pragma = "quick_check" if quick else "integrity_check"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as found:
            problems = [row[0] for row in found.execute(f"PRAGMA {pragma}(5)")]
            known = found.execute(
                "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
            ).fetchone()
    except sqlite3.DatabaseError as error:
        raise BackupRefused(f"{path} cannot be read: {error}") from error
    if problems != ["ok"]:
        raise BackupRefused(f"{path} is damaged: {problems[0]}")
    if known is None:
        raise BackupRefused(f"{path} is a database, and not one of Tollbook")


def is_empty(path: Path) -> bool:
    """Tell whether nothing is lost when a database gives way: it is not there, or has no tenant."""
    if not path.exists() or not path.stat().st_size:
        return True
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as found:
            tables = {row[0] for row in found.execute("SELECT name FROM sqlite_master")}
            if "tenants" not in tables:
                return not tables
            return found.execute("SELECT 1 FROM tenants LIMIT 1").fetchone() is None
    except sqlite3.DatabaseError:
        return False  # what cannot be read may be somebody's


def put_in_place(new: Path, path: Path) -> None:
    """Put a database in the place of another in one step, and see that nobody has that open."""
    with _alone(path):
        for suffix in BESIDE:
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        new.rename(path)
    sync(path.parent)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a database that nobody else has open.

    Leaving WAL takes the only connection there is, and puts what is in the log into the file.
    """
    if not path.exists() or not path.stat().st_size:
        yield
        return
    with closing(sqlite3.connect(path)) as connection:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {_WAIT_MS}")
        try:
            (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
            if mode != "delete":
                raise _in_use(path)
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise _in_use(path) from error
        except sqlite3.DatabaseError:
            pass  # what is no database is open to nobody
        yield


def _in_use(path: Path) -> BackupRefused:
    return BackupRefused(f"{path} is in use: stop the server and every other command on it first")


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
