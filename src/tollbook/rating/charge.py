"""The arithmetic: one event and one tariff give one charge, rounded once."""

from collections.abc import Mapping

import msgspec

from tollbook.domain.events import plain_number
from tollbook.domain.exact import COST_PLACES, MICROS, MOST_COST, divide_half_even, scaled
from tollbook.domain.prices import TO_COUNTRY, Rate
from tollbook.rating.book import Tariff
from tollbook.rating.numbers import country_of

_MOST_COST_NANOS = scaled(MOST_COST, COST_PLACES)
_PICOS_IN_A_NANO = 1000

Attributes = Mapping[str, str | int | float | bool | None]


class Charge(msgspec.Struct, frozen=True, gc=False):
    """What an event costs, in nanos, for which billed quantity, in micros, and by which rate.

    `rate_id` is None when the event brought its own cost.
    """

    cost: int
    billed: int
    rate_id: int | None


class Unpriced(msgspec.Struct, frozen=True):
    """Why an event has no charge: a code and a sentence. It is never charged 0."""

    code: str
    reason: str


def charge_of(
    meter: str, quantity: int, attributes: Attributes | None, tariff: Tariff
) -> Charge | Unpriced:
    """Price `quantity` micros of a meter by the rate that fits with the most conditions.

    cost = billed quantity / per * price, rounded half to even to 1e-9 of the currency.
    """
    for rate in tariff.rates_of.get(meter, ()):
        if rate.when and not _fits(rate, attributes or {}):
            continue
        billed = MICROS if rate.per_event else quantity
        cost = divide_half_even(billed * rate.price_picos, rate.per_micros * _PICOS_IN_A_NANO)
        if cost > _MOST_COST_NANOS:
            return Unpriced("cost_out_of_range", f"the cost would be over {MOST_COST}")
        return Charge(cost, billed, rate.id)
    return Unpriced(
        "no_price", f"price book version {tariff.book.version} has no price for this {meter}"
    )


def _fits(rate: Rate, attributes: Attributes) -> bool:
    return all(
        _country(attributes) == wanted
        if name == TO_COUNTRY
        else name in attributes and _plain(attributes[name]) == wanted
        for name, wanted in rate.when
    )


def _country(attributes: Attributes) -> str | None:
    number = attributes.get("to")
    return country_of(number) if isinstance(number, str) else None


def _plain(value: str | float | bool | None) -> str:
    """Write an attribute as a book would: text as it is, anything else as in JSON."""
    if isinstance(value, float):
        value = plain_number(value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
