"""A rate in the words of a book, which load as the same rate."""

from typing import Any

import msgspec

from tollbook.domain.exact import MICROS, quantity_text
from tollbook.domain.meters import BY_TYPE, Category, Meter
from tollbook.domain.prices import Basis, CallTerms, Fee, Pricing, Rate, Tier, TierMode
from tollbook.rating.books.fields import ShownBuy, ShownFee, ShownGraduatedTier, ShownRate, kept_in
from tollbook.rating.books.pricing import terms_of_buy
from tollbook.rating.books.vocabulary import format_hours, format_price, parse_per


def show_rate(rate: Rate, *, with_buy: bool = True) -> ShownRate:
    """Show a rate, with what it is bought for or without."""
    pricing = rate.pricing
    is_volume = pricing.tier_mode is TierMode.VOLUME
    tiers = [_show_tier(tier, rate) for tier in pricing.tiers]
    kept = _format(Rate, rate) | _format(Pricing, pricing) | _format(CallTerms, pricing.calls)
    return ShownRate(
        rate_id=rate.id,
        meter=rate.meter,
        price=None if tiers else pricing.price,
        per=pricing.per or None,
        to=rate.to or None,
        from_=rate.from_ or None,
        when=dict(rate.when) or None,
        hours=list(format_hours(rate.hours)) or None,
        package=_show_package(pricing),
        graduated=None if is_volume else tiers or None,
        volume=list(tiers) if is_volume else None,
        fees=[_show_fee(fee) for fee in pricing.fees] or None,
        buy=_show_buy(pricing, pricing.buy) if with_buy and pricing.buy else None,
        **kept,
    )


def _format(part: type[msgspec.Struct], value: object) -> dict[str, Any]:
    """Format the fields that a part of a rate keeps, None for defaults."""
    return {} if value is None else {it.name: it.format(value) for it in kept_in(part)}


def _show_package(pricing: Pricing) -> str | None:
    if not pricing.package or pricing.basis is Basis.MEDIA:  # media come in blocks of the price
        return None
    # Rounded up: a block may be no whole millionth of what the price is for.
    return quantity_text(-(-pricing.package * MICROS // pricing.per_micros))


def _show_tier(tier: Tier, rate: Rate) -> ShownGraduatedTier:
    """Show a tier; those of volume have no connect fee."""
    unit = parse_per(rate.pricing.per, _meter_of(rate)).unit
    return ShownGraduatedTier(
        tier.price,
        None if tier.up_to is None else quantity_text(tier.up_to * MICROS // unit),
        None if tier.connect_fee is None else format_price(tier.connect_fee),
    )


def _meter_of(rate: Rate) -> Meter:
    """Return the meter of a rate, of an own one what its prices depend on."""
    return BY_TYPE.get(rate.meter) or Meter(rate.meter, 0, Category.MESSAGING, rate.unit)


def _show_fee(fee: Fee) -> ShownFee:
    if fee.share is not None:
        return ShownFee(fee.name, percent=fee.price)
    return ShownFee(fee.name, fee.price, fee.per)


def _show_buy(sell: Pricing, buy: Pricing) -> ShownBuy:
    calls = {
        name: text
        for name, text in _format(CallTerms, buy.calls).items()
        if name in ShownBuy.__struct_fields__
    }
    if not any(calls.values()) and buy.calls != terms_of_buy(sell.calls):
        calls["minimum"] = "0"  # without any field, those of the sale would hold
    return ShownBuy(price=buy.price or "", per=buy.per, **calls)
