"""Files that are being written: their locks, and waiting until they are on disk.

A file that is not locked was left by a process that has ended.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

OWNER_ONLY = 0o600
"""The mode of every file that Tollbook creates: they contain what customers sent and paid."""


@contextmanager
def create_locked(path: Path) -> Iterator[int]:
    """Create a file, or empty it, and hold its lock; yield the descriptor that holds it.

    Only its owner can read it, whatever the umask is.

    The lock stays with the file when it is renamed. A child process that inherits the descriptor
    holds the lock, too. Raise `BlockingIOError` when another process holds it.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, OWNER_ONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.fchmod(descriptor, OWNER_ONLY)
        os.ftruncate(descriptor, 0)
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def lock_abandoned(paths: list[Path]) -> Iterator[bool]:
    """Lock files that no process writes; yield False when a process writes one of them."""
    with ExitStack() as held:
        try:
            for path in paths:
                descriptor = _open_to_lock(path)
                held.callback(os.close, descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, FileNotFoundError):
            # Held, or renamed by its writer a moment ago.
            yield False
        else:
            yield True


def _open_to_lock(path: Path) -> int:
    """Open a file to lock it; NFS needs a file that is open for writing."""
    try:
        return os.open(path, os.O_RDWR)
    except PermissionError:
        return os.open(path, os.O_RDONLY)


def is_held(path: Path) -> bool:
    """Return whether a process is writing this file."""
    with lock_abandoned([path]) as abandoned:
        return not abandoned


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
