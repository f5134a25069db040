"""The decks that a YAML book names: CSV files next to it, each with the terms to read it by.

```yaml
decks:
  - {file: uk.csv, meter: voice.call, per: minute, columns: {price: Rate USD}, increments: 60/6}
```
"""

from collections.abc import Callable, Sequence
from typing import Any

import yaml

from tollbook.domain.prices import Deck, Rate
from tollbook.rating.books.deck_book import note_clashes
from tollbook.rating.books.deck_clashes import RatePosition
from tollbook.rating.books.deck_csv import Progress, ReadDeck, decode_deck, read_deck
from tollbook.rating.books.deck_terms import FLAGS, TEXTS, DeckProblems, DeckTerms
from tollbook.rating.books.fields import choice
from tollbook.rating.books.source import Form
from tollbook.rating.books.yaml_nodes import Entry

Files = Callable[[str], bytes]
"""Reads a file that a book names; ValueError with the rest of a sentence when it cannot."""

_DECK = Form(
    "a deck is a mapping of file, meter and per",
    ("file", *DeckTerms.__struct_fields__),
    ("file", "meter", "per"),
)
_FLAG = choice(true=True, false=False)


def read_decks(
    book: Entry,
    rates: Sequence[tuple[Rate, yaml.Node]],
    currency: str,
    files: Files | None,
    progress: Progress | None = None,
) -> tuple[Deck, ...]:
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
        if content is None:
            continue
        of_deck = DeckProblems(entry.text("file"), path)
        read = read_deck(
            decode_deck(content),
            _terms_of(entry),
            currency,
            of_deck,
            progress,
            book.document.catalog,
        )
        if read is None:
            problems.extend(of_deck.all())
        else:
            reads.append(read)
            found.append(of_deck)

    def place_of(position: RatePosition) -> str:
        if not position.part:
            return f"line {rates[position.row][1].start_mark.line + 1} of the price book"
        deck = position.part - 1
        return f"{found[deck].file} line {reads[deck].lines[position.row]}"

    note_clashes([rate for rate, _ in rates], reads, found, place_of)
    for of_deck in found:
        problems.extend(of_deck.all())
    return tuple(read.deck for read in reads)


def _terms_of(entry: Entry) -> DeckTerms:
    terms: dict[str, Any] = {name: entry.text(name) for name in TEXTS}
    terms |= {name: entry.value(name, _FLAG.parse, False) for name in FLAGS}
    ignored = entry.items("ignore", "headers") if "ignore" in entry else []
    return DeckTerms(
        columns=entry.pairs("columns"),
        when=entry.pairs("when"),
        ignore=tuple(entry.document.text(node, path, "ignore") for node, path in ignored),
        **terms,
    )
