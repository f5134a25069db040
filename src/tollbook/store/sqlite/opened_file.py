"""Connections to SQLite that notice when their path names another file.

A replaced file still exists for the processes that have it open, and what they write is lost. They
must not open the new file either: SQLite would apply a leftover log of the old file to it.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any

from tollbook.domain.errors import StoreUnavailable
from tollbook.store.file_locks import OWNER_ONLY

Identity = tuple[int, int]
_TRIES = 10


class OpenedFile(sqlite3.Connection):
    """A connection that records which file it has open, and its path."""

    path: Path
    identity: Identity | None

    @property
    def is_replaced(self) -> bool:
        """Return whether the path no longer names the file; this takes a few microseconds."""
        return identity_of(self.path) != self.identity


def identity_of(path: Path) -> Identity | None:
    """Return the device and inode of a file; None when there is no file."""
    try:
        found = os.stat(path)  # noqa: PTH116  in every transaction: half the time of `Path.stat`
    except OSError:
        return None
    return found.st_dev, found.st_ino


def open_file(path: Path, *args: Any, **options: Any) -> OpenedFile:
    """Open or create a file; its path must name the same file before and after.

    SQLite creates the files next to a database with the mode of the database.
    """
    with suppress(OSError):  # it exists, or SQLite reports what is wrong with the path
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL, OWNER_ONLY)
        os.fchmod(descriptor, OWNER_ONLY)  # whatever the umask is
        os.close(descriptor)
    for _ in range(_TRIES):
        before = identity_of(path)
        connection = sqlite3.connect(*args, factory=OpenedFile, **options)
        connection.path, connection.identity = path, before
        if not connection.is_replaced:
            return connection
        connection.close()
    raise replaced(path)


def replaced(path: Path) -> StoreUnavailable:
    """Return the error for a path that no longer names the opened file."""
    if identity_of(path) is None:
        return StoreUnavailable("the database file is gone: put it back where it was")
    return StoreUnavailable(
        "the database was replaced by another one; nothing was stored: run the command again, or "
        "restart the server"
    )
