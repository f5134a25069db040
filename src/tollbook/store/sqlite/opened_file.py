"""SQLite files that know when their path names another file: a restored one, or one moved there.

A file that was replaced is still there for those that have it open, and what they write is lost.
They do not open the new one either: a log that the old one has left would be taken for its own.
"""

import os
import sqlite3
from pathlib import Path
from typing import Any

from tollbook.domain.errors import StoreUnavailable

Identity = tuple[int, int]
_TRIES = 10


class OpenedFile(sqlite3.Connection):
    """A connection that knows which file it has open, and by which path."""

    path: Path
    identity: Identity | None

    @property
    def is_replaced(self) -> bool:
        """Return whether the path no longer names the file; it takes a few microseconds."""
        return identity_of(self.path) != self.identity


def identity_of(path: Path) -> Identity | None:
    """Return what tells a file from all others that are there; None when there is no file."""
    try:
        found = os.stat(path)  # noqa: PTH116  in every transaction: half the time of `Path.stat`
    except OSError:
        return None
    return found.st_dev, found.st_ino


def open_file(path: Path, *given: Any, **named: Any) -> OpenedFile:
    """Open a file, or make one; its path must name the same file before and after."""
    for _ in range(_TRIES):
        before = identity_of(path)
        connection = sqlite3.connect(*given, factory=OpenedFile, **named)
        connection.path, connection.identity = path, before
        if not connection.is_replaced:
            return connection
        connection.close()
    raise replaced(path)


def replaced(path: Path) -> StoreUnavailable:
    """Make the error of a path that no longer names the file that was opened by it."""
    if identity_of(path) is None:
        return StoreUnavailable("the database file is gone: put it back where it was")
    return StoreUnavailable(
        "the database was replaced by another one; nothing was stored: run the command again, or "
        "restart the server"
    )
