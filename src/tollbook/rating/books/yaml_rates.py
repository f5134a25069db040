"""The rates of a YAML book: whom a rate is for and when; one rate for each of its prefixes."""

import msgspec
import yaml
from phonenumbers import SUPPORTED_REGIONS

from tollbook.domain.meters import BY_TYPE, Meter
from tollbook.domain.prices import FIRST_DAY, LAST_DAY, Pricing, Rate
from tollbook.rating.books import vocabulary
from tollbook.rating.books.yaml_nodes import Fields, Nodes, joined
from tollbook.rating.books.yaml_pricing import FIELDS as PRICING_FIELDS
from tollbook.rating.books.yaml_pricing import PricingReader
from tollbook.rating.match import COUNTRIES, DERIVED
from tollbook.rating.numbers import KINDS

FIELDS = (
    *("meter", "to", "from", "when", "valid_from", "valid_until", "hours"),
    *PRICING_FIELDS,
)
MOST_RATES = 100_000
"""Several prefixes of both sides can stand for many rates; a deck holds more than these in less."""
TOO_MANY_RATES = f"a book has at most {MOST_RATES:,} rates; put more into a deck"
_MOST_HOURS = 200
_HOURS_FIELDS = ("days", "from", "until")
_SIDES = ("to.", "from.")
_NOTHING = Pricing(None, "", 0, 1)
_NO_COUNTRY = "001"
"""What numbering plans call the numbers of no country, such as +800."""


def read_rate(nodes: Nodes, node: yaml.Node, path: str) -> list[Rate]:
    """Read one entry: none when it is wrong, several when it has several prefixes."""
    before = len(nodes.problems)
    what = "a rate is a mapping of meter, price and per"
    fields = nodes.mapping(node, path, what, FIELDS, ("meter",))
    if fields is None:
        return []
    meter = _meter(nodes, fields, path)
    to, from_ = _prefixes(nodes, fields, "to", path), _prefixes(nodes, fields, "from", path)
    when = _when(nodes, fields.get("when"), joined(path, "when"))
    valid_from = _day(nodes, fields, "valid_from", path, FIRST_DAY)
    valid_until = _day(nodes, fields, "valid_until", path, LAST_DAY)
    if valid_until < valid_from:
        sentence = "valid_until must not be before valid_from"
        nodes.say(fields["valid_until"], joined(path, "valid_until"), "invalid_date", sentence)
    hours = _hours(nodes, fields.get("hours"), joined(path, "hours"))
    template = Rate(
        meter.type if meter else "", _NOTHING, to[0], from_[0], when, hours, valid_from, valid_until
    )
    group = "" if len(to) * len(from_) > 1 else _group(template)
    pricing = PricingReader(nodes, node, path, meter).pricing(fields, group)
    if len(to) * len(from_) > MOST_RATES:
        nodes.say(node, path, "too_many_rates", TOO_MANY_RATES)
    if meter is None or len(nodes.problems) > before:
        return []
    return [
        msgspec.structs.replace(template, pricing=pricing, to=one, from_=other)
        for one in to
        for other in from_
    ]


def _meter(nodes: Nodes, fields: Fields, path: str) -> Meter | None:
    known = f"the meters are {', '.join(BY_TYPE)}"

    def read(text: str) -> Meter:
        if text not in BY_TYPE:
            raise ValueError(f"{text!r} is unknown; {known}")
        return BY_TYPE[text]

    return nodes.value(fields, "meter", path, read, None, "unknown_meter")


def _prefixes(nodes: Nodes, fields: Fields, name: str, path: str) -> list[str]:
    """Read one prefix or a list of them; the empty one is for any number, and for none."""
    node = fields.get(name)
    if node is None:
        return [""]
    if not isinstance(node, yaml.SequenceNode):
        return [nodes.value(fields, name, path, vocabulary.prefix, "", "invalid_prefix")]
    items = nodes.items(node, joined(path, name), f"{name} must be a prefix or a list of them")
    found = [
        nodes.value({name: item}, name, path, vocabulary.prefix, "", "invalid_prefix")
        for item, _ in items
    ]
    given: set[str] = set()
    for prefix, (item, where) in zip(found, items, strict=True):
        if prefix in given:
            nodes.say(item, where, "repeated_prefix", f"{prefix} is given twice")
        given.add(prefix or where)
    return found or [""]


def _when(nodes: Nodes, node: yaml.Node | None, path: str) -> tuple[tuple[str, str], ...]:
    if node is None:
        return ()
    fields = nodes.mapping(node, path, "when must be a mapping of attribute to value", None) or {}
    when = tuple(sorted((name, nodes.text(fields, name, path)) for name in fields))
    for name, value in when:
        sentence = _condition_sentence(name, value) if value else ""
        if sentence:
            nodes.say(fields[name], joined(path, name), "invalid_condition", sentence)
    return when


def _condition_sentence(name: str, value: str) -> str:
    """Say what is wrong with a condition on what a number says of itself."""
    if name.startswith(_SIDES) and name not in DERIVED:
        return f"{name} is unknown; known are {', '.join(DERIVED)}"
    if name in COUNTRIES and value not in SUPPORTED_REGIONS and value != _NO_COUNTRY:
        return f"{value!r} is not the ISO 3166 code of a country such as GB"
    if name in DERIVED and name not in COUNTRIES and value not in KINDS:
        return f"{name} must be {' or '.join(KINDS)}"
    return ""


def _day(nodes: Nodes, fields: Fields, name: str, path: str, otherwise: int) -> int:
    return nodes.value(fields, name, path, vocabulary.day, otherwise, "invalid_date")


def _hours(nodes: Nodes, node: yaml.Node | None, path: str) -> tuple[tuple[int, int], ...]:
    """Read one span of hours or a list of them."""
    if node is None:
        return ()
    what = "hours must be a mapping of days, from and until, or a list of such"
    bands = [(node, path)]
    if isinstance(node, yaml.SequenceNode):
        bands = nodes.items(node, path, what, _MOST_HOURS)
    spans: list[tuple[int, int]] = []
    for item, where in bands:
        fields = nodes.mapping(item, where, what, _HOURS_FIELDS)
        if not fields:
            continue
        given = {name: nodes.text(fields, name, where) for name in _HOURS_FIELDS}
        try:
            spans += vocabulary.hours(
                given["days"] or "mon-sun", given["from"] or "00:00", given["until"] or "24:00"
            )
        except ValueError as error:
            nodes.say(item, where, "invalid_hours", f"hours {error}")
    return vocabulary.merged(spans)


def _group(rate: Rate) -> str:
    """Name the group whose quantity a month's tiers count, when the book names none.

    It is made of what the rate is for, so that the next version of the book counts on.
    """
    conditions = [("to", rate.to), ("from", rate.from_), *rate.when]
    return " ".join([rate.meter, *(f"{name}={value}" for name, value in conditions if value)])
