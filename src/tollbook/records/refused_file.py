"""The file of refused rows: each with its reason, ready to be corrected and imported again."""

import os
from pathlib import Path
from typing import BinaryIO

from tollbook.domain.visible import visible
from tollbook.records.csv_rows import COMMENT
from tollbook.records.rows import RefusedRow

_MOST_NAMES = 1_000


class RefusedFile:
    """Writes refused rows to a file that is made with the first of them, readable by its owner.

    `description` is the first line: the format and options to import it again with. A row is
    written as it was in its source, after a comment line that imports pass over. `path` is a new
    file, or the folder of one with the time in its name.
    """

    def __init__(
        self, path: Path | None, folder: Path, stamp: str, ending: str, description: str
    ) -> None:
        self.path: Path | None = None
        self._wanted = path
        self._default = folder / f"refused-{stamp}.{ending}"
        self._description = description
        self._file: BinaryIO | None = None
        self._header: bytes = b""

    def add(self, name: str, header: bytes, line: int, refusal: RefusedRow, raw: bytes) -> None:
        """Write a refused row of a source with this name and header."""
        file = self._file or self._open()
        if header and header != self._header:
            file.write(_ended(header))
            self._header = header
        where = f"{name} line {line}"
        parts = [it for it in (refusal.field, refusal.code, refusal.sentence) if it]
        file.write(COMMENT + f" {visible(where)}: {visible(': '.join(parts))}\n".encode())
        file.write(_ended(raw))

    def sync(self) -> None:
        """Write everything to the disk."""
        if self._file is not None:
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self.sync()
            self._file.close()
            self._file = None

    def _open(self) -> BinaryIO:
        self.path, self._file = _create(self._wanted, self._default)
        self._file.write(COMMENT + f" {visible(self._description)}\n".encode())
        return self._file


def _create(wanted: Path | None, default: Path) -> tuple[Path, BinaryIO]:
    """Create a file that does not exist yet."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY
    if wanted is not None:
        return wanted, os.fdopen(os.open(wanted, flags, 0o600), "wb")
    for n in range(1, _MOST_NAMES):
        path = default if n == 1 else default.with_stem(f"{default.stem}-{n}")
        try:
            return path, os.fdopen(os.open(path, flags, 0o600), "wb")
        except FileExistsError:
            continue
    raise FileExistsError(f"{default} and {_MOST_NAMES} names like it exist")


def _ended(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"
