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

from tollbook.domain.directory import currency_problem
from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.prices import PriceBook, Rate
from tollbook.rating.books import vocabulary
from tollbook.rating.books.clashes import clashes
from tollbook.rating.books.deck_csv import Progress
from tollbook.rating.books.yaml_decks import Files, read_decks
from tollbook.rating.books.yaml_examples import check_examples
from tollbook.rating.books.yaml_nodes import Fields, Nodes
from tollbook.rating.books.yaml_rates import MOST_RATES, TOO_MANY_RATES, read_rate

_REQUIRED = ("name", "currency", "effective_from", "source")
_FIELDS = (*_REQUIRED, "rates", "decks", "examples")
_HALF = re.compile("[\ud800-\udfff]")
_MOST_REPEATED = 200_000
"""So much may aliases of YAML repeat: a line of them can stand for more than any memory holds."""

_Read = list[tuple[Rate, yaml.Node]]
"""Rates, each with where it is written."""


def parse_price_book(
    text: str, files: Files | None = None, progress: Progress | None = None
) -> PriceBook:
    """Read a price book, or raise `PriceBookRefused` with every error in it.

    `files` gives the decks that the book names.
    """
    root = _composed(text)
    nodes = Nodes()
    _check_nodes(nodes, root)
    book = None if nodes.problems else _book(nodes, root, files, progress)
    if nodes.problems or book is None:
        count = len(nodes.problems)
        raise PriceBookRefused(
            f"the price book has {count} error{'s' if count > 1 else ''}; nothing was loaded",
            nodes.problems,
        )
    return book


def _composed(text: str) -> yaml.Node | None:
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        sentence = " ".join(str(error).split())
        raise PriceBookRefused(f"the price book is not YAML: {sentence}") from error
    except RecursionError as error:
        raise PriceBookRefused("the price book is not YAML: it is nested too deeply") from error
    except (ValueError, OverflowError) as error:
        sentence = "an escape or a version of YAML stands for nothing"
        raise PriceBookRefused(f"the price book is not YAML: {sentence}") from error
    return root


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
        nodes.value(fields, "effective_from", "", vocabulary.day, 0, "invalid_date"),
        nodes.text(fields, "source"),
        tuple(rate for rate, _ in rates),
        decks=read_decks(nodes, decks, rates, currency, files, progress) if decks else (),
    )
    # Examples of a book with errors would only add errors that are none.
    if "examples" in fields and not nodes.problems:
        check_examples(nodes, fields["examples"], book)
    return book


def _check_nodes(nodes: Nodes, root: yaml.Node | None) -> None:
    """Refuse what nothing can store or read to its end.

    That is half of a surrogate pair, as an escape can say it, and aliases that stand for very
    much or for what they are in.
    """
    whole: dict[int, int] = {}
    """What each node comes to with all that is repeated; more than may be, while that is open."""
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
                nodes.say(node, "", "half_character", "a text holds half of a surrogate pair")
    if root and whole[id(root)] > _MOST_REPEATED + len(whole):
        sentence = f"aliases repeat more than {_MOST_REPEATED:,} things"
        nodes.say(root, "", "too_many_aliases", sentence)


def _inside(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for pair in node.value:
            yield from pair


def _currency(text: str) -> str:
    if currency_problem(text):
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
            nodes.say(item, "rates", "too_many_rates", TOO_MANY_RATES)
            return []
    rates = [rate for rate, _ in read]
    try:
        pairs = clashes(rates)
    except ValueError as error:
        nodes.say(fields["rates"], "rates", "too_many_conditions", str(error))
        pairs = []
    for one, other in pairs:
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
