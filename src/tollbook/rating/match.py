"""Whether a rate fits a usage, and which of two that fit is the more particular one."""

from datetime import date
from functools import lru_cache

import msgspec

from tollbook.domain.charges import Attributes, Usage
from tollbook.domain.events import plain_number
from tollbook.domain.periods import day_of
from tollbook.domain.prices import MINUTES_OF_DAY, Rate
from tollbook.rating.numbers import country_of, digits_of, kind_of

TO_COUNTRY = "to.country"
FROM_COUNTRY = "from.country"
TO_KIND = "to.kind"
FROM_KIND = "from.kind"
COUNTRIES = (TO_COUNTRY, FROM_COUNTRY)
DERIVED = (*COUNTRIES, TO_KIND, FROM_KIND)
"""Conditions that are no attributes, but what the numbers in `to` and `from` say of themselves."""

SIDES = ("to", "from")
"""The attributes that hold the numbers of both ends."""

Rank = tuple[int, int, bool, bool, int, bool]


def rank_of(rate: Rate) -> Rank:
    """Say how particular a rate is; of those that fit, the highest rank wins.

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


def fits(rate: Rate, usage: Usage) -> bool:
    """Tell whether everything but the prefixes of a rate fits."""
    if not rate.valid_from <= usage.day <= rate.valid_until:
        return False
    attributes = usage.attributes or {}
    for name, wanted in rate.when:
        if name in DERIVED:
            if derived(name, attributes) != wanted:
                return False
        elif name not in attributes or plain(attributes[name]) != wanted:
            return False
    return not rate.hours or _within_hours(rate, usage)


def _within_hours(rate: Rate, usage: Usage) -> bool:
    minute = weekday_of(usage.day) * MINUTES_OF_DAY + usage.minute
    return any(start <= minute < end for start, end in rate.hours)


@lru_cache(maxsize=1024)
def weekday_of(day: int) -> int:
    """Give the weekday of a day number, 0 for Monday."""
    return date.weekday(day_of(day))


def derived(name: str, attributes: Attributes) -> str | None:
    """Give what a number says of itself: its country, or its kind."""
    side, _, question = name.partition(".")
    value = attributes.get(side)
    return country_of(digits_of(value)) if question == "country" else kind_of(value)


def derived_of(name: str) -> tuple[str, str]:
    """Name the conditions that are about what an attribute says of itself."""
    return f"{name}.country", f"{name}.kind"


def plain(value: str | float | bool | None) -> str:
    """Write an attribute as a book would: text as it is, anything else as in JSON."""
    if isinstance(value, float):
        value = plain_number(value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
