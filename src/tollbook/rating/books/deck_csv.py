"""A deck as carriers send it: read in one pass, or refused as a whole with every error.

```csv
Destination;Prefix;Rate/min;Increments;Effective date
United Kingdom mobile;4470-4479, 447624;0.0214;60/6;2024-02-01
```
"""

import csv
import io
from array import array
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import itemgetter

import msgspec

from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.prices import Deck, Rate
from tollbook.rating.books import deck_cells as cells
from tollbook.rating.books.deck_columns import (
    AREA_CODES,
    COUNTRY_CODE,
    PREFIX,
    PREFIX_FIELDS,
    Columns,
    read_header,
)
from tollbook.rating.books.deck_rows import Row, cells_but_for, check_terms
from tollbook.rating.books.deck_terms import DeckProblems, DeckTerms
from tollbook.rating.books.vocabulary import parse_prefix

Progress = Callable[[int], None]
"""Receives the number of rows that were read since it was last called."""

MOST_PREFIXES = 1_000_000
_MOST_COUNTRIES = 1_000
_SEPARATORS = (",", ";", "\t", "|")
_REPORT_EVERY = 5_000
_WRONG = -1


class ReadDeck(msgspec.Struct, frozen=True):
    """A deck, and the line that each of its rates is from."""

    deck: Deck
    lines: Sequence[int]


def decode_deck(content: bytes) -> str:
    """Decode a deck in UTF-8 or UTF-16, with or without a byte order mark, or in Windows-1252."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def read_deck(
    text: str,
    terms: DeckTerms,
    currency: str,
    problems: DeckProblems,
    progress: Progress | None = None,
    catalog: Catalog = BUILT_IN,
) -> ReadDeck | None:
    """Read a deck; None when its terms or its header are wrong."""
    meter = check_terms(terms, problems, catalog)
    if meter is None:
        return None
    separator, text = _find_separator(text)
    rows = _read_rows(text, separator, problems)
    first = next(rows, None)
    if first is None:
        if not problems.count:
            problems.note(0, "", "empty_deck", "the deck is empty")
        return None
    line, header = first
    header = [cell.strip() for cell in header]
    columns = read_header(header, line, terms, meter, currency, problems)
    if columns is None:
        return None
    read = _GrowingDeck(columns, Row(columns, terms, meter, currency, problems), problems)
    read.add(rows, progress)
    if not read.prefixes and not problems.count:
        problems.note(0, "", "empty_deck", "the deck has a header and no rows")
    return ReadDeck(read.deck(terms.inbound), read.lines)


class _GrowingDeck:
    """The columns of a deck as they grow."""

    def __init__(self, columns: Columns, row: Row, problems: DeckProblems) -> None:
        self._columns = columns
        self._row = row
        self._problems = problems
        self._templates: dict[Rate, int] = {}
        self._template_of = array("I")
        self._room = MOST_PREFIXES
        self.prefixes: list[str] = []
        self.lines = array("I")

    def deck(self, inbound: bool) -> Deck:
        """Return the deck."""
        ids = range(len(self.prefixes))
        return Deck(tuple(self._templates), self.prefixes, self._template_of, ids, inbound)

    def add(self, rows: Iterator[tuple[int, list[str]]], progress: Progress | None) -> None:
        """Add every row: its rate is that of all cells but the prefix, mostly met before."""
        columns = self._columns
        at = columns.at
        where = {it: at[it] for it in PREFIX_FIELDS if it in at}
        common = itemgetter(*cells_but_for(PREFIX_FIELDS, columns))
        whole = where.get(PREFIX) if COUNTRY_CODE not in where else None
        met: dict[object, int] = {}
        reported = count = 0
        for count, (line, row) in enumerate(rows, 1):
            if progress and count - reported == _REPORT_EVERY:
                progress(_REPORT_EVERY)
                reported = count
            if len(row) != columns.width:
                self._note_width(line, row)
                continue
            key = common(row)
            number = met.get(key)
            if number is None or number == _WRONG:
                number = met[key] = self._template(row, line)
            cell = row[whole] if whole is not None else ""
            found = (cell,) if cells.is_prefix(cell) else self._read_prefixes(row, line, where)
            if len(found) > self._room:
                sentence = f"is one too many: a deck has at most {MOST_PREFIXES:,} prefixes"
                self._note_prefix(line, where, sentence)
                break
            self._room -= len(found)
            if number != _WRONG:
                self.prefixes += found
                self._template_of.extend([number] * len(found))
                self.lines.extend([line] * len(found))
        if progress:
            progress(count - reported)

    def _template(self, row: list[str], line: int) -> int:
        rate = self._row.rate(row, line)
        return _WRONG if rate is None else self._templates.setdefault(rate, len(self._templates))

    def _read_prefixes(self, row: list[str], line: int, where: dict[str, int]) -> Sequence[str]:
        """Read the prefixes of a row, which may stand for millions, as far as there is room."""
        found: list[str] = []
        try:
            for prefix in islice(_prefixes_of(row, where), self._room + 1):
                found.append(prefix)  # noqa: PERF402  what was made before an error counts too
        except ValueError as error:
            self._note_prefix(line, where, str(error))
            self._room -= len(found)
            return ()
        return found

    def _note_prefix(self, line: int, where: dict[str, int], sentence: str) -> None:
        name = self._columns.header[next(iter(where.values()))] if where else ""
        self._problems.note(line, name, "invalid_prefix", f"{name} {sentence}".strip())

    def _note_width(self, line: int, row: list[str]) -> None:
        wanted, got = self._columns.width, len(row)
        sentence = f"the row has {got} cell{'s' if got != 1 else ''}, the header {wanted}"
        self._problems.note(line, "", "wrong_column_count", sentence)


def _prefixes_of(row: list[str], where: dict[str, int]) -> Iterator[str]:
    """Read the prefixes of a row, from one column or from country code and area codes."""
    if COUNTRY_CODE not in where:
        yield from cells.parse_prefixes(row[where[PREFIX]].strip()) if PREFIX in where else [""]
        return
    countries = cells.parse_prefixes(row[where[COUNTRY_CODE]].strip())
    areas = row[where[AREA_CODES]].strip() if AREA_CODES in where else ""
    if PREFIX in where:
        yield from _within(cells.parse_prefixes(row[where[PREFIX]].strip()), countries)
    elif not areas:
        yield from countries
    else:
        country, *others = islice(countries, 2)
        if others:
            raise ValueError("must be one country code where there are area codes")
        for area in cells.parse_codes(areas):
            yield parse_prefix(country + area)


def _within(prefixes: Iterator[str], countries: Iterator[str]) -> Iterator[str]:
    """Yield prefixes, each of which must begin with one of the country codes of its row."""
    known = set(islice(countries, _MOST_COUNTRIES + 1))
    if len(known) > _MOST_COUNTRIES:
        raise ValueError(f"has more than {_MOST_COUNTRIES:,} country codes next to it")
    lengths = {len(it) for it in known}
    for prefix in prefixes:
        if not any(prefix[:length] in known for length in lengths):
            raise ValueError(
                f"and the prefix {prefix} disagree; if that is an area code, name its column "
                "as area_codes"
            )
        yield prefix


def _find_separator(text: str) -> tuple[str, str]:
    """Find the separator of cells: that of a first line `sep=`, or the most frequent one."""
    head, _, rest = text.lstrip("\r\n").partition("\n")
    if head.startswith("sep=") and len(head.rstrip("\r")) == 5:
        # Empty lines in place of it keep the count.
        return head[4], "\n" * text.count("\n", 0, len(text) - len(rest)) + rest
    return max(_SEPARATORS, key=head.count), text


def _read_rows(
    text: str, separator: str, problems: DeckProblems
) -> Iterator[tuple[int, list[str]]]:
    """Yield rows with the line each begins on, without empty ones."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for row in reader:
            if any(row) and (len(row) > 1 or row[0].strip()):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        problems.note(line, "", "not_csv", f"this is not CSV: {error}")
