"""Prices that a change of price books takes away."""

import msgspec

MOST_NAMED = 100
"""The most organizations that are named of those that lose the same prices."""


class LostPrices(msgspec.Struct, frozen=True):
    """Meters that lose their price in a currency, and the first organizations affected."""

    currency: str
    meters: list[str]
    organizations: list[str]
    organizations_count: int
