"""The decks that a YAML book names: files of columns beside it, each with how to read it.

```yaml
decks:
  - {file: uk.csv, meter: voice.call, per: minute, columns: {price: Rate USD}, increments: 60/6}
```
"""

from collections.abc import Callable, Sequence
from typing import Any

import yaml

from tollbook.domain.prices import Deck, Rate
from tollbook.rating.books.deck_book import say_clashes
from tollbook.rating.books.deck_clashes import RatePosition
from tollbook.rating.books.deck_csv import Progress, ReadDeck, read_deck, text_of
from tollbook.rating.books.deck_terms import DeckProblems, DeckTerms
from tollbook.rating.books.yaml_nodes import Fields, Nodes, joined

Files = Callable[[str], bytes]
"""Gives the content of a file that a book names; ValueError with a sentence when it cannot."""

_TEXTS = ("dates", "increments", "minimum", "grace", "connect_fee")
_YES_OR_NO = ("inbound", "decimal_comma")
_REQUIRED = ("file", "meter", "per")
_FIELDS = (*_REQUIRED, "columns", "ignore", "when", *_TEXTS, *_YES_OR_NO)
_WHAT = "a deck is a mapping of file, meter and per"


def read_decks(
    nodes: Nodes,
    node: yaml.Node,
    rates: Sequence[tuple[Rate, yaml.Node]],
    currency: str,
    files: Files | None,
    progress: Progress | None = None,
) -> tuple[Deck, ...]:
    """Read the decks of a book, and say where they stand in each other's way or in its rates'."""
    if files is None:
        sentence = "decks can be named only in a book that is loaded from a file beside them"
        nodes.say(node, "decks", "decks_out_of_reach", sentence)
        return ()
    reads: list[ReadDeck] = []
    problems: list[DeckProblems] = []
    names: list[str] = []
    for item, path in nodes.items(node, "decks", "decks must be a list of at least one deck"):
        before = len(nodes.problems)
        fields = nodes.mapping(item, path, _WHAT, _FIELDS, _REQUIRED)
        if fields is None or len(nodes.problems) > before:
            continue
        content = nodes.value(fields, "file", path, files, None, "unreadable_file")
        if content is None:
            continue
        name = nodes.text(fields, "file", path)
        found = DeckProblems(name, path)
        read = read_deck(text_of(content), _terms(nodes, fields, path), currency, found, progress)
        if read is not None:
            reads.append(read)
            names.append(name)
            problems.append(found)
        else:
            nodes.problems.extend(found.all())

    def where(place: RatePosition) -> str:
        if not place.part:
            return f"line {rates[place.row][1].start_mark.line + 1} of the price book"
        return f"{names[place.part - 1]} line {reads[place.part - 1].lines[place.row]}"

    say_clashes([rate for rate, _ in rates], reads, problems, where)
    for found in problems:
        nodes.problems.extend(found.all())
    return tuple(it.deck for it in reads)


def _terms(nodes: Nodes, fields: Fields, path: str) -> DeckTerms:
    given: dict[str, Any] = {
        name: nodes.text(fields, name, path) for name in ("meter", "per", *_TEXTS)
    }
    for name in _YES_OR_NO:
        given[name] = nodes.choice(fields, name, path, ("true", "false"), "false") == "true"
    return DeckTerms(
        columns=_pairs(nodes, fields, "columns", path),
        ignore=_names(nodes, fields.get("ignore"), joined(path, "ignore")),
        when=_pairs(nodes, fields, "when", path),
        **given,
    )


def _pairs(nodes: Nodes, fields: Fields, name: str, path: str) -> tuple[tuple[str, str], ...]:
    if name not in fields:
        return ()
    where = joined(path, name)
    given = nodes.mapping(fields[name], where, f"{name} must be a mapping", None) or {}
    return tuple(sorted((key, nodes.text(given, key, where)) for key in given))


def _names(nodes: Nodes, node: yaml.Node | None, path: str) -> tuple[str, ...]:
    if node is None:
        return ()
    items = nodes.items(node, path, "ignore must be a list of headers")
    return tuple(nodes.text({"ignore": item}, "ignore", path) for item, path in items)
