"""What was understood of a deck: its columns, and the rows that are not priced, with reasons."""

from collections import Counter
from collections.abc import Mapping

import msgspec

NOTE = "no prefix and no price"
_MOST_LISTED = 20


class UnpricedRow(msgspec.Struct, frozen=True):
    """A row that is not priced, and why."""

    line: int
    reason: str


class DeckReport(msgspec.Struct, frozen=True):
    """How a deck was read.

    `columns` maps the fields to the headers of their columns; the columns in `ignored` are not
    read. `skipped` counts rows by reason, `skipped_rows` are the first of them. `identical` rows
    were dropped, `short` ones have fewer or more empty cells than the header. A later price ended
    `ended` earlier ones.
    """

    file: str
    header_line: int
    columns: dict[str, str]
    ignored: list[str]
    rows: int
    rates: int
    skipped: dict[str, int]
    skipped_rows: list[UnpricedRow]
    identical: int
    short: int
    ended: int
    hidden: int = 0


class SkippedRows:
    """The rows that are skipped, as they are counted."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self.first: list[UnpricedRow] = []

    @property
    def counts(self) -> Mapping[str, int]:
        """Return the number of rows by reason."""
        return self._counts

    def add(self, line: int, reason: str) -> None:
        """Count a row that is not priced."""
        self._counts[reason] += 1
        if len(self.first) < _MOST_LISTED:
            self.first.append(UnpricedRow(line, reason))
