"""Rates that sell below their buy price: tried with the quantities at which prices change."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tollbook.domain.charges import RatingInput, Unpriced
from tollbook.domain.exact import MICROS
from tollbook.domain.prices import Basis, CallTerms, Pricing, Rate, TierMode
from tollbook.rating.calculation import calculate

_SECONDS = (30, 60, 61)
"""Durations that are tried of every price for seconds, beyond those of its own increments."""


class Loss(NamedTuple):
    """A quantity in micros that costs less than it is bought for; amounts in nanos.

    `tier` counts from 1; None without tiers.
    """

    tier: int | None
    quantity: int
    cost: int
    buy_cost: int

    @property
    def amount(self) -> int:
        """Return by how much it is below."""
        return self.buy_cost - self.cost


class _Sample(NamedTuple):
    """A usage to try: its quantity, and what its month has billed before, in micros."""

    quantity: int
    position: int = 0
    tier: int | None = None


def largest_loss(rate: Rate) -> Loss | None:
    """Return the largest loss of a rate among the quantities that are tried, if there is one.

    A rate without a price of its own, or whose usage cannot be priced by a quantity alone, has
    none.
    """
    pricing = rate.pricing
    if pricing.price is None or pricing.buy is None:
        return None
    losses = (_loss(rate.meter, pricing, pricing.buy, it) for it in _samples(pricing))
    return max((it for it in losses if it), key=lambda it: (it.amount, -it.quantity), default=None)


def _loss(meter: str, pricing: Pricing, buy: Pricing, sample: _Sample) -> Loss | None:
    usage = RatingInput(meter, sample.quantity, _DAY)
    sold, bought = calculate(pricing, usage, sample.position), calculate(buy, usage)
    if isinstance(sold, Unpriced) or isinstance(bought, Unpriced) or sold.cost >= bought.cost:
        return None
    return Loss(sample.tier, sample.quantity, sold.cost, bought.cost)


_DAY = 20240101
"""The first day of a month, so that a rental is of a whole one."""


def _samples(pricing: Pricing) -> Iterator[_Sample]:
    for quantity in sorted(set(_quantities(pricing))):
        yield _Sample(quantity, tier=1 if pricing.tiers else None)
    start = 0
    for number, tier in enumerate(pricing.tiers, 1):
        first = _Sample(MICROS, start, number)
        last = first if tier.up_to is None else _Sample(MICROS, tier.up_to - MICROS, number)
        for sample in (first, last):
            yield _of_volume(sample) if pricing.tier_mode is TierMode.VOLUME else sample
        start = tier.up_to or start


def _of_volume(sample: _Sample) -> _Sample:
    """Return the whole month as one usage: its last unit alone would change the price of all."""
    return _Sample(sample.position + sample.quantity, 0, sample.tier)


def _quantities(pricing: Pricing) -> Iterator[int]:
    yield MICROS
    for side in (pricing, pricing.buy):
        if side is not None:
            if side.basis is Basis.UNIT:
                yield side.per_micros
            if side.package:
                yield side.package
            if side.calls is not None:
                yield from _durations(side.calls)


def _durations(calls: CallTerms) -> Iterator[int]:
    yield from (seconds * MICROS for seconds in _SECONDS)
    for bound in (calls.minimum, calls.first):
        if bound:
            yield bound
            yield bound + MICROS


def has_buy_price(templates: Sequence[Rate]) -> bool:
    """Return whether any rate has a buy price."""
    return any(rate.pricing.buy is not None for rate in templates)
