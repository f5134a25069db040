"""The file of a spool: where it is, who may read it, and on which file systems it works."""

import hashlib
import os
import sqlite3
from pathlib import Path

from tollbook_client.errors import SpoolError

VERSION = 1
_PAGE_BYTES = 1024
"""The smallest that fits a few events: a commit writes one page, and sums up all of its bytes."""
_LOG_BYTES = 4 * 1024 * 1024
"""The size of the log that is copied into the file, which waits for the disk."""
_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.s3fs"}
)
_TABLES = (
    "CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    # Oldest first: `seq` is the time of the record in nanoseconds, unique in the file.
    "CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE problems (seq INTEGER PRIMARY KEY, id TEXT NOT NULL, body BLOB NOT NULL, "
    "receipt TEXT NOT NULL, at INTEGER NOT NULL)",
    f"PRAGMA user_version = {VERSION}",
)


def spool_path(spool: str | os.PathLike[str] | None, base_url: str) -> Path:
    """Return the path of the spool: as given, of `TOLLBOOK_SPOOL`, or one for the server."""
    given = spool or os.environ.get("TOLLBOOK_SPOOL")
    if given:
        return Path(given).absolute()
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    digest = hashlib.sha256(base_url.encode()).hexdigest()[:12]
    return Path(state) / "tollbook" / f"spool-{digest}.db"


def prepare(path: Path) -> None:
    """Create the folder and the file, readable by their owner only; raise `SpoolError`."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise SpoolError(
            f"the spool {path} cannot be written ({error.strerror}): make its folder writable, or "
            "set TOLLBOOK_SPOOL to a file on a disk of this machine"
        ) from error
    if file_system := network_file_system(path):
        raise SpoolError(
            f"the spool {path} is on a network file system ({file_system}), where SQLite may lose "
            "data: set TOLLBOOK_SPOOL to a file on a disk of this machine"
        )


def network_file_system(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str | None:
    """Return the type of the network file system that a file is on; None if it is on none."""
    try:
        rows = [line.split() for line in mounts.read_text().splitlines()]
    except OSError:
        return None
    at = [(row[1], row[2]) for row in rows if path.is_relative_to(row[1].replace("\\040", " "))]
    kind = max(at, key=lambda it: len(it[0]), default=("", ""))[1]
    return kind if kind in _NETWORK else None


def open_file(path: Path, *, synchronous: str = "NORMAL") -> sqlite3.Connection:
    """Open a spool, and create its tables in an empty file; raise `SpoolError`.

    A damaged file is never replaced by an empty one.
    """
    try:
        connection = sqlite3.connect(
            path, timeout=30, isolation_level=None, check_same_thread=False
        )
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")  # of a new file only
        mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_BYTES // size}")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            _create(connection)
    except sqlite3.Error as error:
        raise broken(path, error) from error
    if mode != "wal":
        connection.close()
        raise SpoolError(f"the spool {path} cannot use WAL here: move it to a disk of this machine")
    if version > VERSION:
        connection.close()
        raise SpoolError(
            f"the spool {path} is of a later version of tollbook-client: install that version, or "
            "set TOLLBOOK_SPOOL to another file"
        )
    return connection


def _create(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
            for statement in _TABLES:
                connection.execute(statement)
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.execute("ROLLBACK")
        raise


def broken(path: Path, error: sqlite3.Error) -> SpoolError:
    """Return the error of a file that SQLite cannot use."""
    return SpoolError(
        f"the spool {path} cannot be used ({error}): check its disk; if the file is damaged, move "
        "it away and keep it, since it may hold events that were not sent"
    )
