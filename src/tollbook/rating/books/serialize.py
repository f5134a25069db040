"""A rate as it is shown: in the words in which a book is written."""

from collections.abc import Iterator

import msgspec

from tollbook.domain.exact import MICROS, quantity_text
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import day_of
from tollbook.domain.prices import (
    FIRST_DAY,
    LAST_DAY,
    MINUTES_OF_DAY,
    PARTS,
    PICOS,
    PRICE_PLACES,
    Basis,
    Pricing,
    Rate,
    Tier,
    TierMode,
)
from tollbook.rating.books import vocabulary

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class ShownTier(msgspec.Struct, frozen=True, omit_defaults=True):
    """The price up to a quantity of the month; the last tier has no end."""

    price: str
    up_to: str | None = None


class ShownFee(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line beside the price: an amount for something, or a share of the price."""

    name: str
    price: str | None = None
    per: str | None = None
    percent: str | None = None


class ShownBuy(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the quantity is bought for."""

    price: str
    per: str
    increments: str | None = None
    minimum: str | None = None
    grace: str | None = None
    connect_fee: str | None = None


class ShownRate(msgspec.Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    """One rate; what does not apply to it is absent. Amounts and quantities are decimal numbers."""

    rate_id: int
    meter: str
    price: str | None = None
    per: str | None = None
    to: str | None = None
    from_: str | None = None
    when: dict[str, str] | None = None
    hours: list[str] | None = None
    valid_from: str | None = None
    valid_until: str | None = None
    increments: str | None = None
    minimum: str | None = None
    grace: str | None = None
    connect_fee: str | None = None
    maximum_cost: str | None = None
    package: str | None = None
    over: str | None = None
    graduated: list[ShownTier] | None = None
    volume: list[ShownTier] | None = None
    tier_group: str | None = None
    proration: str | None = None
    fees: list[ShownFee] | None = None
    markup: str | None = None
    buy: ShownBuy | None = None


def shown_rate(rate: Rate, *, with_buy: bool = True) -> ShownRate:
    """Show a rate, with what it is bought for or without."""
    pricing = rate.pricing
    calls = _calls(pricing)
    tiers = [_tier(it, rate) for it in pricing.tiers]
    graduated = pricing.tier_mode is TierMode.GRADUATED
    return ShownRate(
        rate.id,
        rate.meter,
        None if tiers else pricing.price,
        pricing.per or None,
        rate.to or None,
        rate.from_ or None,
        dict(rate.when) or None,
        list(hours_in_words(rate.hours)) or None,
        None if rate.valid_from == FIRST_DAY else day_of(rate.valid_from).isoformat(),
        None if rate.valid_until == LAST_DAY else day_of(rate.valid_until).isoformat(),
        **calls,
        maximum_cost=_most(pricing),
        package=_package(pricing),
        over="month" if pricing.monthly else None,
        graduated=tiers if tiers and graduated else None,
        volume=tiers if tiers and not graduated else None,
        tier_group=pricing.tier_group,
        proration="daily" if pricing.prorated else None,
        fees=_fees(pricing) or None,
        markup=None if pricing.markup is None else percent_text(pricing.markup),
        buy=_buy(pricing.buy) if with_buy and pricing.buy else None,
    )


def hours_in_words(hours: tuple[tuple[int, int], ...]) -> Iterator[str]:
    """Write spans of minutes since Monday as weekdays and times."""
    for start, end in hours:
        yield f"{_moment(start)} to {_moment(end, ends=True)}"


def price_text(picos: int) -> str:
    """Write an amount exactly, without zeros at the end."""
    units, rest = divmod(picos, PICOS)
    decimals = f"{rest:0{PRICE_PLACES}d}".rstrip("0")
    return f"{units}.{decimals}" if decimals else str(units)


def percent_text(share: int) -> str:
    """Write millionths as a percentage."""
    return f"{quantity_text(share * 100 * MICROS // PARTS)}%"


def _moment(minute: int, *, ends: bool = False) -> str:
    day, rest = divmod(minute, MINUTES_OF_DAY)
    if ends and not rest:
        day, rest = day - 1, MINUTES_OF_DAY
    return f"{_DAYS[day]} {rest // 60:02d}:{rest % 60:02d}"


def _calls(pricing: Pricing) -> dict[str, str | None]:
    calls = pricing.calls
    if calls is None:
        return {}
    increments = f"{quantity_text(calls.first)}/{quantity_text(calls.following)}"
    return {
        "increments": increments if calls.first or calls.following else None,
        "minimum": quantity_text(calls.minimum) if calls.minimum else None,
        "grace": quantity_text(calls.grace) if calls.grace else None,
        "connect_fee": price_text(calls.connect_fee) if calls.connect_fee else None,
    }


def _most(pricing: Pricing) -> str | None:
    most = pricing.calls.maximum_cost if pricing.calls else None
    return None if most is None else price_text(most)


def _package(pricing: Pricing) -> str | None:
    if not pricing.package or pricing.basis is Basis.MEDIA:  # media come in blocks of the price
        return None
    return quantity_text(pricing.package * MICROS // pricing.per_micros)


def _tier(tier: Tier, rate: Rate) -> ShownTier:
    if tier.up_to is None:
        return ShownTier(tier.price)
    unit = vocabulary.per(rate.pricing.per, BY_TYPE[rate.meter]).unit
    return ShownTier(tier.price, quantity_text(tier.up_to * MICROS // unit))


def _fees(pricing: Pricing) -> list[ShownFee]:
    return [
        ShownFee(it.name, percent=it.price)
        if it.share is not None
        else ShownFee(it.name, it.price, it.per)
        for it in pricing.fees
    ]


def _buy(buy: Pricing) -> ShownBuy:
    return ShownBuy(buy.price or "", buy.per, **_calls(buy))
