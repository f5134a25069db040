"""The terms to read a deck by, which the deck does not state, and its problems by line."""

import msgspec

from tollbook.domain.errors import PriceBookRefused, Problem
from tollbook.rating.books import vocabulary

MOST_SHOWN = 100
"""The most problems that are listed; the others are counted."""


class DeckTerms(msgspec.Struct, frozen=True):
    """How to read a deck: its meter, what its prices are for, and what its columns mean.

    `columns` has pairs of a field and its header, for headers that are not known by name; `ignore`
    has the headers of columns to skip. Prefixes of an `inbound` deck are those of `from`. `dates`
    is the order of a date with slashes, dmy or mdy. A text with the name of a field of a rate
    replaces a column that the deck does not have.
    """

    meter: str
    per: str
    columns: tuple[tuple[str, str], ...] = ()
    ignore: tuple[str, ...] = ()
    when: tuple[tuple[str, str], ...] = ()
    inbound: bool = False
    dates: str = ""
    decimal_comma: bool = False
    increments: str = ""
    minimum: str = ""
    grace: str = ""
    connect_fee: str = ""


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


class DeckProblems:
    """The first problems of a deck, and their number."""

    def __init__(self, file: str = "", path: str = "") -> None:
        self.file = file
        self._path = path
        self.count = 0
        self.listed: list[Problem] = []

    def note(self, line: int, field: str, code: str, sentence: str) -> None:
        """Note a problem, on line 0 when it is none of a line; only count it after many."""
        self.count += 1
        if len(self.listed) < MOST_SHOWN:
            self._list(field, code, sentence, f"line {line}" if line else "")

    def _list(self, field: str, code: str, sentence: str, line: str = "") -> None:
        place = " ".join(filter(None, (self.file, line)))
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
