"""CSV as RFC 4180 has it, safe to open in a spreadsheet."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.api.formats.cells import TextCache, chunks, writer_of
from tollbook.domain.errors import TollbookError

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""A cell of text that begins so is a formula to a spreadsheet; an apostrophe keeps it a text.

The last four are the full-width forms of the first four.
"""
_PHONE_NUMBER = re.compile(r"\+[0-9]+")
"""A number with a sign, which is no formula: the id of a phone number must not change."""
_QUOTED = ('"', ",", ";", "\t", "\r", "\n")
"""Spreadsheets of some languages separate cells at semicolons or tabs."""
_BETWEEN = "\0"
_CLOSER = (*_QUOTED, *(_BETWEEN + it for it in _FORMULA))
_END = "\r\n"


def csv_bytes(table: Table, *, escape_formulas: bool = True) -> Iterator[bytes]:
    """Write the names of the columns, then every row.

    With `escape_formulas=False`, texts are written as they are, also those that a spreadsheet runs.
    """
    yield (",".join(column.name for column in table.file_columns) + _END).encode()
    texts = partial(_texts, escaped_cell if escape_formulas else cell)
    cells = [_cells(column, texts) for column in table.file_columns]
    for columns in chunks(table):
        written = [write(it) for write, it in zip(cells, columns, strict=True)]
        lines = map(",".join, zip(*written, strict=True))
        yield (_END.join(lines) + _END).encode()


def csv_error(error: TollbookError) -> bytes:
    """Write an error as a last line with a single cell, unlike any row."""
    return (cell(f"error {error.code}: {error.sentence}") + _END).encode()


def _cells(
    column: Column, texts: Callable[[Sequence[Any]], Sequence[str]]
) -> Callable[[Sequence[Any]], Sequence[str]]:
    if column.kind is ColumnKind.TEXT:
        return texts
    if column.kind is ColumnKind.OBJECT:
        return _objects
    return TextCache(writer_of(column.kind), "").column


def _texts(write: Callable[[str], str], values: Sequence[str | None]) -> Sequence[str]:
    """Write texts; most columns hold none that must be looked at closely."""
    texts = ["" if it is None else it for it in values]
    together = _BETWEEN + _BETWEEN.join(texts)
    return list(map(write, texts)) if any(it in together for it in _CLOSER) else texts


def escaped_cell(text: str) -> str:
    """Write a text so that no spreadsheet runs it as a formula."""
    is_formula = text.startswith(_FORMULA) and not _PHONE_NUMBER.fullmatch(text)
    return cell(f"'{text}" if is_formula else text)


def cell(text: str) -> str:
    """Write a text so that it is read as one cell."""
    return _quoted(text) if any(it in text for it in _QUOTED) else text


def _objects(values: Sequence[str | None]) -> list[str]:
    return [_quoted(it) if it else "" for it in values]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
