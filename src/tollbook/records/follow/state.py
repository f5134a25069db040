"""The state of `--follow`: how far each file is imported, and how the file is recognized."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from tollbook.records.rows import SourceRefused
from tollbook.store.file_locks import OWNER_ONLY, sync

VERSION = 1
HEAD_BYTES = 1_024
TAIL_BYTES = 256
FORGET_AFTER = 7 * 24 * 3600
"""The seconds after which files that are gone leave the state."""


class FileSample(msgspec.Struct):
    """The hash of some bytes of a file, by which it is recognized."""

    bytes: int = 0
    sha256: str = ""


class FileState(msgspec.Struct, kw_only=True):
    """How far a file is imported.

    `offset` is the end of the last whole record that is stored, in the unpacked content, and `line`
    the number of the line that follows. `head` is of the first bytes, `tail` of the last ones
    before the offset. `gone_since` is when no file had this content any more, in seconds
    since 1970.
    """

    path: str
    device: int = 0
    inode: int = 0
    offset: int = 0
    line: int = 1
    head: FileSample = msgspec.field(default_factory=FileSample)
    tail: FileSample = msgspec.field(default_factory=FileSample)
    gone_since: int | None = None

    def matches(self, file: BinaryIO, size: int, key: tuple[int, int]) -> bool:
        """Return whether an unpacked content begins with what is imported of this file.

        Before a row is imported, a short beginning may be a header that other files have, too:
        then the device and the inode must be the same.
        """
        is_telling = self.offset > 0 or self.head.bytes == HEAD_BYTES
        is_same = is_telling or (self.device, self.inode) == key
        return is_same and self.may_match(file, size)

    def may_match(self, file: BinaryIO, size: int) -> bool:
        """Return whether the samples are in an unpacked content."""
        return (
            0 < self.head.bytes <= size
            and self.offset <= size
            and sample_of(file, 0, self.head.bytes) == self.head
            and sample_of(file, self.offset - self.tail.bytes, self.tail.bytes) == self.tail
        )

    def recognize(self, file: BinaryIO, size: int) -> None:
        """Take the first bytes of a file of which nothing is imported yet."""
        self.head = sample_of(file, 0, min(size, HEAD_BYTES))
        self.tail = sample_of(file, 0, 0)

    def advance(self, file: BinaryIO, offset: int, line: int) -> None:
        """Note that a file is imported up to an offset."""
        self.offset, self.line = offset, line
        self.head = sample_of(file, 0, min(max(offset, self.head.bytes), HEAD_BYTES))
        size = min(offset, TAIL_BYTES)
        self.tail = sample_of(file, offset - size, size)


def sample_of(file: BinaryIO, start: int, size: int) -> FileSample:
    """Return the hash of some bytes of a file."""
    file.seek(start)
    return FileSample(size, sha256(file.read(size)).hexdigest())


class State(msgspec.Struct):
    """The file of a state."""

    version: int
    options: dict[str, Any]
    files: list[FileState]


class StateFile:
    """A state on the disk, written as a whole after each commit."""

    def __init__(self, path: Path, options: dict[str, Any]) -> None:
        self.path = path
        self._options = options

    def load(self, *, options_may_differ: bool) -> list[FileState]:
        """Return the files of the state, none when there is no state yet.

        Raise `SourceRefused` when the state cannot be read, or has other options.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise SourceRefused(
                f"the state {self.path} cannot be read: {error.strerror}"
            ) from error
        try:
            state = msgspec.json.decode(content, type=State)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SourceRefused(
                f"the state {self.path} is damaged: {error}. Restore it, or remove it to read all "
                "files from their beginning; stored events are duplicates"
            ) from error
        if state.version != VERSION:
            raise SourceRefused(f"the state {self.path} was written by another version")
        if state.options != self._options and not options_may_differ:
            raise SourceRefused(
                f"the options differ from those in {self.path}: rows that are read again could be "
                "in conflict. Confirm with --options-changed"
            )
        return state.files

    def save(self, files: list[FileState]) -> None:
        """Write the state next to the old one, and replace it when it is on the disk."""
        content = msgspec.json.format(
            msgspec.json.encode(State(VERSION, self._options, files)), indent=1
        )
        new = self.path.with_name(self.path.name + ".new")
        descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, OWNER_ONLY)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)
        sync(self.path.parent)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a state; raise `SourceRefused` when another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, OWNER_ONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SourceRefused(f"another process follows files with the state {path}") from error
        yield
    finally:
        os.close(descriptor)
