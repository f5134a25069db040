"""What a deck does not say of itself, and what is wrong with one, by line."""

import msgspec

from tollbook.domain.errors import PriceBookRefused, Problem
from tollbook.rating.books import vocabulary

MOST_SHOWN = 100
"""The most problems that are listed; the others are counted."""


class DeckTerms(msgspec.Struct, frozen=True):
    """How to read a deck: for which meter, what its prices are for, and what its columns mean.

    `columns` gives the header of a field, for headers that are not known by name; `ignore` names
    headers that mean nothing. `inbound` decks have the prefixes of `from`. `dates` is the order
    of a date with slashes, dmy or mdy. The last four stand for columns that are not there.
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
    """What makes a book of a deck that comes alone."""

    name: str
    currency: str
    effective_from: str
    source: str


class DeckProblems:
    """The first problems of a deck, and how many there are."""

    def __init__(self, file: str = "", path: str = "") -> None:
        self._file = file
        self._path = path
        self.count = 0
        self.listed: list[Problem] = []

    def say(self, line: int, field: str, code: str, sentence: str) -> None:
        """Note a problem, on line 0 when it is none of a line; of very many only the number."""
        self.count += 1
        if len(self.listed) < MOST_SHOWN:
            self._list(field, code, sentence, f"line {line}" if line else "")

    def _list(self, field: str, code: str, sentence: str, line: str = "") -> None:
        where = " ".join(it for it in (self._file, line) if it)
        path = ".".join(it for it in (self._path, field) if it)
        told = f"{where}: {sentence}" if where else sentence
        self.listed.append(vocabulary.problem(path, code, told))

    def all(self) -> list[Problem]:
        """List them, and say how many more there are."""
        more = self.count - len(self.listed)
        if more > 0:
            self._list("", "more_errors", f"and {more:,} more error{'s' if more > 1 else ''}")
        return self.listed

    def refuse(self) -> None:
        """Raise `PriceBookRefused` when there is any."""
        if self.count:
            errors = f"{self.count:,} error{'s' if self.count > 1 else ''}"
            raise PriceBookRefused(
                f"the price book has {errors}; nothing was loaded", tuple(self.all())
            )
