"""Backups and databases while they are written: by one process, whole or not at all."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tollbook.domain.errors import BackupRefused
from tollbook.store.file_locks import create_locked


@contextmanager
def write_alone(path: Path, companions: Sequence[str]) -> Iterator[int]:
    """Hold the lock of a file while it is written; remove it unless it was renamed.

    Yield the descriptor that holds the lock. Files next to it, with the suffixes of `companions`,
    are removed too. Raise `BackupRefused` when the file cannot be written.
    """
    try:
        with create_locked(path) as lock:
            try:
                remove_companions(path, companions)  # of a command that was killed
                yield lock
            finally:
                path.unlink(missing_ok=True)
                remove_companions(path, companions)
    except BlockingIOError as error:
        raise BackupRefused(f"{path} is being written by another command: wait for it") from error
    except OSError as error:
        raise BackupRefused(f"{path} could not be written: {error.strerror or error}") from error


def remove_companions(path: Path, companions: Sequence[str]) -> None:
    """Remove the files that an engine keeps next to a file, such as its log."""
    for suffix in companions:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
