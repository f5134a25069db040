"""Saved terms of decks: named formats, mapping files, and the terms that are stated with a deck.

```yaml
columns: {prefix: Vorwahl, price: Preis}
skip: {Status: [Inactive]}
dates: dmy
```
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.deck_terms import (
    FLAGS,
    LISTS,
    PAIRS,
    SELECTIONS,
    TEXTS,
    DeckTerms,
    normalize,
)
from tollbook.rating.books.fields import choice
from tollbook.rating.books.source import Form
from tollbook.rating.books.yaml_nodes import Document, Entry

Layer = Mapping[str, Any]
"""Some of the terms of a deck, by name."""

NAMES = (*TEXTS, *FLAGS, *LISTS, *PAIRS, *SELECTIONS, "prices")
"""The terms that a mapping may have."""
_VERSION = "tollbook_mapping"
_MAPPING = Form("a mapping of columns is a mapping of columns, skip and so on", (*NAMES, _VERSION))
_FLAG = choice(true=True, false=False)
_HEADERS = (*SELECTIONS, "hours", "prices")
"""The terms whose names are headers."""


@cache
def format_names() -> tuple[str, ...]:
    """List the named formats."""
    found = files("tollbook.rating.books").joinpath("formats").iterdir()
    return tuple(sorted(it.name.removesuffix(".yaml") for it in found))


def read_format(name: str) -> Layer:
    """Return the terms of a named format, whose columns may all be absent."""
    if name not in format_names():
        known = ", ".join(format_names())
        raise PriceBookRefused(f"there is no format {name!r}; the formats are {known}")
    path = files("tollbook.rating.books").joinpath("formats").joinpath(f"{name}.yaml")
    layer = dict(parse_mapping(path.read_text(), f"format {name}"))
    named = [header for _, header in layer.get("columns", ())]
    named += [header for it in _HEADERS for header, _ in layer.get(it, ())]
    layer["optional"] = frozenset(map(normalize, (*named, *layer.get("zero", ()))))
    return layer


def parse_mapping(text: str, file: str) -> Layer:
    """Parse a mapping file, or raise `PriceBookRefused` with every error and its line."""
    document = Document()
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        sentence = " ".join(str(error).split())
        raise PriceBookRefused(f"{file} is not YAML: {sentence}") from error
    if root is None:
        raise PriceBookRefused(f"{file} is empty")
    entry = document.entry(root, "", _MAPPING)
    layer = {} if entry is None else read_layer(entry)
    if entry is not None and entry.text(_VERSION) not in ("", "1"):
        entry.note(_VERSION, "unknown_version", f"{_VERSION} must be 1")
    if document.problems:
        raise PriceBookRefused(f"{file} has errors; nothing was loaded", document.problems)
    return layer


def read_layer(entry: Entry) -> Layer:
    """Read the terms of a deck that an entry has."""
    found: dict[str, Any] = {name: entry.text(name) for name in TEXTS if name in entry}
    found |= {name: entry.value(name, _FLAG.parse, False) for name in FLAGS if name in entry}
    found |= {name: _list(entry, name) for name in ("ignore",) if name in entry}
    found |= {name: _texts(entry, name) for name in ("access_codes", "zero") if name in entry}
    found |= {name: _pairs(entry, name) for name in PAIRS if name in entry}
    found |= {name: _selection(entry, name) for name in SELECTIONS if name in entry}
    if "prices" in entry:
        prices = entry.mapping("prices", Form("prices must be a mapping of header to conditions"))
        names = prices.nodes if prices else {}
        found["prices"] = tuple((name, _conditions(prices, name)) for name in names if prices)
    return found


def join_layers(layers: Sequence[Layer]) -> DeckTerms:
    """Join terms, each layer over the ones before it."""
    joined: dict[str, Any] = {"meter": "", "per": "", "optional": frozenset()}
    for layer in layers:
        for name, value in layer.items():
            joined[name] = _over(name, joined.get(name), value)
    return DeckTerms(**joined)


def _over(name: str, base: Any, value: Any) -> Any:
    """Put the value of a term over that of an earlier layer."""
    if base is None or name in TEXTS or name in FLAGS:
        return value
    if name == "optional":
        return base | value
    if name in LISTS:
        return (*base, *(it for it in value if it not in base))
    if name == "columns":
        fields = {field for field, _ in value}
        headers = {normalize(header) for _, header in value}
        kept = (it for it in base if it[0] not in fields and normalize(it[1]) not in headers)
        return (*kept, *value)
    return tuple((dict(base) | dict(value)).items())


def _list(entry: Entry, name: str) -> tuple[str, ...]:
    items = entry.items(name, "headers" if name == "ignore" else "texts")
    return tuple(entry.document.text(it, path, name) for it, path in items)


def _texts(entry: Entry, name: str) -> tuple[str, ...]:
    """Read a list of texts, or one text."""
    node = entry.nodes[name]
    return (str(node.value),) if isinstance(node, yaml.ScalarNode) else _list(entry, name)


def _pairs(entry: Entry, name: str) -> tuple[tuple[str, str], ...]:
    """Read a mapping of names to texts; a field may have several headers of which one is there."""
    mapping = entry.mapping(name, Form(f"{name} must be a mapping of name to value"))
    names = sorted(mapping.nodes) if mapping else []
    return tuple((it, text) for it in names if mapping for text in _texts(mapping, it))


def _selection(entry: Entry, name: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Read a mapping of headers to values, one or a list; a value may be empty."""
    mapping = entry.mapping(name, Form(f"{name} must be a mapping of header to values"))
    found = []
    for header, node in (mapping.nodes if mapping else {}).items():
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not all(isinstance(it, yaml.ScalarNode) for it in nodes):
            entry.document.note(node, name, "not_a_text", f"{name} must have texts or numbers")
            continue
        found.append((header, tuple(str(it.value) for it in nodes)))
    return tuple(found)


def _conditions(prices: Entry, header: str) -> tuple[tuple[str, str], ...]:
    return prices.pairs(header)
