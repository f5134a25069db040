"""Copies of an SQLite database: online backups, checks, and replacing the file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tollbook.domain.errors import BackupRefused
from tollbook.store.engine import Progress
from tollbook.store.file_locks import sync
from tollbook.store.sqlite.opened_file import OpenedFile, open_file, replaced

_PAGES = 2_000
MAGIC = b"SQLite format 3\x00"
COMPANIONS = ("-wal", "-shm", "-journal")
_WAIT_SECONDS = 2
_NOT_WRITTEN = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_FULL", "SQLITE_IOERR")


@contextmanager
def refuse_failures(path: Path) -> Iterator[None]:
    """Raise `BackupRefused` for an error of SQLite while a file is written."""
    try:
        yield
    except sqlite3.Error as error:
        raise BackupRefused(f"{path} could not be written: {error}") from error


def copy_database(source: Path, target: Path, progress: Progress) -> None:
    """Copy a database that is in use to a file, as it is at one moment.

    The open transaction keeps that moment. Without it, each commit of another process would restart
    the copy, which under load would never end.
    """
    address = f"{source.absolute().as_uri()}?mode=rw"
    with closing(open_file(source, address, uri=True)) as connection:
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout = 30000")
        connection.execute("BEGIN")
        connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if connection.is_replaced:  # by a restore that this waited for
            raise replaced(source)
        with closing(sqlite3.connect(target)) as copy:
            connection.backup(
                copy, pages=_PAGES, progress=lambda _, left, of: progress(of - left, of)
            )
        connection.execute("ROLLBACK")
    make_one_file(target)


def make_one_file(path: Path) -> None:
    """Move the log of a database into its file, and wait until it is on disk."""
    with closing(sqlite3.connect(path)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE").fetchone()
    sync(path)


def check_kind(path: Path) -> None:
    """Refuse a file that does not begin like an SQLite database."""
    if not path.is_file():
        raise BackupRefused(f"{path} is not a file")
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise BackupRefused(f"{path} is not an SQLite database")


def check_database(path: Path, *, quick: bool) -> None:
    """Refuse a file that is damaged or not a database of Tollbook."""
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
        raise BackupRefused(f"{path} is a database, but not one of Tollbook")


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Lock a database that no other process has open; yield whether it has no tenant.

    Leaving WAL mode needs the only connection, and moves the log into the file. Then no other
    connection reads or writes until the end. A connection that waits until then has the old file
    open, and finds that the path names another file.
    """
    is_new = not path.exists()
    opened = open_file(path, path, timeout=_WAIT_SECONDS, isolation_level=None)
    with closing(opened) as connection:
        is_empty = _hold(connection)
        try:
            yield is_empty
        finally:
            if is_new and is_empty and not connection.is_replaced:
                path.unlink()


def _hold(connection: OpenedFile) -> bool:
    """Lock a database; return whether it has no tenant.

    An empty file first becomes a database without tables. SQLite removes the log of an empty file
    as a leftover, and a waiting connection might remove the log of the restored database.
    """
    try:
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        if not connection.path.stat().st_size:
            connection.execute("PRAGMA user_version = 0")
        connection.execute("BEGIN EXCLUSIVE")
        is_empty = _is_empty(connection)
    except sqlite3.DatabaseError as error:
        reason = error.sqlite_errorname
        if reason.startswith("SQLITE_BUSY"):
            raise _in_use(connection.path) from error
        if reason.startswith(_NOT_WRITTEN):
            raise
        is_empty = False  # not a database: no process has it open, but its content may matter
    if connection.is_replaced:
        raise replaced(connection.path)
    return is_empty


def _is_empty(connection: sqlite3.Connection) -> bool:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if "tenants" not in tables:
        return not tables
    return connection.execute("SELECT 1 FROM tenants LIMIT 1").fetchone() is None


def _in_use(path: Path) -> BackupRefused:
    return BackupRefused(f"{path} is in use: stop the server and every other command on it first")


def put_in_place(new: Path, path: Path) -> None:
    """Replace a locked database with another file, in one step."""
    for suffix in COMPANIONS:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    new.rename(path)
    sync(path.parent)
