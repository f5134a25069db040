"""Room on the disk that is kept for sending: SQLite needs some even to remove events."""

import contextlib
import os
from pathlib import Path

BYTES = 4 * 1024 * 1024
"""As much as the largest batch, whose removal may write as many pages to the log."""


class Reserve:
    """A file next to the spool that is given up when the disk is full, and made again later."""

    def __init__(self, spool: Path) -> None:
        self._path = spool.with_name(spool.name + ".reserve")

    def make(self) -> None:
        """Take the room if the disk has it; without it, a full disk may stop the sender."""
        with contextlib.suppress(OSError):
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, BYTES)
            except OSError:
                self._path.unlink(missing_ok=True)
            finally:
                os.close(file)

    def give_up(self) -> bool:
        """Return the room to the disk; return whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True
