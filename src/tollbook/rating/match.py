"""Whether a rate fits a usage, and which of two that fit is more specific."""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from math import isfinite

import msgspec

from tollbook.domain.charges import RatingInput
from tollbook.domain.events import plain_number
from tollbook.domain.periods import day_of
from tollbook.domain.prices import MINUTES_OF_DAY, Rate
from tollbook.rating.number_formats import digits_of
from tollbook.rating.numbers import country_of, kind_of

TO_COUNTRY = "to.country"
FROM_COUNTRY = "from.country"
TO_KIND = "to.kind"
FROM_KIND = "from.kind"
COUNTRIES = (TO_COUNTRY, FROM_COUNTRY)
DERIVED = (*COUNTRIES, TO_KIND, FROM_KIND)
"""Conditions on no attribute, but on what is derived from the numbers in `to` and `from`."""

TO = "to"
FROM = "from"
SIDES = (TO, FROM)
"""The attributes that hold the numbers of both ends."""

Rank = tuple[int, int, bool, bool, int, bool]
Conditions = tuple[tuple[str, str], ...]

_is_number = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?").fullmatch


def rank_of(rate: Rate) -> Rank:
    """Return how specific a rate is; of those that fit, the highest rank wins.

    The order is that of docs/prices.md: the longer `to`, the longer `from`, a country of `to`, one
    of `from`, the number of other conditions, hours. Two rates that fit one usage and have one
    rank cannot be in a book.
    """
    names = {name for name, _ in rate.when}
    others = len(names.difference(COUNTRIES))
    return (
        len(rate.to),
        len(rate.from_),
        TO_COUNTRY in names,
        FROM_COUNTRY in names,
        others,
        bool(rate.hours),
    )


def fits(rate: Rate, usage: RatingInput) -> bool:
    """Return whether a usage meets all conditions of a rate but its prefixes."""
    if not rate.valid_from <= usage.day <= rate.valid_until:
        return False
    attributes = usage.attributes or {}
    for name, wanted in rate.when:
        if name in DERIVED:
            if derived(name, usage) != wanted:
                return False
        elif name not in attributes or (
            format_attribute(attributes[name]) != wanted
            and not (rate.numbers and _is_equal_number(rate, name, attributes[name]))
        ):
            return False
    return not rate.hours or _within_hours(rate, usage)


def _is_equal_number(rate: Rate, name: str, value: str | float | bool | None) -> bool:
    """Return whether an attribute is a number with the value that a condition has."""
    return type(value) in (int, float) and (name, format_attribute(value)) in rate.numbers


def _within_hours(rate: Rate, usage: RatingInput) -> bool:
    minute = weekday_of(usage.day) * MINUTES_OF_DAY + usage.minute
    return any(start <= minute < end for start, end in rate.hours)


@lru_cache(maxsize=1024)
def weekday_of(day: int) -> int:
    """Return the weekday of a day number, 0 for Monday."""
    return date.weekday(day_of(day))


def derived(name: str, usage: RatingInput) -> str | None:
    """Return what is derived from a number: its country, or its kind."""
    side, _, question = name.partition(".")
    value = (usage.attributes or {}).get(side)
    if question == "country":
        return country_of(digits_of(value, usage.number_format))
    return kind_of(value, usage.number_format)


def derived_of(name: str) -> tuple[str, str]:
    """Return the conditions on what is derived from an attribute."""
    return f"{name}.country", f"{name}.kind"


def conditions_but_for(side: str, rates: Iterable[Rate]) -> tuple[Rate, ...]:
    """Return rates with the distinct conditions of these, except those on `to` or `from`."""
    names = derived_of(side)
    found: dict[tuple[object, ...], Rate] = {}
    for rate in rates:
        when = tuple(it for it in rate.when if it[0] not in names)
        conditions = when, rate.hours, rate.valid_from, rate.valid_until
        if conditions not in found:
            found[conditions] = msgspec.structs.replace(rate, when=when)
    return tuple(found.values())


def names_kind(rate: Rate, sides: Iterable[str]) -> bool:
    """Return whether a rate has a condition on the kind or the text of each of these attributes."""
    names = {name for name, _ in rate.when}
    return all(not names.isdisjoint((side, f"{side}.kind")) for side in sides)


def format_attribute(value: str | float | bool | None) -> str:
    """Format an attribute as a book has it: text as it is, anything else as in JSON."""
    if isinstance(value, float):
        value = plain_number(value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def number_text(text: str) -> str | None:
    """Return a number as `format_attribute` writes its value; None for a text that is no number."""
    value = float(text) if _is_number(text) else None
    return format_attribute(value) if value is not None and isfinite(value) else None


def numbers_of(when: Conditions) -> Conditions:
    """Return the conditions whose numbers are written in another way than JSON numbers compare."""
    return tuple(
        (name, text)
        for name, value in when
        if name not in DERIVED and (text := number_text(value)) is not None and text != value
    )
