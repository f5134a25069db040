"""Archive files that are read: where they are, and whether they are what was recorded."""

import os
from functools import lru_cache
from pathlib import Path

from tollbook.domain.errors import SettingsError
from tollbook.store.archive_files import Archived
from tollbook.store.parquet import arrow_modules, checksum_of

_REMEMBERED = 4_096
"""The files whose checksum is remembered for as long as they do not change."""


class UnreadableArchive(Exception):
    """An archive cannot be read on this machine; `problem` is the reason, as a clause."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def path_of(file: Archived, folder: Path | None) -> Path:
    """Return where an archive is: in `folder`, or else where it was written."""
    moved = None if folder is None else folder / file.file
    written = Path(file.folder) / file.file
    return moved if moved is not None and moved.is_file() else written


def locate(file: Archived, folder: Path | None) -> Path:
    """Return the path of an archive of the recorded size, or raise `UnreadableArchive`."""
    try:
        arrow_modules()
        path = path_of(file, folder)
        size = path.stat().st_size
    except SettingsError as error:
        raise UnreadableArchive(error.sentence) from error
    except FileNotFoundError as error:
        sentence = f"{file.file} is missing; set TOLLBOOK_ARCHIVE_FOLDER to its folder"
        raise UnreadableArchive(sentence) from error
    except OSError as error:
        raise UnreadableArchive(f"{file.file}: {error.strerror}") from error
    if size != file.bytes:
        raise UnreadableArchive(f"{file.file} has a different size than was recorded")
    return path


def require_unchanged(file: Archived, path: Path) -> None:
    """Raise `UnreadableArchive` when the bytes of an archive are not those that were recorded."""
    try:
        checksum = _checksum(path, _identity(path.stat()))
    except OSError as error:
        raise UnreadableArchive(f"{file.file}: {error.strerror}") from error
    if checksum != file.checksum:
        raise UnreadableArchive(f"{file.file} has a different checksum than was recorded")


def _identity(stat: os.stat_result) -> tuple[int, ...]:
    """Return figures that change whenever a file is written or replaced."""
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@lru_cache(_REMEMBERED)
def _checksum(path: Path, _identity_of_file: tuple[int, ...]) -> str:
    return checksum_of(path)
