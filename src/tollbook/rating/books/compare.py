"""The differences between two price books: rates added, removed, dearer, cheaper.

Rates of two books are the same rate when they are for the same usage: meter, prefixes, conditions
and hours. Days of validity are ignored; rates that differ in them alone are compared in order.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import NamedTuple

import msgspec

from tollbook.domain.exact import divide_half_even
from tollbook.domain.prices import EARLIER_RULES, Deck, PriceBook, Pricing, Rate


class Change(StrEnum):
    """The change of a rate; `changed` when it is of anything but the price of a unit."""

    ADDED = "added"
    REMOVED = "removed"
    DEARER = "dearer"
    CHEAPER = "cheaper"
    CHANGED = "changed"


class RateDifference(NamedTuple):
    """A rate that differs between two books. `percent` is in hundredths, None without one."""

    change: Change
    rate: Rate
    old: Pricing | None
    new: Pricing | None
    percent: int | None


_What = tuple[int, str, str]
_Templates = list[Rate]
_Rates = dict[_What, Rate | _Templates]


def differences(old: PriceBook, new: PriceBook) -> list[RateDifference]:
    """List the differences, by meter and prefix."""
    whats: dict[object, int] = {}
    before, after = _rates_by_usage(old, whats), _rates_by_usage(new, whats)
    found: list[RateDifference] = []
    verdicts: dict[tuple[int, int], tuple[Change, int | None] | None] = {}
    for what, rate in before.items():
        other = after.pop(what, None)
        if other is rate:
            continue
        for one, two in zip_longest(_listed(rate), _listed(other)):
            found.extend(_difference(what, one, two, verdicts))
    for what, rate in after.items():
        for one in _listed(rate):
            found.extend(_difference(what, None, one, verdicts))
    return sorted(found, key=lambda it: (it.rate.meter, it.rate.to, it.rate.from_, it.rate.when))


def _difference(
    what: _What,
    old: Rate | None,
    new: Rate | None,
    verdicts: dict[tuple[int, int], tuple[Change, int | None] | None],
) -> Iterator[RateDifference]:
    template = new or old
    if template is None:
        return
    verdict: tuple[Change, int | None] | None
    if old is None or new is None:
        verdict = (Change.ADDED if old is None else Change.REMOVED, None)
    else:
        # Two books have few pricings: each pair is compared once.
        pair = id(old.pricing), id(new.pricing)
        if pair not in verdicts:
            verdicts[pair] = _verdict(old.pricing, new.pricing)
        verdict = verdicts[pair]
    if verdict is None:
        return
    _, to, from_ = what
    rate = msgspec.structs.replace(template, to=to, from_=from_)
    yield RateDifference(
        verdict[0], rate, old.pricing if old else None, new.pricing if new else None, verdict[1]
    )


def _verdict(old: Pricing, new: Pricing) -> tuple[Change, int | None] | None:
    old, new = _comparable(old), _comparable(new)
    if old == new:
        return None
    plain = not (old.tiers or new.tiers or old.price is None or new.price is None)
    if not plain or old.basis is not new.basis:
        return Change.CHANGED, None
    one, two = old.price_picos * new.per_micros, new.price_picos * old.per_micros
    if one == two:
        return (Change.CHANGED, None) if _without_price(old) != _without_price(new) else None
    change = Change.DEARER if two > one else Change.CHEAPER
    return change, divide_half_even((two - one) * 10_000, one) if one else None


def _comparable(pricing: Pricing) -> Pricing:
    """Return a pricing without the version of its rules where all versions charge alike."""
    if pricing.prorated:
        return pricing
    return msgspec.structs.replace(pricing, rules=EARLIER_RULES)


def _without_price(pricing: Pricing) -> Pricing:
    """Return a pricing without its price, which has many texts: 0.12 a minute is 0.002 a second."""
    return msgspec.structs.replace(pricing, price="", per="", price_picos=0, per_micros=1)


def _rates_by_usage(book: PriceBook, whats: dict[object, int]) -> _Rates:
    found: _Rates = {}
    for deck in (Deck.of(book.rates), *book.decks):
        _add(deck, whats, found)
    return found


def _add(deck: Deck, whats: dict[object, int], found: _Rates) -> None:
    numbers = [whats.setdefault((it.meter, it.when, it.hours), len(whats)) for it in deck.templates]
    templates = deck.templates
    for number, to, from_ in deck.rows():
        template = templates[number]
        what = (numbers[number], to, from_)
        before = found.setdefault(what, template)
        if before is not template:
            found[what] = sorted([*_listed(before), template], key=lambda it: it.valid_from)


def _listed(rate: Rate | Sequence[Rate] | None) -> Sequence[Rate]:
    if rate is None:
        return ()
    return (rate,) if isinstance(rate, Rate) else rate
