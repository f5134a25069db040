"""What rates cover together: all numbers with a prefix, all days and hours of another rate.

A prefix is covered when each of its next ten digits is: by a prefix of its own, or by longer ones.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from tollbook.domain.periods import day_number, day_of
from tollbook.domain.prices import LAST_DAY, MINUTES_OF_DAY, Rate
from tollbook.rating.books.vocabulary import Spans, merge_spans

_SHORTEST_NUMBER = 7
"""The digits of the shortest number. A longer prefix cannot cover a prefix that is a number."""
_WEEK: Spans = ((0, 7 * MINUTES_OF_DAY),)


class Conditions(NamedTuple):
    """All but prefixes and pricing of a rate: what it is for, and the box of its days and hours."""

    meter: str
    is_price: bool
    is_markup: bool
    when: frozenset[tuple[str, str]]
    hours: Spans
    valid_from: int
    valid_until: int

    @classmethod
    def of(cls, rate: Rate) -> "Conditions":
        """Return the terms of a rate."""
        return cls(
            meter=rate.meter,
            is_price=rate.pricing.price is not None,
            is_markup=rate.pricing.markup is not None,
            when=frozenset(rate.when),
            hours=rate.hours or _WEEK,
            valid_from=rate.valid_from,
            valid_until=rate.valid_until,
        )

    def may_replace(self, other: "Conditions") -> bool:
        """Return whether a rate of these terms is used wherever one of the others is, days aside.

        Its conditions are a part of the other's, and it prices or marks up what the other does.
        """
        return (
            self.meter == other.meter
            and self.is_price >= other.is_price
            and self.is_markup >= other.is_markup
            and self.when <= other.when
            and self.valid_from <= other.valid_until
            and other.valid_from <= self.valid_until
        )


def cover_box(needed: Conditions, others: Sequence[Conditions]) -> bool:
    """Return whether other terms together have all days and hours of some terms."""
    begins = {needed.valid_from}
    for it in others:
        begins.add(it.valid_from)
        if it.valid_until < LAST_DAY:
            begins.add(day_number(day_of(it.valid_until) + timedelta(days=1)))
    return all(
        _have_hours(needed.hours, [it for it in others if it.valid_from <= day <= it.valid_until])
        for day in begins
        if needed.valid_from <= day <= needed.valid_until
    )


def _have_hours(needed: Spans, others: Sequence[Conditions]) -> bool:
    """Return whether the hours of terms together have some hours."""
    merged = merge_spans([span for it in others for span in it.hours])
    for start, end in needed:
        place = bisect_right(merged, (start, _WEEK[0][1])) - 1
        if place < 0 or merged[place][1] < end:
            return False
    return True


class Covered(NamedTuple):
    """The prefixes of some rates, and the prefixes that these cover wholly."""

    prefixes: Collection[str]
    wholly: Collection[str]

    @classmethod
    def by(cls, prefixes: Collection[str]) -> "Covered":
        """Return what some prefixes cover."""
        return cls(prefixes, _wholly_covered(prefixes))

    def has_country(self, country: str, prefix: str) -> bool:
        """Return whether longer prefixes cover all numbers of a country with a prefix."""
        codes = _CODES.get(country, ())
        return bool(codes) and all(self._has_code(code, prefix) for code in codes)

    def _has_code(self, code: str, prefix: str) -> bool:
        if prefix.startswith(code):
            return prefix in self.wholly
        if not code.startswith(prefix):
            return True
        longer = (code[:length] for length in range(len(prefix) + 1, len(code) + 1))
        return any(it in self.prefixes or it in self.wholly for it in longer)


def _codes() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for code, regions in COUNTRY_CODE_TO_REGION_CODE.items():
        for region in regions:
            found[region] = (*found.get(region, ()), str(code))
    return found


_CODES = _codes()
"""The calling codes of each country."""


def _wholly_covered(prefixes: Iterable[str]) -> Collection[str]:
    """Return the prefixes whose numbers all have a longer one of some prefixes.

    Counting by length takes a few look-ups for each prefix. No number begins with 0.
    """
    by_length: list[set[str]] = [set() for _ in range(_SHORTEST_NUMBER + 1)]
    for prefix in prefixes:
        if len(prefix) <= _SHORTEST_NUMBER:
            by_length[len(prefix)].add(prefix)
    found: set[str] = set()
    for length in range(_SHORTEST_NUMBER, 0, -1):
        counts = Counter([prefix[:-1] for prefix in by_length[length]])
        whole = [it for it, count in counts.items() if count == (10 if it else 9)]
        found.update(whole)
        by_length[length - 1].update(whole)
    return found
