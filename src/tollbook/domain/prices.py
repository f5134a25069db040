"""Rates and price books as frozen values."""

import msgspec

TO_COUNTRY = "to.country"
"""The one condition that is not an attribute: the country of the number in `to`."""


class Rate(msgspec.Struct, frozen=True):
    """One price with its conditions.

    `price_picos` is the price in 1e-12 of the currency for `per_micros` of the meter's unit, or,
    when `per_event`, for the event as a whole. `price` and `per` are the words of the book.
    """

    meter: str
    price: str
    per: str
    price_picos: int
    per_micros: int
    per_event: bool = False
    when: tuple[tuple[str, str], ...] = ()
    id: int = 0


class PriceBook(msgspec.Struct, frozen=True):
    """A versioned set of rates of one tenant, in force from a day on until a later book is."""

    name: str
    currency: str
    effective_from: int
    source: str
    rates: tuple[Rate, ...]
    version: int = 0
