"""A rate in the words of a book: loading what is shown gives the same rate again."""

from collections.abc import Callable
from typing import Any

import msgspec

from tollbook.domain.exact import MICROS, quantity_text
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.prices import Basis, CallTerms, Fee, Pricing, Rate, Tier, TierMode
from tollbook.rating.books.fields import (
    CALLS,
    FIELDS,
    Field,
    ShownBuy,
    ShownFee,
    ShownRate,
    ShownTier,
)
from tollbook.rating.books.vocabulary import format_hours, parse_per

_NO_TERMS = CallTerms()


def show_rate(rate: Rate, *, with_buy: bool = True) -> ShownRate:
    """Show a rate, with what it is bought for or without."""
    shown: dict[str, Any] = {
        name: show(rate) for name, show in _SHOW.items() if with_buy or name != "buy"
    }
    return ShownRate(rate_id=rate.id, from_=shown.pop("from"), **shown)


def _show_price(rate: Rate) -> str | None:
    return None if rate.pricing.tiers else rate.pricing.price


def _show_package(rate: Rate) -> str | None:
    pricing = rate.pricing
    if not pricing.package or pricing.basis is Basis.MEDIA:  # media come in blocks of the price
        return None
    # Rounded up: a block may be no whole millionth of what the price is for.
    return quantity_text(-(-pricing.package * MICROS // pricing.per_micros))


def _show_tiers(rate: Rate, mode: TierMode) -> list[ShownTier] | None:
    if rate.pricing.tier_mode is not mode:
        return None
    return [_show_tier(tier, rate) for tier in rate.pricing.tiers] or None


def _show_tier(tier: Tier, rate: Rate) -> ShownTier:
    if tier.up_to is None:
        return ShownTier(tier.price)
    unit = parse_per(rate.pricing.per, BY_TYPE[rate.meter]).unit
    return ShownTier(tier.price, quantity_text(tier.up_to * MICROS // unit))


def _show_fee(fee: Fee) -> ShownFee:
    if fee.share is not None:
        return ShownFee(fee.name, percent=fee.price)
    return ShownFee(fee.name, fee.price, fee.per)


def _show_buy(rate: Rate) -> ShownBuy | None:
    buy = rate.pricing.buy
    if buy is None:
        return None
    calls = {
        field.name: field.format(buy.calls or _NO_TERMS)
        for field in CALLS
        if field.name in ShownBuy.__struct_fields__
    }
    return ShownBuy(buy.price or "", buy.per, **calls)


_PART: dict[type[msgspec.Struct], Callable[[Rate], object]] = {
    Rate: lambda rate: rate,
    Pricing: lambda rate: rate.pricing,
    CallTerms: lambda rate: rate.pricing.calls or _NO_TERMS,
}
_SHOW_COMPOSITE: dict[str, Callable[[Rate], Any]] = {
    "meter": lambda rate: rate.meter,
    "price": _show_price,
    "per": lambda rate: rate.pricing.per or None,
    "to": lambda rate: rate.to or None,
    "from": lambda rate: rate.from_ or None,
    "when": lambda rate: dict(rate.when) or None,
    "hours": lambda rate: list(format_hours(rate.hours)) or None,
    "package": _show_package,
    "graduated": lambda rate: _show_tiers(rate, TierMode.GRADUATED),
    "volume": lambda rate: _show_tiers(rate, TierMode.VOLUME),
    "fees": lambda rate: [_show_fee(fee) for fee in rate.pricing.fees] or None,
    "buy": _show_buy,
}


def _show_kept(field: Field) -> Callable[[Rate], str | None]:
    part_of = _PART[field.part]
    return lambda rate: field.format(part_of(rate))


_SHOW = {
    name: _show_kept(field) if field.attributes else _SHOW_COMPOSITE[name]
    for name, field in FIELDS.items()
}
