"""One process of those that share a spool sends: the one that holds the lock."""

import fcntl
import os
from pathlib import Path


class SendingLock:
    """A lock of `<spool>.lock`, which the system releases when the process ends."""

    def __init__(self, spool: Path) -> None:
        self._path = spool.with_name(spool.name + ".lock")
        self._file: int | None = None

    def acquire(self) -> bool:
        """Return whether this process holds the lock, after one attempt without waiting."""
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Release the lock.

        In the child of a fork this closes the copy, which the parent's lock survives.
        """
        if self._file is not None:
            os.close(self._file)
            self._file = None
