"""CSV as RFC 4180 has it, safe to open in a spreadsheet."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.api.formats.cells import TextCache, chunks, writer_of

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell of text that begins so is a formula to a spreadsheet; an apostrophe keeps it a text."""
_QUOTED = ('"', ",", "\r", "\n")
_BETWEEN = "\0"
_CLOSER = (*_QUOTED, *(_BETWEEN + it for it in _FORMULA))
_END = "\r\n"


def csv_bytes(table: Table) -> Iterator[bytes]:
    """Write the names of the columns, then every row."""
    yield (",".join(column.name for column in table.columns) + _END).encode()
    cells = [_cells(column) for column in table.columns]
    for columns in chunks(table):
        written = [write(it) for write, it in zip(cells, columns, strict=True)]
        lines = map(",".join, zip(*written, strict=True))
        yield (_END.join(lines) + _END).encode()


def _cells(column: Column) -> Callable[[Sequence[Any]], Sequence[str]]:
    if column.kind is ColumnKind.TEXT:
        return _texts
    if column.kind is ColumnKind.OBJECT:
        return _objects
    return TextCache(writer_of(column.kind), "").column


def _texts(values: Sequence[str | None]) -> Sequence[str]:
    """Write texts; most columns hold none that must be looked at closely."""
    texts = ["" if it is None else it for it in values]
    together = _BETWEEN + _BETWEEN.join(texts)
    return list(map(cell, texts)) if any(it in together for it in _CLOSER) else texts


def no_formula(text: str) -> str:
    """Keep a text from being taken for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def cell(text: str) -> str:
    """Write a text so that it is read as one, and nothing else."""
    guarded = no_formula(text)
    return _quoted(guarded) if any(it in guarded for it in _QUOTED) else guarded


def _objects(values: Sequence[str | None]) -> list[str]:
    return [_quoted(it) if it else "" for it in values]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
