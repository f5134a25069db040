"""A deck as it grows, row by row: most rows have a rate that was met before."""

from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import itemgetter

import msgspec

from tollbook.domain.prices import Deck, Rate
from tollbook.rating.books.deck_codes import RowCodes, WrongCode
from tollbook.rating.books.deck_columns import Columns
from tollbook.rating.books.deck_headers import COUNTRY_CODE, PREFIX, PREFIX_FIELDS
from tollbook.rating.books.deck_prefixes import DEFAULT_WORDS, is_prefix
from tollbook.rating.books.deck_report import NOTE, SkippedRows
from tollbook.rating.books.deck_rows import DeckRow, cells_but_for
from tollbook.rating.books.deck_status import skip_reason
from tollbook.rating.books.deck_table import Line, other_currency
from tollbook.rating.books.deck_terms import DeckProblems, DeckTerms
from tollbook.rating.books.vocabulary import clean_name

Progress = Callable[[int], None]
"""Receives the number of rows that were read since it was last called."""

MOST_PREFIXES = 1_000_000
_REPORT_EVERY = 5_000


class GrowingDeck:
    """The columns of a deck as they grow."""

    def __init__(
        self,
        columns: Columns,
        row: DeckRow,
        terms: DeckTerms,
        currency: str,
        problems: DeckProblems,
    ) -> None:
        self.columns = columns
        self._row = row
        self._currency = currency
        self._problems = problems
        self._where = {it: columns.at[it] for it in PREFIX_FIELDS if it in columns.at}
        self._codes = RowCodes(self._where, terms.access_codes)
        self._prices = [*(columns.at[it] for it in ("price",) if it in columns.at)]
        self._prices += [it.index for it in columns.prices]
        self._unnamed: dict[Rate, int] = {}
        self._templates: list[Rate] = []
        self._named: dict[object, int] = {}
        self._template_of = array("I")
        self._room = MOST_PREFIXES
        self.rows = 0
        self.short = 0
        self.skipped = SkippedRows()
        self.prefixes: list[str] = []
        self.lines = array("I")

    def deck(self, inbound: bool) -> Deck:
        """Return the deck."""
        ids = range(len(self.prefixes))
        return Deck(tuple(self._templates), self.prefixes, self._template_of, ids, inbound)

    def add(self, rows: Iterator[Line], progress: Progress | None) -> None:
        """Add every row: its rates are those of all cells but the prefix, mostly met before."""
        columns = self.columns
        common, names = _getter(cells_but_for(PREFIX_FIELDS, columns)), _getter(columns.names)
        whole = self._where.get(PREFIX) if COUNTRY_CODE not in self._where else None
        may_be_skipped = columns.filters
        met: dict[object, Sequence[tuple[int, Rate]]] = {}
        reported = 0
        for line, cells_read in rows:
            self.rows += 1
            if progress and self.rows - reported == _REPORT_EVERY:
                progress(_REPORT_EVERY)
                reported = self.rows
            row = cells_read if len(cells_read) == columns.width else self._fit(cells_read, line)
            if row is None or (may_be_skipped and self._is_left_out(row, line)):
                continue
            cell = row[whole] if whole is not None else ""
            is_plain = is_prefix(cell)
            if not is_plain and (self._is_note(row) or self._is_header(row)):
                self.skip_note(line, row)
                continue
            key, name = common(row), names(row)
            rates = met.get(key)
            if not rates:
                rates = met[key] = self._read_rates(row, line)
            found = (cell,) if is_plain else self._read_prefixes(row, line)
            if len(found) * max(len(rates), 1) > self._room:
                sentence = f"is one too many: a deck has at most {MOST_PREFIXES:,} prefixes"
                self._note_prefix(line, next(iter(self._where), ""), sentence)
                break
            self._room -= len(found) * max(len(rates), 1)
            for unnamed, rate in rates:
                number = self._named.get((unnamed, name))
                if number is None:
                    number = self._named[unnamed, name] = self._add_template(rate, row)
                self.prefixes += found
                self._template_of.extend([number] * len(found))
                self.lines.extend([line] * len(found))
        if progress:
            progress(self.rows - reported)

    def skip_note(self, line: int, row: Sequence[str]) -> None:
        """Skip a title or a note, unless it states another currency."""
        currency = other_currency(row, self._currency)
        if currency:
            sentence = f"this line states {currency}, the price book is in {self._currency}"
            self._problems.note(line, "", "currency_mismatch", sentence)
        self.skipped.add(line, NOTE)

    def _fit(self, row: list[str], line: int) -> list[str] | None:
        """Return a row with as many cells as the header: only empty ones may differ."""
        width = self.columns.width
        fitted = (row + [""] * (width - len(row)))[:width]
        has_more = any(it.strip() for it in row[width:])
        if not has_more and self._is_note(fitted):
            self.skip_note(line, row)
            return None
        if has_more or not any(fitted[it].strip() for it in self._prices):
            wanted, got = width, len(row)
            sentence = f"the row has {got} cell{'s' if got != 1 else ''}, the header {wanted}"
            self._problems.note(line, "", "wrong_column_count", sentence)
            return None
        self.short += 1
        return fitted

    def _is_left_out(self, row: Sequence[str], line: int) -> bool:
        reason = None if self._is_note(row) else skip_reason(self.columns.filters, row)
        if reason is not None:
            self.skipped.add(line, reason)
        return reason is not None

    def _is_note(self, row: Sequence[str]) -> bool:
        """Return whether a row has neither a prefix nor a price."""
        if any(row[it].strip() for it in self._prices):
            return False
        texts = [row[it].strip() for it in self._where.values()]
        return not any(it[:1].isdigit() or it[:1] in "+(" or _is_default(it) for it in texts if it)

    def _is_header(self, row: Sequence[str]) -> bool:
        """Return whether a row is the header again, as at the top of each printed page."""
        return tuple(it.strip() for it in row) == self.columns.header

    def _read_rates(self, row: list[str], line: int) -> Sequence[tuple[int, Rate]]:
        """Read the rates of a row without prefix and name, each with its number."""
        numbers = self._unnamed
        return tuple(
            (numbers.setdefault(rate, len(numbers)), rate) for rate in self._row.rates(row, line)
        )

    def _add_template(self, rate: Rate, row: Sequence[str]) -> int:
        """Add a rate with the name of a row's destination, and return its number."""
        names = (clean_name(row[it]) for it in self.columns.names)
        name = next(filter(None, names), "")
        self._templates.append(msgspec.structs.replace(rate, destination=name) if name else rate)
        return len(self._templates) - 1

    def _read_prefixes(self, row: list[str], line: int) -> Sequence[str]:
        """Read the prefixes of a row, which may stand for millions, as far as there is room."""
        found: list[str] = []
        try:
            for prefix in islice(self._codes.of(row), self._room + 1):
                found.append(prefix)  # noqa: PERF402  what was made before an error counts too
        except WrongCode as error:
            self._note_prefix(line, error.field, str(error))
            self._room -= len(found)
            return ()
        return found

    def _note_prefix(self, line: int, field: str, sentence: str) -> None:
        at = self._where.get(field)
        name = self.columns.header[at] if at is not None else ""
        self._problems.note(line, name, "invalid_prefix", f"{name} {sentence}".strip(), at)


def _is_default(cell: str) -> bool:
    return cell.lower() in DEFAULT_WORDS


def _getter(positions: Sequence[int]) -> Callable[[Sequence[str]], object]:
    """Return a function that picks some cells of a row as a key."""
    return itemgetter(*positions) if positions else lambda _row: ()
