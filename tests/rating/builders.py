"""Rates and usages with defaults: a test says only what it is about."""

from typing import Any

from tollbook.domain.charges import RatingInput
from tollbook.domain.prices import PriceBook, Pricing, Rate
from tollbook.rating.tariff import Tariff

MONDAY = 20240115


def pricing(**given: Any) -> Pricing:
    """One pico a second."""
    usual = {"price": "0.000000000001", "per": "second", "price_picos": 1, "per_micros": 1_000_000}
    return Pricing(**{**usual, **given})


def rate(priced: Pricing | None = None, **given: Any) -> Rate:
    return Rate(**{"meter": "voice.call", "pricing": priced or pricing(), **given})


def tariff(*rates: Rate, **given: Any) -> Tariff:
    usual = {"name": "test", "currency": "USD", "effective_from": 19000101, "source": "test"}
    return Tariff(PriceBook(**{**usual, "rates": rates, **given}))


def usage(**given: Any) -> RatingInput:
    """A call of a minute on a Monday at midnight."""
    usual = {"meter": "voice.call", "quantity": 60_000_000, "day": MONDAY}
    return RatingInput(**{**usual, **given})
