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

import yaml

from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.prices import PriceBook, Rate
from tollbook.rating import words
from tollbook.rating.clashes import clashes
from tollbook.rating.deck_csv import Progress
from tollbook.rating.yaml_decks import Files, read_decks
from tollbook.rating.yaml_examples import check_examples
from tollbook.rating.yaml_nodes import Fields, Nodes
from tollbook.rating.yaml_rates import read_rate

_REQUIRED = ("name", "currency", "effective_from", "source")
_FIELDS = (*_REQUIRED, "rates", "decks", "examples")
_HALF = re.compile("[\ud800-\udfff]")
MOST_RATES = 100_000
"""An alias of YAML can stand for many rates; a deck holds more than these in less."""

_Read = list[tuple[Rate, yaml.Node]]
"""Rates, each with where it is written."""


def parse_price_book(
    text: str, files: Files | None = None, progress: Progress | None = None
) -> PriceBook:
    """Read a price book, or raise `PriceBookRefused` with every error in it.

    `files` gives the decks that the book names.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        sentence = f"the price book is not YAML: {' '.join(str(error).split())}"
        raise PriceBookRefused(sentence) from error
    nodes = Nodes()
    _refuse_half_characters(nodes, root)
    book = None if nodes.problems else _book(nodes, root, files, progress)
    if nodes.problems or book is None:
        count = len(nodes.problems)
        raise PriceBookRefused(
            f"the price book has {count} error{'s' if count > 1 else ''}; nothing was loaded",
            nodes.problems,
        )
    return book


def _book(
    nodes: Nodes, root: yaml.Node | None, files: Files | None, progress: Progress | None
) -> PriceBook | None:
    what = "a price book is a mapping of name, rates and so on"
    if root is None:
        nodes.say(root, "", "not_a_mapping", what)
        return None
    fields = nodes.mapping(root, "", what, _FIELDS, _REQUIRED)
    if fields is None:
        return None
    if "rates" not in fields and "decks" not in fields:
        nodes.say(root, "rates", "missing_field", "rates is missing")
    rates = _rates(nodes, fields)
    currency = nodes.value(fields, "currency", "", _currency, "")
    decks = fields.get("decks")
    book = PriceBook(
        nodes.text(fields, "name"),
        currency,
        nodes.value(fields, "effective_from", "", words.day, 0, "invalid_date"),
        nodes.text(fields, "source"),
        tuple(rate for rate, _ in rates),
        decks=read_decks(nodes, decks, rates, currency, files, progress) if decks else (),
    )
    # Examples of a book with errors would only add errors that are none.
    if "examples" in fields and not nodes.problems:
        check_examples(nodes, fields["examples"], book)
    return book


def _refuse_half_characters(nodes: Nodes, root: yaml.Node | None) -> None:
    """Say where an escape stands for half of a surrogate pair, which nothing can store."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        if isinstance(node, yaml.ScalarNode):
            if _HALF.search(node.value):
                nodes.say(node, "", "half_character", "a text holds half of a surrogate pair")
            continue
        inside = node.value if isinstance(node, yaml.CollectionNode) else ()
        for part in inside:
            for it in part if isinstance(part, tuple) else (part,):
                if id(it) not in seen:
                    seen.add(id(it))
                    waiting.append(it)


def _currency(text: str) -> str:
    if not re.fullmatch("[A-Z]{3}", text):
        raise ValueError("must be an ISO 4217 code such as USD")
    return text


def _rates(nodes: Nodes, fields: Fields) -> _Read:
    if "rates" not in fields:
        return []
    what = "rates must be a list of at least one rate"
    read: _Read = []
    for item, path in nodes.items(fields["rates"], "rates", what):
        read += [(rate, item) for rate in read_rate(nodes, item, path)]
        if len(read) > MOST_RATES:
            sentence = f"a book has at most {MOST_RATES:,} rates; put more into a deck"
            nodes.say(item, "rates", "too_many_rates", sentence)
            return []
    rates = [rate for rate, _ in read]
    for one, other in clashes(rates):
        sentence = (
            f"this rate and the one on line {read[one][1].start_mark.line + 1} "
            f"could both price the same {rates[one].meter}"
        )
        nodes.say(read[other][1], "rates", "ambiguous_rates", sentence)
    _check_groups(nodes, read)
    return read


def _check_groups(nodes: Nodes, read: _Read) -> None:
    """Say which rates count other things in a tier group than the first one of it."""
    counted: dict[str, tuple[str, str]] = {}
    for rate, node in read:
        group = rate.pricing.tier_group
        if group is None:
            continue
        what = (BY_TYPE[rate.meter].unit, rate.pricing.basis.value)
        if counted.setdefault(group, what) != what:
            sentence = f"the tier_group {group!r} counts something else on an earlier line"
            nodes.say(node, "rates", "mixed_tier_group", sentence)
