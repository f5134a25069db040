"""The margin: cost less purchase cost, of the usage whose purchase cost is known."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET

from tollbook.analytics.tables import Column, ColumnKind
from tollbook.domain.exact import AmountJson, fraction, raw_amount

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


FIELDS: list[tuple[str, Any, Any]] = [
    ("buy_cost", AmountJson | msgspec.UnsetType | None, UNSET),
    ("margin", AmountJson | msgspec.UnsetType | None, UNSET),
    ("buy_known_share", float | msgspec.UnsetType | None, UNSET),
]
"""The fields of a row in JSON, with their types; unset unless they are asked for."""
SORT_FIELDS = Margin._fields
"""The fields that rows with a margin can be sorted by."""


def margin_columns(prefix: str = "") -> tuple[Column, ...]:
    """Return the columns of a file."""
    kinds = (ColumnKind.AMOUNT, ColumnKind.AMOUNT, ColumnKind.SHARE)
    return tuple(
        Column(prefix + name, kind) for name, kind in zip(Margin._fields, kinds, strict=True)
    )


def margin_json(usage: Purchases, prefix: str = "") -> dict[str, Any]:
    """Return the fields of a row in JSON, by name."""
    margin = margin_of(usage)
    amounts = (it if it is None else raw_amount(it) for it in margin[:2])
    values = (*amounts, margin.buy_known_share)
    return {prefix + name: it for name, it in zip(Margin._fields, values, strict=True)}
