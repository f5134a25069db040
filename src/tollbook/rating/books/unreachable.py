"""Rates of a book that no event can reach, because rates that come first are for all of it.

What is reported is certain; a book with very many different conditions is searched in part.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import chain, combinations
from typing import NamedTuple

from tollbook.domain.prices import Deck, PriceBook, Rate
from tollbook.rating.books.covering import Conditions, Covered, cover_box
from tollbook.rating.match import (
    COUNTRIES,
    FROM,
    FROM_COUNTRY,
    FROM_KIND,
    TO,
    TO_COUNTRY,
    TO_KIND,
)

MOST_LISTED = 100
_MOST_TERMS = 500
"""The most different terms of a book that are searched: each may be compared with each."""
_MOST_CONDITIONS = 6
"""Rates of more conditions are compared only with those of the same ones, and of none."""
_MOST_STEPS = 5_000_000
"""The most prefixes that are looked at for rates with terms, which takes about two seconds."""
_MOST_SPANS = 2_000_000
"""The most spans of hours that are compared, likewise."""
_MOST_TOGETHER = 50
"""The most rates of one prefix that are put together."""
_NOTHING = Covered.by(())
_ADDRESSES = {TO, FROM, TO_KIND, FROM_KIND}
"""A rate with such a condition may be for addresses that are no numbers."""


class CoveredBy(StrEnum):
    """What comes before a rate wherever it fits."""

    PREFIXES = "longer_prefixes"
    COUNTRY = "prefixes_of_country"
    HOURS = "rates_with_hours"


class CoveredRate(NamedTuple):
    """A rate that no event can reach; `row` counts the rates of its book, then those of decks."""

    row: int
    rate: Rate
    covered_by: CoveredBy


class UnreachableRates(NamedTuple):
    """The number of rates that no event can reach, and the first of them."""

    number: int
    first: list[CoveredRate]


def unreachable_rates(book: PriceBook) -> UnreachableRates:
    """Find the rates of a book that no event can reach."""
    parts = [Deck.of(book.rates), *book.decks]
    search = _Search(parts)
    number, row = 0, 0
    first: list[CoveredRate] = []
    for deck in parts:
        for place, covered_by in search.find(deck):
            number += 1
            if len(first) < MOST_LISTED:
                first.append(CoveredRate(row + place, deck.rate(place), covered_by))
        row += len(deck.prefixes)
    return UnreachableRates(number, first)


class _AllTerms:
    """The different terms of a book's rates, by number, as far as they are searched."""

    def __init__(self) -> None:
        self.all: list[Conditions] = []
        self._numbers: dict[Conditions, int] = {}
        self._by_when: dict[object, list[int]] = defaultdict(list)
        self._replacing: dict[int, tuple[list[int], list[int]]] = {}
        self._together: dict[tuple[int, ...], bool] = {}
        self._left = _MOST_SPANS

    def number(self, rate: Rate) -> int | None:
        """Return the number of a rate's terms; None when there are too many."""
        terms = Conditions.of(rate)
        found = self._numbers.get(terms)
        if found is None and len(self.all) < _MOST_TERMS:
            found = self._numbers[terms] = len(self.all)
            self.all.append(terms)
            self._by_when[terms.when].append(found)
        return found

    def replacing(self, number: int) -> tuple[list[int], list[int]]:
        """Return the terms that replace some terms always, and those that do at times."""
        if number not in self._replacing:
            always: list[int] = []
            at_times: list[int] = []
            needed = self.all[number]
            for when in _parts_of(needed.when):
                for it in self._by_when.get(when, ()):
                    if self.all[it].may_replace(needed):
                        (always if self.cover(number, [it]) else at_times).append(it)
            self._replacing[number] = always, at_times
        return self._replacing[number]

    def cover(self, number: int, others: Sequence[int]) -> bool:
        """Return whether terms together have all days and hours of some terms."""
        if not 0 < len(others) <= _MOST_TOGETHER:
            return False
        key = number, *others
        if key not in self._together:
            needed, found = self.all[number], [self.all[it] for it in others]
            self._left -= len(found) * sum(len(it.hours) for it in (needed, *found))
            self._together[key] = self._left > 0 and cover_box(needed, found)
        return self._together[key]


def _parts_of(when: frozenset[tuple[str, str]]) -> Iterator[frozenset[tuple[str, str]]]:
    sizes: Iterable[int] = range(len(when) + 1)
    if len(when) > _MOST_CONDITIONS:
        sizes = (0, len(when))
    return (frozenset(it) for size in sizes for it in combinations(sorted(when), size))


class _Side:
    """The prefixes of one side, `to` or `from`, by terms and other prefix of their rates."""

    def __init__(self, country: str, terms: _AllTerms) -> None:
        self._country = country
        self._terms = terms
        self._left = _MOST_STEPS
        self._prefixes: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._by_any: dict[str, Covered] = {}
        self._covered_by: dict[object, Covered] = {}

    def add(self, number: int, other: str, prefixes: Iterable[str]) -> None:
        """Add the prefixes of rates with the same terms and other prefix."""
        found = [prefix for prefix in prefixes if prefix]
        if found:
            self._prefixes[other][number] += found

    def wholly_covered(self, other: str) -> Covered:
        """Return what all prefixes cover, whatever their terms: nothing else can be covered."""
        if other not in self._prefixes:
            return _NOTHING
        if other not in self._by_any:
            found = set(chain.from_iterable(self._prefixes[other].values()))
            self._by_any[other] = Covered.by(found)
        return self._by_any[other]

    def covered_by(self, number: int, prefix: str, other: str) -> CoveredBy | None:
        """Return what covers a rate with a prefix, None when nothing does."""
        if self._reason(self.wholly_covered(other), number, prefix) is None:
            return None
        return self._reason(self._covered(number, other), number, prefix)

    def _reason(self, covered: Covered, number: int, prefix: str) -> CoveredBy | None:
        if prefix in covered.wholly:
            return CoveredBy.PREFIXES
        when = self._terms.all[number].when
        country = dict(when).get(self._country) if when else None
        is_covered = country is not None and covered.has_country(country, prefix)
        return CoveredBy.COUNTRY if is_covered else None

    def _covered(self, number: int, other: str) -> Covered:
        """Return what rates cover that replace a rate of some terms and another prefix."""
        here = self._prefixes.get(other, {})
        always, at_times = self._terms.replacing(number)
        always, at_times = ([it for it in found if it in here] for found in (always, at_times))
        key = (other, *always, -1, *((*at_times, number) if at_times else ()))
        if key not in self._covered_by:
            self._left -= sum(len(here[it]) for it in (*always, *at_times))
            found: set[str] = set()
            if self._left > 0:
                found.update(chain.from_iterable(here[it] for it in always))
                found.update(self._together(number, {it: here[it] for it in at_times}))
            self._covered_by[key] = Covered.by(found)
        return self._covered_by[key]

    def _together(self, number: int, prefixes_of: dict[int, list[str]]) -> Iterator[str]:
        """Yield prefixes with rates that replace a rate together, some on each day and hour."""
        numbers_at: dict[str, list[int]] = defaultdict(list)
        for it, prefixes in prefixes_of.items():
            for prefix in prefixes:
                numbers_at[prefix].append(it)
        for prefix, numbers in numbers_at.items():
            if self._terms.cover(number, numbers):
                yield prefix


class _Search:
    """The search for unreachable rates in the parts of a book."""

    def __init__(self, parts: Sequence[Deck]) -> None:
        self._terms = _AllTerms()
        self._to = _Side(TO_COUNTRY, self._terms)
        self._from = _Side(FROM_COUNTRY, self._terms)
        self._with_hours: dict[object, list[int]] = defaultdict(list)
        self._two_sided = False
        for deck in parts:
            self._add(deck)

    def _add(self, deck: Deck) -> None:
        prefixes_of: dict[int, list[str]] = defaultdict(list)
        for prefix, template in zip(deck.prefixes, deck.template_of, strict=True):
            prefixes_of[template].append(prefix)
        for template, prefixes in prefixes_of.items():
            rate = deck.templates[template]
            number = self._terms.number(rate)
            if number is not None:
                self._add_prefixes(number, rate, prefixes, inbound=deck.inbound)

    def _add_prefixes(
        self, number: int, rate: Rate, prefixes: Sequence[str], *, inbound: bool
    ) -> None:
        side, across = (self._from, self._to) if inbound else (self._to, self._from)
        other = rate.to if inbound else rate.from_
        side.add(number, other, prefixes)
        self._two_sided |= inbound or bool(other)
        if other:
            for prefix in prefixes:
                across.add(number, prefix, [other])
        if rate.hours:
            when = self._terms.all[number].when
            for prefix in prefixes:
                place = (other, prefix) if inbound else (prefix, other)
                self._with_hours[rate.meter, when, *place].append(number)

    def find(self, deck: Deck) -> Iterator[tuple[int, CoveredBy]]:
        """Yield the rows of a part that no event can reach, with what covers them."""
        numbers = [self._terms.number(it) for it in deck.templates]
        by_prefix = [self._is_decided_by_prefix(it) for it in deck.templates]
        covered = self._to.wholly_covered("").wholly
        for row, (template, to, from_) in enumerate(deck.rows()):
            number = numbers[template]
            if number is None or (by_prefix[template] and to not in covered):
                continue
            has_hours = bool(deck.templates[template].hours)
            found = self._covered_by(number, to, from_, has_hours=has_hours)
            if found is not None:
                yield row, found

    def _is_decided_by_prefix(self, rate: Rate) -> bool:
        """Return whether longer prefixes alone can cover a rate: so it is in most decks."""
        has_country = any(name in COUNTRIES for name, _ in rate.when)
        return not (self._two_sided or self._with_hours or has_country)

    def _covered_by(self, number: int, to: str, from_: str, *, has_hours: bool) -> CoveredBy | None:
        terms = self._terms.all[number]
        if _ADDRESSES.isdisjoint(name for name, _ in terms.when):
            for side, prefix, other in (
                (self._to, to, ""),
                (self._to, to, from_),
                (self._from, from_, to),
            ):
                found = side.covered_by(number, prefix, other)
                if found is not None:
                    return found
        others = self._with_hours.get((terms.meter, terms.when, to, from_), ())
        if has_hours or not 0 < len(others) <= _MOST_TOGETHER:
            return None
        replacing = [it for it in others if self._terms.all[it].may_replace(terms)]
        return CoveredBy.HOURS if self._terms.cover(number, replacing) else None
