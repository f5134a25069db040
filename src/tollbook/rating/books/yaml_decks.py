"""The decks that a YAML book names: CSV files next to it, each with the terms to read it by.

```yaml
decks:
  - {file: uk.csv, meter: voice.call, per: minute, columns: {price: Rate USD}, increments: 60/6}
```
"""

from collections.abc import Callable, Sequence

import yaml

from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.prices import Rate
from tollbook.rating.books.deck_book import note_clashes
from tollbook.rating.books.deck_clashes import RatePosition
from tollbook.rating.books.deck_csv import ReadDeck, read_deck
from tollbook.rating.books.deck_file import open_deck
from tollbook.rating.books.deck_growth import Progress
from tollbook.rating.books.deck_mapping import (
    NAMES,
    Layer,
    join_layers,
    parse_mapping,
    read_format,
    read_layer,
)
from tollbook.rating.books.deck_terms import DeckProblems, DeckTerms
from tollbook.rating.books.source import Form
from tollbook.rating.books.yaml_nodes import Entry

Files = Callable[[str], bytes]
"""Reads a file that a book names; ValueError with the rest of a sentence when it cannot."""

_DECK = Form(
    "a deck is a mapping of file, meter and per",
    ("file", "format", "columns_from", *NAMES),
    ("file",),
)


def read_decks(
    book: Entry,
    rates: Sequence[tuple[Rate, yaml.Node]],
    currency: str,
    files: Files | None,
    progress: Progress | None = None,
) -> Sequence[ReadDeck]:
    """Read the decks of a book, and note where they clash with each other or with its rates."""
    problems = book.document.problems
    if files is None:
        sentence = "decks can be named only in a book that is loaded from a file next to them"
        book.note("decks", "decks_out_of_reach", sentence)
        return ()
    reads: list[ReadDeck] = []
    found: list[DeckProblems] = []
    for item, path in book.items("decks", "at least one deck"):
        before = len(problems)
        entry = book.document.entry(item, path, _DECK)
        if entry is None or len(problems) > before:
            continue
        content = entry.value("file", files, None, "unreadable_file")
        terms = _terms_of(entry, files)
        if content is None or len(problems) > before:
            continue
        of_deck = DeckProblems(entry.text("file"), path)
        table, catalog = open_deck(content, terms.sheet), book.document.catalog
        read = read_deck(table, terms, currency, of_deck, progress, catalog)
        if read is None:
            problems.extend(of_deck.all())
        else:
            reads.append(read)
            found.append(of_deck)

    def place_of(position: RatePosition) -> str:
        if not position.part:
            return f"line {rates[position.row][1].start_mark.line + 1} of the price book"
        deck = position.part - 1
        return f"{found[deck].file} {found[deck].place(reads[deck].lines[position.row])}"

    note_clashes([rate for rate, _ in rates], reads, found, place_of)
    for of_deck in found:
        problems.extend(of_deck.all())
    return reads


def _terms_of(entry: Entry, files: Files) -> DeckTerms:
    """Return the terms of a deck: its own over a mapping file's, and those over a format's."""
    layers: list[Layer] = []
    if "format" in entry:
        layers.append(_refuse_in_place(entry, "format", read_format))
    if "columns_from" in entry:
        layers.append(
            _refuse_in_place(
                entry, "columns_from", lambda name: parse_mapping(_text(files(name)), name)
            )
        )
    terms = join_layers([*layers, read_layer(entry)])
    for name in ("meter", "per"):
        if not getattr(terms, name):
            entry.note(name, "missing_field", f"{name} is missing")
    return terms


def _refuse_in_place(entry: Entry, name: str, read: Callable[[str], Layer]) -> Layer:
    """Read a layer of terms; what is wrong with it is a problem of the entry."""
    try:
        return read(entry.text(name))
    except (PriceBookRefused, ValueError) as error:
        entry.note(name, "invalid_mapping", f"{name} {error}")
        for problem in getattr(error, "details", ()):
            entry.note(name, problem.code, f"{entry.text(name)}: {problem.error}")
        return {}


def _text(content: bytes) -> str:
    return content.decode()
