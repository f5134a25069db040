"""The rows of a deck's file, and where its header is among them."""

import csv
import io
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from tollbook.rating.books.deck_columns import Columns, named_fields, priced_headers
from tollbook.rating.books.deck_headers import is_table
from tollbook.rating.books.deck_money import is_code
from tollbook.rating.books.deck_terms import DeckProblems, DeckTerms

Line = tuple[int, list[str]]
"""The number of a line, and its cells."""

_SEPARATORS = (",", ";", "\t", "|")
_MOST_TITLES = 200
"""The most rows above a header."""
_IN_CURRENCY = re.compile(
    r"\b(?:in|currency|devise|w\u00e4hrung)\b[:\s]+([A-Z]{3})\b", re.IGNORECASE
)


class DeckTable(ABC):
    """The rows of a file, which may be read in several ways.

    `sheet` is the name of its sheet, empty for a text; `hidden` counts the hidden rows of a sheet.
    """

    sheet: str = ""
    hidden: int = 0

    @property
    @abstractmethod
    def readings(self) -> Sequence[str]:
        """Return the ways to read the file, the most likely one first."""

    @abstractmethod
    def rows(self, reading: str, problems: DeckProblems) -> Iterator[Line]:
        """Yield the rows, without empty ones."""

    def convert(
        self, _columns: Columns, rows: Iterator[Line], _terms: DeckTerms, _problems: DeckProblems
    ) -> Iterator[Line]:
        """Yield rows below the header as texts; in a text file they are."""
        return rows


class CsvTable(DeckTable):
    """A text whose cells are separated by a sign, found out or stated in the first line."""

    def __init__(self, text: str) -> None:
        self._separators, self._text = _find_separators(text)

    @property
    def readings(self) -> Sequence[str]:
        """Return the separators."""
        return self._separators

    def rows(self, reading: str, problems: DeckProblems) -> Iterator[Line]:
        """Yield rows with the line each begins on."""
        reader = csv.reader(io.StringIO(self._text, newline=""), delimiter=reading, strict=True)
        line = 1
        try:
            for row in reader:
                if any(row) and (len(row) > 1 or row[0].strip()):
                    yield line, row
                line = reader.line_num + 1
        except csv.Error as error:
            problems.note(line, "", "not_csv", f"this is not CSV: {error}")


class FoundHeader(msgspec.Struct, frozen=True):
    """The header of a table, the rows below it, and those above it."""

    line: int
    cells: list[str]
    rows: Iterator[Line]
    titles: list[Line]


def find_header(table: DeckTable, terms: DeckTerms, problems: DeckProblems) -> FoundHeader | None:
    """Find the header: the first row that names a prefix and a price, or the one in the terms.

    Without any such row it is the first. None for a file without rows.
    """
    if terms.header:
        names = [it.strip() for it in terms.header.split(",")]
        return FoundHeader(0, names, table.rows(_reading_of(table, len(names)), problems), [])
    named, priced = named_fields(terms), priced_headers(terms)

    def is_header(line: int, cells: list[str]) -> bool:
        if terms.header_line:
            return line == int(terms.header_line)
        return is_table(cells, named, priced)

    for reading in table.readings:
        rows = table.rows(reading, DeckProblems())
        found = next(
            (it for it, row in enumerate(islice(rows, _MOST_TITLES)) if is_header(*row)), -1
        )
        if found >= 0:
            return _found(table.rows(reading, problems), found)
    if terms.header_line:
        sentence = f"there is no row on line {terms.header_line} for the header"
        problems.note(0, "header_line", "missing_header", sentence)
        return None
    return _found(table.rows(table.readings[0], problems), 0)


def _found(rows: Iterator[Line], titles: int) -> FoundHeader | None:
    above = list(islice(rows, titles))
    line, header = next(rows, (0, []))
    return FoundHeader(line, [it.strip() for it in header], rows, above) if line else None


def _reading_of(table: DeckTable, width: int) -> str:
    """Return the first way to read a file in which its first row has a number of cells."""
    for reading in table.readings:
        _, first = next(table.rows(reading, DeckProblems()), (0, []))
        if len(first) == width:
            return reading
    return table.readings[0]


def other_currency(cells: Sequence[str], currency: str) -> str | None:
    """Return the currency that a title or a note states, if it is not the book's."""
    text = " ".join(cells)
    for found in _IN_CURRENCY.finditer(text):
        code = found[1]
        if code.isupper() and code != currency and is_code(code):
            return code
    return None


def _find_separators(text: str) -> tuple[Sequence[str], str]:
    """Find the separator of cells: that of a first line `sep=`, or the most frequent ones."""
    head, _, rest = text.lstrip("\r\n").partition("\n")
    if head.startswith("sep=") and len(head.rstrip("\r")) == 5:
        # Empty lines in place of it keep the count.
        return head[4], "\n" * text.count("\n", 0, len(text) - len(rest)) + rest
    return sorted(_SEPARATORS, key=head.count, reverse=True), text
