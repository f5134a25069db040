"""A deck as carriers send it: read in one pass, or refused whole with every error and its line.

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

from tollbook.domain.prices import Deck, Rate
from tollbook.rating.books import deck_cells as cells
from tollbook.rating.books import vocabulary
from tollbook.rating.books.deck_columns import (
    AREA_CODES,
    COUNTRY_CODE,
    PREFIX,
    Columns,
    read_header,
)
from tollbook.rating.books.deck_rows import RowReader, common_cells, read_terms
from tollbook.rating.books.deck_terms import DeckProblems, DeckTerms

Progress = Callable[[int], None]
"""Is told how many more rows were read."""

MOST_PREFIXES = 1_000_000
_MOST_COUNTRIES = 1_000
_SEPARATORS = (",", ";", "\t", "|")
_TELL_AFTER = 5_000
_WRONG = -1


class ReadDeck(msgspec.Struct, frozen=True):
    """A deck, and the line that each of its rates is from."""

    deck: Deck
    lines: Sequence[int]


def text_of(content: bytes) -> str:
    """Decode a deck: UTF-8 or UTF-16 with or without a mark, or what Windows writes in the west."""
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
) -> ReadDeck | None:
    """Read a deck; None when it cannot even be begun."""
    known = read_terms(terms, problems)
    if known is None:
        return None
    separator, text = _separator(text)
    rows = _rows(text, separator, problems)
    first = next(rows, None)
    if first is None:
        if not problems.count:
            problems.say(0, "", "empty_deck", "the deck is empty")
        return None
    line, header = first
    columns = read_header([cell.strip() for cell in header], line, terms, currency, problems)
    if columns is None:
        return None
    reader = RowReader(terms, *known, currency, columns, problems)
    read = _Deck(columns, reader, problems)
    read.take(rows, progress)
    if not read.prefixes and not problems.count:
        problems.say(0, "", "empty_deck", "the deck has a header and no rows")
    return ReadDeck(read.deck(terms.inbound), read.lines)


class _Deck:
    """The columns of a deck as they grow."""

    def __init__(self, columns: Columns, reader: RowReader, problems: DeckProblems) -> None:
        self._columns = columns
        self._reader = reader
        self._problems = problems
        self._templates: dict[Rate, int] = {}
        self._template_of = array("I")
        self._room = MOST_PREFIXES
        self.prefixes: list[str] = []
        self.lines = array("I")

    def deck(self, inbound: bool) -> Deck:
        """Give the deck."""
        ids = range(len(self.prefixes))
        return Deck(tuple(self._templates), self.prefixes, self._template_of, ids, inbound)

    def take(self, rows: Iterator[tuple[int, list[str]]], progress: Progress | None) -> None:
        """Take every row: its rate from all cells but the prefix, mostly met before."""
        columns = self._columns
        at = columns.at
        where = {it: at[it] for it in (PREFIX, COUNTRY_CODE, AREA_CODES) if it in at}
        common = itemgetter(*common_cells(columns, where))
        whole = where.get(PREFIX) if COUNTRY_CODE not in where else None
        met: dict[object, int] = {}
        told = count = 0
        for count, (line, row) in enumerate(rows, 1):
            if progress and count - told == _TELL_AFTER:
                progress(_TELL_AFTER)
                told = count
            if len(row) != columns.width:
                self._say_width(line, row)
                continue
            key = common(row)
            number = met.get(key)
            if number is None or number == _WRONG:
                number = met[key] = self._template(row, line)
            cell = row[whole] if whole is not None else ""
            found = (cell,) if cells.is_prefix(cell) else self._several(row, line, where)
            if len(found) > self._room:
                sentence = f"is one too many: a deck has at most {MOST_PREFIXES:,} prefixes"
                self._say_prefix(line, where, sentence)
                break
            self._room -= len(found)
            if number != _WRONG:
                self.prefixes += found
                self._template_of.extend([number] * len(found))
                self.lines.extend([line] * len(found))
        if progress:
            progress(count - told)

    def _template(self, row: list[str], line: int) -> int:
        rate = self._reader.template(row, line)
        return _WRONG if rate is None else self._templates.setdefault(rate, len(self._templates))

    def _several(self, row: list[str], line: int, where: dict[str, int]) -> Sequence[str]:
        """Read the prefixes of a row that may stand for many millions: no more than have room."""
        found: list[str] = []
        try:
            for prefix in islice(_prefixes(row, where), self._room + 1):
                found.append(prefix)  # noqa: PERF402  what was made before an error counts too
        except ValueError as error:
            self._say_prefix(line, where, str(error))
            self._room -= len(found)
            return ()
        return found

    def _say_prefix(self, line: int, where: dict[str, int], sentence: str) -> None:
        name = self._columns.header[next(iter(where.values()))] if where else ""
        self._problems.say(line, name, "invalid_prefix", f"{name} {sentence}".strip())

    def _say_width(self, line: int, row: list[str]) -> None:
        wanted, got = self._columns.width, len(row)
        sentence = f"the row has {got} cell{'s' if got != 1 else ''}, the header {wanted}"
        self._problems.say(line, "", "wrong_column_count", sentence)


def _prefixes(row: list[str], where: dict[str, int]) -> Iterator[str]:
    """Read the prefixes of a row, from one column or from country code and area codes."""
    if COUNTRY_CODE not in where:
        yield from cells.prefixes(row[where[PREFIX]].strip()) if PREFIX in where else [""]
        return
    countries = cells.prefixes(row[where[COUNTRY_CODE]].strip())
    areas = row[where[AREA_CODES]].strip() if AREA_CODES in where else ""
    if PREFIX in where:
        yield from _within(cells.prefixes(row[where[PREFIX]].strip()), countries)
    elif not areas:
        yield from countries
    else:
        country, *others = islice(countries, 2)
        if others:
            raise ValueError("must be one country code where there are area codes")
        for area in cells.codes(areas):
            yield vocabulary.prefix(country + area)


def _within(prefixes: Iterator[str], countries: Iterator[str]) -> Iterator[str]:
    """Give prefixes, each of which begins with one of the country codes beside it."""
    known = set(islice(countries, _MOST_COUNTRIES + 1))
    if len(known) > _MOST_COUNTRIES:
        raise ValueError(f"has more than {_MOST_COUNTRIES:,} country codes beside it")
    lengths = {len(it) for it in known}
    for prefix in prefixes:
        if not any(prefix[:length] in known for length in lengths):
            raise ValueError(
                f"and the prefix {prefix} disagree; if that is an area code, name its column "
                "as area_codes"
            )
        yield prefix


def _separator(text: str) -> tuple[str, str]:
    """Find what parts the cells: a first line says it, or it is most frequent in the header."""
    head, _, rest = text.lstrip("\r\n").partition("\n")
    if head.startswith("sep=") and len(head.rstrip("\r")) == 5:
        # Empty lines in place of it keep the count.
        return head[4], "\n" * text.count("\n", 0, len(text) - len(rest)) + rest
    return max(_SEPARATORS, key=head.count), text


def _rows(text: str, separator: str, problems: DeckProblems) -> Iterator[tuple[int, list[str]]]:
    """Give rows with the line each begins on; those without a word are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for row in reader:
            if any(row) and (len(row) > 1 or row[0].strip()):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        problems.say(line, "", "not_csv", f"this is not CSV: {error}")
