"""The terms to read a deck by, which the deck does not state, and its problems by line."""

import msgspec

from tollbook.domain.errors import PriceBookRefused, Problem
from tollbook.rating.books import vocabulary

MOST_SHOWN = 100
"""The most problems that are listed; the others are counted."""

Pairs = tuple[tuple[str, str], ...]
Selection = tuple[tuple[str, tuple[str, ...]], ...]
"""Headers, each with values of its cells."""


class DeckTerms(msgspec.Struct, frozen=True):
    """How to read a deck: its meter, what its prices are for, and what its columns mean.

    `columns` has pairs of a field and its header, for headers that are not known by name; `ignore`
    has the headers of columns to skip. Prefixes of an `inbound` deck are those of `from`. `dates`
    is the order of a date with slashes, dmy or mdy. A text with the name of a field of a rate
    replaces a column that the deck does not have.

    `header` has the names of the columns of a file without a header, `header_line` the line of the
    header. Rows are left out whose cell is in `skip`, or is not in `only`. `access_codes` are
    dialed before prefixes. The columns in `hours` have prices for those hours, those in `prices`
    prices for those conditions. A cell of the columns in `zero` must be 0 or empty. With
    `strict_grace`, a call is free that is shorter than its grace. With `unknown_origin`, a row
    without an origin also prices calls whose origin cannot be read. `optional` are headers that
    may be absent.
    """

    meter: str
    per: str
    columns: Pairs = ()
    ignore: tuple[str, ...] = ()
    when: Pairs = ()
    inbound: bool = False
    dates: str = ""
    decimal_comma: bool = False
    increments: str = ""
    minimum: str = ""
    grace: str = ""
    included: str = ""
    connect_fee: str = ""
    header: str = ""
    header_line: str = ""
    sheet: str = ""
    skip: Selection = ()
    only: Selection = ()
    access_codes: tuple[str, ...] = ()
    hours: Pairs = ()
    prices: tuple[tuple[str, Pairs], ...] = ()
    zero: tuple[str, ...] = ()
    strict_grace: bool = False
    unknown_origin: bool = False
    optional: frozenset[str] = frozenset()


class BookTerms(msgspec.Struct, frozen=True):
    """The head of a book that is one deck."""

    name: str
    currency: str
    effective_from: str
    source: str


TEXTS = tuple(it.name for it in msgspec.structs.fields(DeckTerms) if it.type is str)
"""The terms that are texts."""
FLAGS = tuple(it.name for it in msgspec.structs.fields(DeckTerms) if it.type is bool)
"""The terms that are true or false."""
LISTS = ("ignore", "access_codes", "zero")
"""The terms that are lists of texts."""
PAIRS = ("columns", "when", "hours")
"""The terms that map names to texts."""
SELECTIONS = ("skip", "only")
"""The terms that map headers to values."""


def normalize(header: str) -> str:
    """Return a header as headers are compared: without differences in case and spaces."""
    return " ".join(header.lower().split())


class DeckProblems:
    """The first problems of a deck, and their number.

    A problem is located by its line, or in a workbook by its cell (`Rates!C5`).
    """

    def __init__(self, file: str = "", path: str = "") -> None:
        self.file = file
        self.sheet = ""
        self._path = path
        self.count = 0
        self.listed: list[Problem] = []

    def note(
        self, line: int, field: str, code: str, sentence: str, column: int | None = None
    ) -> None:
        """Note a problem, on line 0 when it is none of a line; only count it after many.

        `column` is the index of the cell.
        """
        self.count += 1
        if len(self.listed) < MOST_SHOWN:
            self._list(field, code, sentence, self.place(line, column))

    def place(self, line: int, column: int | None = None) -> str:
        """Return the place of a line or cell, empty for line 0."""
        if not line or not self.sheet:
            return f"line {line}" if line else ""
        if column is None:
            return f"{self.sheet} row {line}"
        return f"{self.sheet}!{column_letters(column)}{line}"

    def _list(self, field: str, code: str, sentence: str, place: str = "") -> None:
        place = " ".join(filter(None, (self.file, place)))
        path = ".".join(filter(None, (self._path, field)))
        located = f"{place}: {sentence}" if place else sentence
        self.listed.append(vocabulary.problem(path, code, located))

    def all(self) -> list[Problem]:
        """List the problems; the last one counts those that are not listed."""
        more = self.count - len(self.listed)
        if more > 0:
            self._list("", "more_errors", f"and {more:,} more error{'s' if more > 1 else ''}")
        return self.listed

    def refuse(self) -> None:
        """Raise `PriceBookRefused` when there is a problem."""
        if self.count:
            errors = f"{self.count:,} error{'s' if self.count > 1 else ''}"
            raise PriceBookRefused(
                f"the price book has {errors}; nothing was loaded", tuple(self.all())
            )


def column_letters(index: int) -> str:
    """Return the letters by which spreadsheets name a column, A for 0 and AA for 26."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
