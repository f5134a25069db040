"""The margin: cost less purchase cost, of the usage whose purchase cost is known."""

from collections.abc import Iterable
from typing import NamedTuple

from tollbook.domain.exact import fraction

_SHARE_PLACES = 6
_LEAST_SHARE = 0.000_001
_MOST_SHARE = 0.999_999


class Purchases(NamedTuple):
    """Sums of usage: its events and cost in nanos, and those of the events with a known buy price.

    `buy` is the purchase cost of `bought` events, and `bought_cost` the cost of the same events.
    """

    events: int = 0
    cost: int = 0
    buy: int = 0
    bought: int = 0
    bought_cost: int = 0

    @property
    def is_unknown(self) -> bool:
        """Return whether no purchase cost is known. A buy price of 0 is known."""
        return not (self.buy or self.bought or self.bought_cost)


class Margin(NamedTuple):
    """The purchase cost and the margin in nanos, and the share of the cost that they are of.

    Amounts are None when there is usage whose purchase cost is not known at all. The share is None
    without usage and for a cost of 0 or less.
    """

    buy_cost: int | None
    margin: int | None
    buy_known_share: float | None


def margin_of(usage: Purchases) -> Margin:
    """Return the margin of a usage: exact, and negative where it was sold below its cost."""
    if usage.is_unknown:
        return Margin(None, None, 0.0) if usage.events or usage.cost else Margin(0, 0, None)
    return Margin(usage.buy, usage.bought_cost - usage.buy, _known_share(usage))


def _known_share(usage: Purchases) -> float | None:
    """Return the share of the cost whose purchase cost is known; 1 only when all of it is."""
    if usage.bought == usage.events and usage.bought_cost == usage.cost:
        return 1.0
    share = fraction(usage.bought_cost, usage.cost, _SHARE_PLACES)
    return None if share is None else min(max(share, _LEAST_SHARE), _MOST_SHARE)


def added(usages: Iterable[Purchases]) -> Purchases:
    """Return the sums of several usages."""
    return Purchases(*map(sum, zip(Purchases(), *usages, strict=True)))
