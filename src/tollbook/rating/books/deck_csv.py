"""A deck as carriers send it: read in one pass, or refused as a whole with every error.

```csv
Destination;Prefix;Rate/min;Increments;Effective date
United Kingdom mobile;4470-4479, 447624;0.0214;60/6;2024-02-01
```
"""

from collections.abc import Sequence

import msgspec

from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.prices import Deck
from tollbook.rating.books import deck_growth
from tollbook.rating.books.deck_columns import read_header
from tollbook.rating.books.deck_growth import GrowingDeck, Progress
from tollbook.rating.books.deck_origins import add_unknown_origins
from tollbook.rating.books.deck_report import DeckReport
from tollbook.rating.books.deck_rows import DeckRow, check_terms
from tollbook.rating.books.deck_successions import SettledDeck, settle_rows
from tollbook.rating.books.deck_table import CsvTable, DeckTable, FoundHeader, find_header
from tollbook.rating.books.deck_terms import DeckProblems, DeckTerms


class ReadDeck(msgspec.Struct, frozen=True):
    """A deck, the line that each of its rates is from, and how it was read."""

    deck: Deck
    lines: Sequence[int]
    report: DeckReport


def read_deck(
    source: str | DeckTable,
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
    table = CsvTable(source) if isinstance(source, str) else source
    problems.sheet = table.sheet
    found = find_header(table, terms, problems)
    if found is None:
        if not problems.count:
            problems.note(0, "", "empty_deck", "the deck is empty")
        return None
    columns = read_header(found.cells, found.line, terms, meter, currency, problems)
    if columns is None:
        return None
    row = DeckRow(columns, terms, meter, currency, problems)
    read = GrowingDeck(columns, row, terms, currency, problems)
    for line, cells_above in found.titles:
        read.skip_note(line, cells_above)
    read.add(table.convert(columns, found.rows, terms, problems), progress)
    if not read.prefixes and not problems.count:
        problems.note(0, "", "empty_deck", "the deck has a header and no rows")
    deck = read.deck(terms.inbound)
    lines: Sequence[int] = read.lines
    if terms.unknown_origin or columns.lists_origins:
        deck, lines = add_unknown_origins(deck, lines)
        if len(lines) > deck_growth.MOST_PREFIXES:
            sentence = f"the deck has more than {deck_growth.MOST_PREFIXES:,} prefixes by origin"
            problems.note(0, "origin", "too_many_prefixes", sentence)
    settled = settle_rows(deck, lines)
    report = _report(problems.file, found, read, settled, table.hidden)
    return ReadDeck(settled.deck, settled.lines, report)


def _report(
    file: str, found: FoundHeader, read: GrowingDeck, settled: SettledDeck, hidden: int
) -> DeckReport:
    columns, header = read.columns, found.cells
    used = columns.read | set(columns.names) | {it.index for it in columns.filters}
    named = {field: header[at] for field, at in columns.at.items()}
    if columns.names:
        named["destination"] = header[columns.names[0]]
    return DeckReport(
        file=file,
        header_line=found.line,
        columns=named,
        ignored=[it for at, it in enumerate(header) if at not in used and it],
        rows=read.rows,
        rates=len(settled.deck.prefixes),
        skipped=dict(read.skipped.counts),
        skipped_rows=read.skipped.first,
        identical=settled.identical,
        short=read.short,
        ended=settled.ended,
        hidden=hidden,
    )
