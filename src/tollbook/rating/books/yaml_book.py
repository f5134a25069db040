"""A price book as YAML: read whole or refused whole, with every error and its line.

```yaml
name: Standard
currency: USD
effective_from: 2024-01-01
source: carrier agreement 17
rates:
  - {meter: voice.call, to: [4420, 44203], price: 0.012, per: minute, increments: 60/6}
  - {meter: sms.outbound, price: 0.05, per: segment, when: {to.country: GB}}

Examples:
  - {event: {type: voice.call, quantity: 61, attributes: {to: +442071838750}}, cost: 0.0132}
```
"""

import re
import sys
from collections.abc import Iterator

import yaml

from tollbook.domain.catalog import BUILT_IN, Catalog, HintingCatalog
from tollbook.domain.directory import currency_problem
from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.prices import PriceBook, Rate
from tollbook.rating.books import vocabulary
from tollbook.rating.books.clashes import clashes
from tollbook.rating.books.deck_growth import Progress
from tollbook.rating.books.deck_report import DeckReport
from tollbook.rating.books.source import Form
from tollbook.rating.books.yaml_decks import Files, read_decks
from tollbook.rating.books.yaml_examples import check_examples
from tollbook.rating.books.yaml_loader import BoundedLoader, TooMuchWork
from tollbook.rating.books.yaml_nodes import Document, Entry
from tollbook.rating.books.yaml_rates import MOST_RATES, TOO_MANY_RATES, read_rates

_REQUIRED = ("name", "currency", "effective_from", "source")
_BOOK = Form(
    "a price book is a mapping of name, rates and so on",
    (*_REQUIRED, "rates", "decks", "examples"),
    _REQUIRED,
)
_HALF = re.compile("[\ud800-\udfff]")
_MOST_REPEATED = 200_000
"""The most nodes that aliases may repeat: a line of them can stand for more than memory holds."""

_Read = list[tuple[Rate, yaml.Node]]
"""Rates, each with the node it is written in."""


def parse_price_book(
    text: str,
    files: Files | None = None,
    progress: Progress | None = None,
    most_tokens: int = sys.maxsize,
    catalog: Catalog = BUILT_IN,
    reports: list[DeckReport] | None = None,
) -> PriceBook:
    """Parse a price book, or raise `PriceBookRefused` with every error in it.

    `files` reads the decks that the book names, `catalog` has the meters that it may price, and
    `reports` receives how each deck was read. A book
    with more than `most_tokens` names, values and marks of YAML is refused: they take time before
    anything can be said about the book.
    """
    document = Document(HintingCatalog(catalog))
    root = _compose(document, text, most_tokens)
    _check_nodes(document, root)
    book = None if document.problems else _read_book(document, root, files, progress, reports)
    if document.problems or book is None:
        count = len(document.problems)
        raise PriceBookRefused(
            f"the price book has {count} error{'s' if count > 1 else ''}; nothing was loaded",
            document.problems,
        )
    return book


def _compose(document: Document, text: str, most_tokens: int) -> yaml.Node | None:
    try:
        return BoundedLoader(text, _BOOK.known, most_tokens).compose_root()
    except TooMuchWork as error:
        for node in error.unknown:
            document.note_unknown(node, "", _BOOK)
        sentence = f"the price book has more than {most_tokens:,} names, values and marks of YAML"
        if document.problems:
            sentence = "the price book has unknown fields, and the rest of it was not read"
        raise PriceBookRefused(f"{sentence}; nothing was loaded", document.problems) from error
    except yaml.YAMLError as error:
        sentence = " ".join(str(error).split())
        raise PriceBookRefused(f"the price book is not YAML: {sentence}") from error
    except RecursionError as error:
        raise PriceBookRefused("the price book is not YAML: it is nested too deeply") from error
    except (ValueError, OverflowError) as error:
        sentence = "an escape or a version of YAML has no meaning"
        raise PriceBookRefused(f"the price book is not YAML: {sentence}") from error


def _read_book(
    document: Document,
    root: yaml.Node | None,
    files: Files | None,
    progress: Progress | None,
    reports: list[DeckReport] | None,
) -> PriceBook | None:
    if root is None:
        document.note(root, "", "not_a_mapping", _BOOK.sentence)
        return None
    entry = document.entry(root, "", _BOOK)
    if entry is None:
        return None
    if "rates" not in entry and "decks" not in entry:
        entry.note("rates", "missing_field", "rates is missing")
    rates = _read_rates(entry)
    currency = entry.value("currency", _parse_currency, "")
    reads = read_decks(entry, rates, currency, files, progress) if "decks" in entry else ()
    if reports is not None:
        reports.extend(it.report for it in reads)
    book = PriceBook(
        name=entry.text("name"),
        currency=currency,
        effective_from=entry.value("effective_from", vocabulary.parse_day, 0, "invalid_date"),
        source=entry.text("source"),
        rates=tuple(rate for rate, _ in rates),
        decks=tuple(it.deck for it in reads),
    )
    # The examples of a book with errors would only add errors that are none.
    if "examples" in entry and not document.problems:
        check_examples(entry, book)
    return book


def _check_nodes(document: Document, root: yaml.Node | None) -> None:
    """Note what cannot be stored or read to its end.

    That is half of a surrogate pair, which an escape can write, and aliases that repeat very much
    or the node they are in.
    """
    whole: dict[int, int] = {}
    """The size of each node with all that is repeated; the largest number while it is open."""
    waiting = [(root, False)] if root else []
    while waiting:
        node, inside_known = waiting.pop()
        inside = list(_inside(node))
        if inside_known:
            size = 1 + sum(whole[id(it)] for it in inside)
            whole[id(node)] = min(size, sys.maxsize)
        elif id(node) not in whole:
            whole[id(node)] = sys.maxsize
            waiting.append((node, True))
            waiting += ((it, False) for it in inside)
            if isinstance(node, yaml.ScalarNode) and _HALF.search(node.value):
                document.note(node, "", "half_character", "a text holds half of a surrogate pair")
    if root and whole[id(root)] > _MOST_REPEATED + len(whole):
        sentence = f"aliases repeat more than {_MOST_REPEATED:,} things"
        document.note(root, "", "too_many_aliases", sentence)


def _inside(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair


def _parse_currency(text: str) -> str:
    if currency_problem(text):
        raise ValueError("must be an ISO 4217 code such as USD")
    return text


def _read_rates(entry: Entry) -> _Read:
    if "rates" not in entry:
        return []
    document = entry.document
    read: _Read = []
    for node, path in entry.items("rates", "at least one rate"):
        read += [(rate, node) for rate in read_rates(document, node, path)]
        if len(read) > MOST_RATES:
            document.note(node, "rates", "too_many_rates", TOO_MANY_RATES)
            return []
    try:
        pairs = clashes([rate for rate, _ in read])
    except ValueError as error:
        entry.note("rates", "too_many_conditions", str(error))
        pairs = []
    for one, other in pairs:
        sentence = (
            f"this rate and the one on line {read[one][1].start_mark.line + 1} "
            f"could both price the same {read[one][0].meter}"
        )
        document.note(read[other][1], "rates", "ambiguous_rates", sentence)
    _check_groups(document, read)
    return read


def _check_groups(document: Document, read: _Read) -> None:
    """Note which rates count something else in a tier group than its first one."""
    counted: dict[str, tuple[str, str]] = {}
    for rate, node in read:
        group = rate.pricing.tier_group
        if group is None:
            continue
        what = (rate.unit_of_meter, rate.pricing.basis.value)
        if counted.setdefault(group, what) != what:
            sentence = f"the tier_group {group!r} counts something else on an earlier line"
            document.note(node, "rates", "mixed_tier_group", sentence)
