"""A deck in a workbook (.xlsx): one visible sheet, its cells as texts or refused by name.

Workbooks are read by openpyxl, which shows errors and number formats: both matter in a price list.
"""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.deck_columns import Columns
from tollbook.rating.books.deck_headers import AREA_CODES, COUNTRY_CODE, PREFIX_FIELDS
from tollbook.rating.books.deck_prefixes import KEEPS_ZERO
from tollbook.rating.books.deck_status import skip_reason
from tollbook.rating.books.deck_table import DeckTable, Line
from tollbook.rating.books.deck_terms import DeckProblems, DeckTerms
from tollbook.rating.books.fields import DAY, FIELDS, PRICE
from tollbook.rating.books.workbook_cells import (
    CellText,
    Convert,
    cell_text,
    code_text,
    day_text,
    other_text,
    price_text,
)

WORKBOOK_MAGIC = b"PK\x03\x04"
MOST_UNPACKED = 512 * 1024 * 1024
_CHUNK = 1024 * 1024
_OVERLAP = 1024
_FORMULA = re.compile(rb"<f[ />]")
_HIDDEN_ROW = re.compile(rb'<row\b[^>]{0,800}?\bhidden="(?:1|true)"')
_NOT_XLSX = "the deck is no .xlsx workbook: save it as .xlsx or CSV"
_INSTALL = "a workbook needs openpyxl: pip install 'tollbook[xlsx]'"


def open_workbook(content: bytes, sheet: str) -> "SheetTable":
    """Open the only visible sheet of a workbook, or the visible one with a name.

    Raise `PriceBookRefused` when there is no such sheet, or the workbook cannot be read.
    """
    _check_archive(content)
    book = _load(content, data_only=True)
    visible = [it for it in book.worksheets if it.sheet_state == "visible"]
    named = [it for it in visible if it.title == sheet] if sheet else visible
    if len(named) != 1:
        names = ", ".join(it.title for it in visible) or "none"
        wanted = f"there is no visible sheet {sheet!r}" if sheet else "set sheet to one of them"
        raise PriceBookRefused(f"the workbook has the visible sheets {names}: {wanted}")
    return SheetTable(content, book, named[0])


class SheetTable(DeckTable):
    """The rows of a sheet; hidden rows are read, and counted."""

    def __init__(self, content: bytes, book: Any, sheet: Any) -> None:
        self._content = content
        self._book = book
        self._sheet = sheet
        self.sheet = sheet.title
        path = sheet._worksheet_path  # no public name leads from a sheet to its file
        self._has_formulas, self.hidden = _scan(content, path)

    @property
    def readings(self) -> Sequence[str]:
        """Return the only way to read a sheet."""
        return ("",)

    def rows(self, _reading: str, _problems: DeckProblems) -> Iterator[Line]:
        """Yield rows as the texts of their cells, each with its cell, without empty ones."""
        for number, (cells, formulas) in enumerate(self._pairs_of_rows(), 1):
            row: list[str] = [
                cell_text(cell, formulas[at].value if at < len(formulas) else None)
                for at, cell in enumerate(cells)
            ]
            if any(row):
                yield number, row

    def convert(
        self, columns: Columns, rows: Iterator[Line], terms: DeckTerms, problems: DeckProblems
    ) -> Iterator[Line]:
        """Yield rows with the text that each cell has as a field; what is wrong is noted."""
        converts = _converts(columns, self._book.epoch)
        country_at = columns.at.get(COUNTRY_CODE)
        for line, row in rows:
            cells = [*row, *[""] * (columns.width - len(row))]
            if skip_reason(columns.filters, cells) is not None:
                yield line, cells
                continue
            before = problems.count
            country = cells[country_at].strip(" +") if country_at is not None else ""
            for at, convert in converts.items():
                cell = cells[at]
                if isinstance(cell, CellText):
                    try:
                        cells[at] = convert(cell, terms)
                        if at == columns.at.get(AREA_CODES):
                            _check_area(cell, country)
                    except ValueError as error:
                        name = columns.header[at]
                        problems.note(line, name, "invalid_cell", f"{name} {error}", at)
            if problems.count == before:
                yield line, _without_empty_end(cells, columns.width)

    def _pairs_of_rows(self) -> Iterator[tuple[Sequence[Any], Sequence[Any]]]:
        """Yield the cells of each row, with their formulas where there are any."""
        self._sheet.reset_dimensions()
        rows = self._sheet.iter_rows(min_row=1)
        if not self._has_formulas:
            for row in rows:
                yield row, ()
            return
        sheet = _load(self._content, data_only=False)[self.sheet]
        sheet.reset_dimensions()
        yield from zip(rows, sheet.iter_rows(min_row=1), strict=False)


def _check_archive(content: bytes) -> None:
    """Refuse what is no workbook, or is too large when it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise PriceBookRefused(f"the workbook is damaged: {error}") from error
    if "xl/workbook.xml" not in {it.filename for it in members}:
        raise PriceBookRefused(_NOT_XLSX)
    if sum(it.file_size for it in members) > MOST_UNPACKED:
        most = MOST_UNPACKED // (1024 * 1024)
        raise PriceBookRefused(f"the workbook has more than {most} MiB when it is unpacked")


def _load(content: bytes, *, data_only: bool) -> Any:
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise PriceBookRefused(_INSTALL) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of features that a price list does not need
            return load_workbook(
                io.BytesIO(content), read_only=True, data_only=data_only, keep_links=False
            )
    except Exception as error:  # openpyxl raises any of them on a damaged file
        raise PriceBookRefused(f"the workbook is damaged: {error}") from error


def _scan(content: bytes, path: str) -> tuple[bool, int]:
    """Return whether a sheet has formulas, and the number of its hidden rows."""
    has_formulas, hidden, rest = False, 0, b""
    with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(path) as file:
        while chunk := file.read(_CHUNK):
            text = rest + chunk
            has_formulas = has_formulas or _FORMULA.search(text) is not None
            ends = [it.end() for it in _HIDDEN_ROW.finditer(text)]
            hidden += len(ends)
            rest = text[max(len(text) - _OVERLAP, ends[-1] if ends else 0) :]
    return has_formulas, hidden


def _converts(columns: Columns, epoch: Any) -> dict[int, Convert]:
    """Return how the cells of each column that is read become texts."""

    def as_day(cell: CellText, _terms: DeckTerms) -> str:
        return day_text(cell, epoch)

    found: dict[int, Convert] = dict.fromkeys(columns.at.values(), other_text)
    for field, at in columns.at.items():
        if field in (*PREFIX_FIELDS, "origin"):
            found[at] = code_text
        elif field in FIELDS and FIELDS[field].kind is PRICE:
            found[at] = price_text
        elif field in FIELDS and FIELDS[field].kind is DAY:
            found[at] = as_day
    found |= dict.fromkeys((*(it.index for it in columns.prices), *columns.zero), price_text)
    return found


def _check_area(cell: CellText, country: str) -> None:
    if country in KEEPS_ZERO and cell.is_number and not cell.shows_zeros:
        raise ValueError(
            f"is the number {cell}, and may have been 0{cell}: numbers of +{country} keep their "
            "first 0, so format the column as text"
        )


def _without_empty_end(cells: list[str], width: int) -> list[str]:
    """Return a row without the empty cells that are beyond the header."""
    while len(cells) > width and not cells[-1].strip():
        cells.pop()
    return cells
