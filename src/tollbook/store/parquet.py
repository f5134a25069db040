"""One Parquet file of events: written completely and durably, or not at all; read in groups."""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from errno import ENOSPC
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from tollbook.domain.errors import DiskFull, SettingsError, StoreUnavailable
from tollbook.store.engine import Row
from tollbook.store.events import Stored
from tollbook.store.file_locks import sync

_TEXT, _SMALL, _DAY, _BIG = "string", "int16", "int32", "int64"
KINDS = {
    **dict.fromkeys(Stored._fields, _BIG),
    "day": _DAY,
    "meter": _SMALL,
    **dict.fromkeys(
        ("id", "user_id", "resource_id", "attributes", "tier_key", "reverses", "country"), _TEXT
    ),
}
"""The columns of a file: those of the ledger, in its order, each with its Arrow type."""

UNFINISHED = ".unfinished"
_READ_AT_ONCE = 1 << 20


class WrittenFile(NamedTuple):
    """A written file: `checksum` is the SHA-256 of its bytes, `digest` that of its rows."""

    rows: int
    bytes: int
    checksum: str
    digest: str


def write_file(
    path: Path, groups: Iterable[Sequence[Row]], about: Mapping[str, str]
) -> WrittenFile:
    """Write groups of events to a file that exists only once all of it is on disk."""
    arrow, parquet = arrow_modules()
    schema = arrow.schema([(name, getattr(arrow, kind)()) for name, kind in KINDS.items()])
    schema = schema.with_metadata(dict(about))
    digest, rows = hashlib.sha256(), 0
    unfinished = unfinished_of(path)
    try:
        with parquet.ParquetWriter(unfinished, schema, compression="zstd") as writer:
            for group in groups:
                columns = [list(column) for column in zip(*group, strict=True)]
                _add(digest, columns)
                rows += len(group)
                arrays = [
                    arrow.array(column, type=kind)
                    for column, kind in zip(columns, schema.types, strict=True)
                ]
                writer.write_table(arrow.Table.from_arrays(arrays, schema=schema))
        sync(unfinished)
        unfinished.rename(path)
        sync(path.parent)
    except OSError as error:
        raise not_written(path, error) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return WrittenFile(rows, path.stat().st_size, checksum_of(path), digest.hexdigest())


def unfinished_of(path: Path) -> Path:
    """Return the name that a file has while it is written."""
    return path.with_name(path.name + UNFINISHED)


def not_written(path: Path, error: OSError) -> StoreUnavailable:
    """Return the error for a file that could not be written."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    kind = DiskFull if error.errno == ENOSPC else StoreUnavailable
    return kind(f"{path} could not be written ({reason}); no event was changed")


def read_file(path: Path) -> Iterator[list[Row]]:
    """Read the events of a file, in the groups in which they were written."""
    for columns in _columns(path):
        yield list(zip(*columns, strict=True))


def about(path: Path) -> dict[str, str]:
    """Read the metadata of a file."""
    with _opened(path) as file:
        found = file.schema_arrow.metadata or {}
    return {
        name.decode(): value.decode() for name, value in found.items() if name != b"ARROW:schema"
    }


def digest_of(path: Path) -> str:
    """Hash the rows of a file as they were hashed when it was written."""
    digest = hashlib.sha256()
    for columns in _columns(path):
        _add(digest, columns)
    return digest.hexdigest()


def checksum_of(path: Path) -> str:
    """Hash the bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while some := file.read(_READ_AT_ONCE):
            digest.update(some)
    return digest.hexdigest()


class EventFile:
    """An open file of events, whose rows are read by day."""

    def __init__(self, path: Path) -> None:
        _, parquet = arrow_modules()
        self._file = parquet.ParquetFile(path)
        self._kept: tuple[int, Any] = (-1, None)

    def groups(self, day: int) -> Iterator[Any]:
        """Read the groups that may have events of a day, as Arrow tables in the order of ids.

        The last group that was read is kept: it often has the day before, too.
        """
        column = list(KINDS).index("day")
        for number in range(self._file.num_row_groups):
            days = self._file.metadata.row_group(number).column(column).statistics
            if days.min <= day <= days.max:
                if self._kept[0] != number:
                    self._kept = number, self._file.read_row_group(number)
                yield self._kept[1]


def _columns(path: Path) -> Iterator[list[list[Any]]]:
    with _opened(path) as file:
        for number in range(file.num_row_groups):
            table = file.read_row_group(number)
            yield [table.column(name).to_pylist() for name in KINDS]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    _, parquet = arrow_modules()
    with parquet.ParquetFile(path) as file:
        yield file


def _add(digest: Any, columns: list[list[Any]]) -> None:
    for column in columns:
        digest.update(msgspec.msgpack.encode(column))


def arrow_modules() -> tuple[Any, Any]:
    """Import the library and its module for Parquet; most of Tollbook runs without it.

    Raise `SettingsError` when it is not installed.
    """
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise SettingsError(
            "archives are Parquet files, and need the library pyarrow, which is not installed: "
            "pip install 'pyarrow>=22'"
        ) from error
