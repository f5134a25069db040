"""Opening files to follow: plain ones as they are, packed ones unpacked."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tollbook.records.contents import InputContent

_GZIP = b"\x1f\x8b"
_PIECE = 256 * 1024


class FileKey(NamedTuple):
    """What the system calls a file: it says where to look first, because inodes are reused."""

    device: int
    inode: int


class Opened(NamedTuple):
    """An open file with its unpacked content, and what it was when it was opened."""

    path: str
    key: FileKey
    content: BinaryIO
    is_packed: bool


def key_of(path: str) -> FileKey | None:
    """Return the key of a path, None when there is no file."""
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return FileKey(found.st_dev, found.st_ino)


def opened(path: str) -> Opened | None:
    """Open a file; None when it is gone, or packed and not complete yet."""
    try:
        file = Path(path).open("rb")  # noqa: SIM115  it stays open
    except OSError:
        return None
    found = os.fstat(file.fileno())
    key = FileKey(found.st_dev, found.st_ino)
    if file.read(2) != _GZIP:
        return Opened(path, key, file, is_packed=False)
    with file:
        file.seek(0)
        unpacked = tempfile.TemporaryFile()  # noqa: SIM115  it is read later
        content = InputContent(file)
        for piece in content.pieces():
            unpacked.write(piece)
    if content.damage is not None:
        unpacked.close()
        return None
    return Opened(path, key, unpacked, is_packed=True)


def size_of(file: BinaryIO) -> int:
    """Return the size of an open file."""
    return file.seek(0, os.SEEK_END)


def pieces_from(file: BinaryIO, offset: int) -> Iterator[bytes]:
    """Yield the content of an open file from an offset to its present end."""
    left = size_of(file) - offset
    while left > 0:
        file.seek(offset)
        piece = file.read(min(_PIECE, left))
        if not piece:
            return
        offset += len(piece)
        left -= len(piece)
        yield piece
