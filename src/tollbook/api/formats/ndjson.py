"""Lines of JSON: an object for each row, with the fields of the JSON answer."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.api.formats.cells import TextCache, chunks, writer_of
from tollbook.domain.errors import TollbookError
from tollbook.domain.exact import raw_amount

_AS_THEY_ARE = (ColumnKind.TEXT, ColumnKind.COUNT, ColumnKind.SHARE, ColumnKind.FLAG)
_STRINGS = (ColumnKind.DAY, ColumnKind.INSTANT, ColumnKind.METER, ColumnKind.UNIT)
_NULL = msgspec.Raw(b"null")
_encode_lines = msgspec.json.Encoder().encode_lines


def ndjson_bytes(table: Table) -> Iterator[bytes]:
    """Write every row on a line of its own."""
    line = _line_of(table.file_columns)
    values = [_values(column) for column in table.file_columns]
    for columns in chunks(table):
        rows = map(line, *(write(it) for write, it in zip(values, columns, strict=True)))
        yield _encode_lines(list(rows))


def _line_of(columns: Sequence[Column]) -> type[msgspec.Struct]:
    """Return the type of a line, whose fields are encoded with the names of the columns.

    A name such as `voice.call.cost` is not one that a field in Python can have.
    """
    names = {f"column_{place}": it.name for place, it in enumerate(columns)}
    return msgspec.defstruct("Line", [(it, Any) for it in names], rename=names, gc=False)


def ndjson_error(error: TollbookError) -> bytes:
    """Write an error as a last line, with the fields of an error in JSON."""
    return _encode_lines([{"success": False, "error": error.sentence, "code": error.code}])


def _values(column: Column) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """Return the function that prepares a column's values; numbers are written exactly."""
    if column.kind in _AS_THEY_ARE:
        return _unchanged
    if column.kind is ColumnKind.OBJECT:
        return _objects
    if column.kind is ColumnKind.AMOUNT:
        return TextCache(raw_amount, _NULL).column
    write = writer_of(column.kind)
    if column.kind in _STRINGS:
        return TextCache[str | None](write, None).column
    return TextCache(lambda value: msgspec.Raw(write(value)), _NULL).column


def _unchanged(values: Sequence[Any]) -> Sequence[Any]:
    return values


def _objects(values: Sequence[str | None]) -> list[msgspec.Raw]:
    return [_NULL if it is None else msgspec.Raw(it or "{}") for it in values]
