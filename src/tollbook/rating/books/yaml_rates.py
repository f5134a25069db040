"""The rates of a YAML book: one rate for each prefix of an entry."""

from functools import partial
from typing import Any

import yaml
from phonenumbers import SUPPORTED_REGIONS

from tollbook.domain.meters import Meter
from tollbook.domain.prices import Rate
from tollbook.rating.books import vocabulary
from tollbook.rating.books.fields import FIELDS
from tollbook.rating.books.pricing import read_days_and_name, read_pricing
from tollbook.rating.books.source import Form
from tollbook.rating.books.vocabulary import parse_meter
from tollbook.rating.books.yaml_nodes import Document, Entry
from tollbook.rating.match import COUNTRIES, DERIVED, Conditions, numbers_of
from tollbook.rating.numbers import KINDS

MOST_RATES = 100_000
"""The most rates of a book: a few lists of prefixes can stand for many, and a deck holds more."""
TOO_MANY_RATES = f"a book has at most {MOST_RATES:,} rates; put more into a deck"
_MOST_HOURS = 200
_RATE = Form("a rate is a mapping of meter, price and per", tuple(FIELDS), ("meter",))
_WHEN = Form("when must be a mapping of attribute to value")
_HOURS = Form(
    "hours must be a mapping of days, from and until, or a list of such", ("days", "from", "until")
)
_SIDES = ("to.", "from.")
_NO_COUNTRY = "001"
"""What numbering plans call the numbers of no country, such as +800."""


def read_rates(document: Document, node: yaml.Node, path: str) -> list[Rate]:
    """Read an entry as a rate for each of its prefixes; none when anything is wrong with it."""
    before = len(document.problems)
    entry = document.entry(node, path, _RATE)
    if entry is None:
        return []
    meter = entry.value("meter", partial(parse_meter, document.catalog), None, FIELDS["meter"].code)
    to, from_ = _read_prefixes(entry, "to"), _read_prefixes(entry, "from")
    when = _read_when(entry)
    conditions: dict[str, Any] = {"when": when, "numbers": numbers_of(when)}
    conditions |= {"hours": _read_hours(entry), **read_days_and_name(entry)}
    count = len(to) * len(from_)
    group = "" if count > 1 else _group_of(meter, to[0], from_[0], when)
    pricing = read_pricing(entry, meter, group)
    if count > MOST_RATES:
        document.note(node, path, "too_many_rates", TOO_MANY_RATES)
    if meter is None or len(document.problems) > before:
        return []
    return [
        Rate(
            meter=meter.type,
            pricing=pricing,
            to=one,
            from_=other,
            unit="" if meter.built_in else meter.unit,
            **conditions,
        )
        for one in to
        for other in from_
    ]


def _read_prefixes(entry: Entry, name: str) -> list[str]:
    """Read one prefix or a list of them; the empty one is for any number, and for none."""
    if not isinstance(entry.nodes.get(name), yaml.SequenceNode):
        return [entry.value(name, vocabulary.parse_prefix, "", "invalid_prefix")]
    found: list[str] = []
    seen: set[str] = set()
    for node, path in entry.items(name, "prefixes"):
        item = Entry(entry.document, node, entry.path, {name: node})
        prefix = item.value(name, vocabulary.parse_prefix, "", "invalid_prefix")
        if prefix and prefix in seen:
            entry.document.note(node, path, "repeated_prefix", f"{prefix} is given twice")
        found.append(prefix)
        seen.add(prefix)
    return found or [""]


def _read_when(entry: Entry) -> Conditions:
    conditions = entry.mapping("when", _WHEN)
    if conditions is None:
        return ()
    when = sorted((name, conditions.text(name)) for name in conditions.nodes)
    for name, value in when:
        sentence = _condition_problem(name, value) if value else ""
        if sentence:
            conditions.note(name, "invalid_condition", sentence)
    return tuple(when)


def _condition_problem(name: str, value: str) -> str:
    """Return what is wrong with a condition on the country or kind of a number."""
    if name.startswith(_SIDES) and name not in DERIVED:
        return f"{name} is unknown; known are {', '.join(DERIVED)}"
    if name in COUNTRIES and value not in SUPPORTED_REGIONS and value != _NO_COUNTRY:
        return f"{value!r} is not the ISO 3166 code of a country such as GB"
    if name in DERIVED and name not in COUNTRIES and value not in KINDS:
        return f"{name} must be {' or '.join(KINDS)}"
    return ""


def _read_hours(entry: Entry) -> vocabulary.Spans:
    """Read one span of hours or a list of them."""
    node, path = entry.nodes.get("hours"), entry.path_of("hours")
    if node is None:
        return ()
    items = [(node, path)]
    if isinstance(node, yaml.SequenceNode):
        items = entry.items("hours", "spans", _MOST_HOURS)
    spans: list[tuple[int, int]] = []
    for item, where in items:
        try:
            spans += _spans_of(entry.document, item, where)
        except ValueError as error:
            entry.document.note(item, where, "invalid_hours", f"hours {error}")
    return vocabulary.merge_spans(spans)


def _spans_of(document: Document, node: yaml.Node, path: str) -> vocabulary.Spans:
    """Read the spans of one item: a mapping, or a text as hours are shown."""
    if isinstance(node, yaml.ScalarNode) and " to " in node.value:
        return (vocabulary.parse_span(node.value),)
    entry = document.entry(node, path, _HOURS)
    if entry is None or not entry.nodes:
        return ()
    days, start, end = (entry.text(name) for name in _HOURS.known)
    return vocabulary.parse_hours(days or "mon-sun", start or "00:00", end or "24:00")


def _group_of(meter: Meter | None, to: str, from_: str, when: Conditions) -> str:
    """Return the group whose quantity a month's tiers count, when the book names none.

    It is made of what the rate is for, so that the next version of the book counts on.
    """
    conditions = [("to", to), ("from", from_), *when]
    name_of_meter = meter.type if meter else "unknown"
    return " ".join([name_of_meter, *(f"{name}={value}" for name, value in conditions if value)])
