"""What a rate costs, read from any notation: price, calls, tiers, fees, buy price, markup."""

from collections.abc import Sequence
from typing import Any

import msgspec

from tollbook.domain.charges import RESERVED_LINES
from tollbook.domain.exact import MICROS, MOST_QUANTITY
from tollbook.domain.meters import Meter
from tollbook.domain.prices import (
    FIRST_DAY,
    LAST_DAY,
    RULES,
    Basis,
    CallTerms,
    Fee,
    Pricing,
    Rate,
    Tier,
    TierMode,
)
from tollbook.rating.books.fields import (
    CALLS,
    FIELDS,
    PRICES,
    ShownBuy,
    ShownFee,
    ShownGraduatedTier,
    ShownTier,
    kept_in,
)
from tollbook.rating.books.source import FieldSource, Form
from tollbook.rating.books.vocabulary import (
    Per,
    parse_per,
    parse_percent,
    parse_price,
    parse_quantity,
)

_OF_RATE = kept_in(Rate)
_KEPT = kept_in(Pricing)
_TIERS = {
    TierMode.GRADUATED: Form(
        "a tier is a mapping of up_to, price and connect_fee",
        ShownGraduatedTier.__struct_fields__,
        ("price",),
    ),
    TierMode.VOLUME: Form(
        "a tier is a mapping of up_to and price", ShownTier.__struct_fields__, ("price",)
    ),
}
_FEE = Form(
    "a fee is a mapping of name, price and per, or of name and percent",
    ShownFee.__struct_fields__,
    ("name",),
)
_BUY = Form("", ShownBuy.__struct_fields__, ("price",))
_MOST_BLOCK = int(MOST_QUANTITY) * MICROS
_MOST_TIERS = 1_000
_MOST_FEES = 100
_NO_PER = Per(MICROS, Basis.UNIT, MICROS)


def read_days_and_name(source: FieldSource) -> dict[str, Any]:
    """Read the days on which a rate is valid and its name, as attributes of it."""
    found = source.attributes(_OF_RATE)
    if found.get("valid_until", LAST_DAY) < found.get("valid_from", FIRST_DAY):
        first, last = source.label("valid_from"), source.label("valid_until")
        source.note("valid_until", "invalid_date", f"{last} must not be before {first}")
    return found


def read_pricing(source: FieldSource, meter: Meter | None, group: str = "") -> Pricing:
    """Read the pricing of a rate; `group` is the tier group of one that names none.

    Without a meter, which is a problem already, nothing that depends on it is read.
    """
    _check_fields(source, meter)
    per = _read_per(source, meter, _NO_PER)
    mode = TierMode.VOLUME if "volume" in source else TierMode.GRADUATED
    tiers = _read_tiers(source, mode, per, meter)
    kept = source.attributes(_KEPT)
    named = kept.pop("tier_group", None)
    if tiers or kept.get("monthly"):
        kept["tier_group"] = named or group
        if not kept["tier_group"]:
            sentence = "a rate of several prefixes must name the tier_group they count in"
            source.note("tier_group", "missing_field", sentence)
    text, picos = read_price(source)
    if "first_price" in source and per.basis is not Basis.UNIT:
        sentence = f"{source.label('first_price')} is for a price by time, not for one by call"
        source.note("first_price", "invalid_price", sentence)
    pricing = Pricing(
        price=mode.value if tiers else text or None,
        per=source.text("per"),
        price_picos=picos,
        per_micros=per.micros,
        basis=per.basis,
        calls=_read_calls(source, meter, per, tiers),
        package=_read_package(source, per),
        tiers=tiers,
        tier_mode=mode,
        fees=_read_fees(source, meter),
        rules=RULES,
        **kept,
    )
    return add_buy(source, meter, pricing)


def add_buy(source: FieldSource, meter: Meter | None, pricing: Pricing) -> Pricing:
    """Add what the quantity is bought for, if it is given."""
    if "buy" not in source:
        return pricing
    buy = _read_buy(source.part("buy", _BUY), meter, pricing)
    return msgspec.structs.replace(pricing, buy=buy)


def _check_fields(source: FieldSource, meter: Meter | None) -> None:
    """Note which fields are missing, cannot be together, or are for other meters."""
    given = [FIELDS[name] for name in source if name in FIELDS]
    is_priced = any(name in source for name in PRICES)
    if not (is_priced or "markup" in source):
        source.note("price", "missing_field", "price is missing")
    if (is_priced or "markup" not in source) and "per" not in source:
        source.note("per", "missing_field", "per is missing")
    for field in given:
        label = source.label(field.name)
        for other in field.excludes:
            if other in source:
                sentence = f"{other} and {label} cannot be in one rate"
                source.note(field.name, "not_together", sentence)
        is_alone = field.needs and not any(name in source for name in field.needs)
        # Without a price and a markup only the price is missing.
        if is_alone and (field.needs != PRICES or "markup" in source):
            sentence = f"{label} needs {' or '.join(field.needs)}"
            source.note(field.name, "missing_field", sentence)
        if field.unit and meter and meter.unit != field.unit:
            sentence = f"{label} is for meters in {field.unit}s, not for {meter.type}"
            source.note(field.name, "not_for_meter", sentence)


def read_price(source: FieldSource) -> tuple[str, int]:
    """Read a price as it is written, and in picos."""
    return source.value("price", lambda text: (text, parse_price(text)), ("", 0))


def _read_per(source: FieldSource, meter: Meter | None, default: Per) -> Per:
    if meter is None:
        return default
    return source.value("per", lambda text: parse_per(text, meter), default)


def _read_calls(
    source: FieldSource, meter: Meter | None, per: Per, tiers: Sequence[Tier] = ()
) -> CallTerms | None:
    """Read the terms of a call; None when seconds are billed as they are, and nothing else."""
    if meter is None or meter.unit != "second":
        return None
    terms = CallTerms(**source.attributes(CALLS))
    if terms.maximum_cost is not None and terms.maximum_cost < terms.connect_fee:
        sentence = f"{source.label('maximum_cost')} must not be below the connect fee"
        source.note("maximum_cost", "invalid_maximum_cost", sentence)
    has_fees = "fees" in source or any(it.connect_fee is not None for it in tiers)
    is_plain = terms == CallTerms() and per.basis is Basis.UNIT and not has_fees
    return None if is_plain else terms


def _read_package(source: FieldSource, per: Per) -> int:
    """Read the size of a block in micros; media always come in blocks of a price."""
    if "package" not in source:
        return per.micros if per.basis is Basis.MEDIA else 0
    number = source.value("package", parse_quantity, MICROS)
    if per.basis is not Basis.UNIT:
        sentence = "package is for units, not for a price by message, call or media size"
        source.note("package", "invalid_package", sentence)
    block = number * per.micros // MICROS
    if not 0 < block <= _MOST_BLOCK:
        sentence = f"package must not be more than {MOST_QUANTITY} units"
        source.note("package", "invalid_package", sentence)
    return block


def _read_tiers(
    source: FieldSource, mode: TierMode, per: Per, meter: Meter | None
) -> tuple[Tier, ...]:
    if mode not in source:
        return ()
    tiers: list[Tier] = []
    entries = source.entries(mode, "tiers", _TIERS[mode], _MOST_TIERS)
    for entry in entries:
        up_to = entry.value("up_to", parse_quantity, 0)
        text, picos = read_price(entry)
        connect_fee = _read_tier_fee(entry, meter)
        tier = Tier(up_to * per.unit // MICROS if up_to else None, text, picos, connect_fee)
        end = tiers[-1].up_to if tiers else 0
        if ("up_to" in entry) is (entry is entries[-1]):
            sentence = "the last tier has no up_to, and every other one has"
            entry.note("", "invalid_tiers", sentence)
        elif tier.up_to is not None and end is not None and tier.up_to <= end:
            sentence = "up_to must be more than that of the tier before"
            entry.note("", "invalid_tiers", sentence)
        tiers.append(tier)
    return tuple(tiers)


def _read_tier_fee(entry: FieldSource, meter: Meter | None) -> int | None:
    """Read the connect fee of a tier; None for that of the rate."""
    field = FIELDS["connect_fee"]
    if field.name in entry and meter and meter.unit != field.unit:
        sentence = f"{field.name} is for meters in {field.unit}s, not for {meter.type}"
        entry.note(field.name, "not_for_meter", sentence)
    return entry.value(field.name, parse_price, None)


def _read_fees(source: FieldSource, meter: Meter | None) -> tuple[Fee, ...]:
    if "fees" not in source:
        return ()
    names = list(RESERVED_LINES)
    fees = []
    for entry in source.entries("fees", "fees", _FEE, _MOST_FEES):
        fee = _read_fee(entry, meter)
        if fee.name in names:
            sentence = f"a line of a charge is called {fee.name!r} already"
            entry.note("", "repeated_fee", sentence)
        names.append(fee.name)
        fees.append(fee)
    return tuple(fees)


def _read_fee(entry: FieldSource, meter: Meter | None) -> Fee:
    priced = "price" in entry
    if ("percent" in entry) == priced or ("per" in entry) != priced:
        entry.note("", "invalid_fee", _FEE.sentence)
    per = entry.value("per", lambda text: _parse_fee_per(text, meter), _NO_PER)
    share = entry.value("percent", parse_percent, None)
    text, picos = read_price(entry)
    return Fee(
        name=entry.text("name"),
        price=text if share is None else entry.text("percent"),
        per=entry.text("per"),
        price_picos=picos,
        per_micros=per.micros,
        basis=per.basis,
        share=share,
    )


def _parse_fee_per(text: str, meter: Meter | None) -> Per:
    if text == "event":
        return Per(MICROS, Basis.EVENT, MICROS)
    per = parse_per(text, meter) if meter else _NO_PER
    if per.basis is Basis.MEDIA:
        raise ValueError("must not be a media size: a fee is for units or for the event")
    return per


def _read_buy(source: FieldSource, meter: Meter | None, sell: Pricing) -> Pricing:
    """Read what the quantity is bought for; what is absent is as in the sale, but for fees."""
    per = _read_per(source, meter, Per(sell.per_micros, sell.basis, 0))
    has_terms = any(field.name in source for field in CALLS)
    is_media = per.basis is Basis.MEDIA
    text, picos = read_price(source)
    return Pricing(
        price=text,
        per=source.text("per") or sell.per,
        price_picos=picos,
        per_micros=per.micros,
        basis=per.basis,
        calls=_read_calls(source, meter, per) if has_terms else terms_of_buy(sell.calls),
        package=per.micros if is_media else 0 if sell.monthly else sell.package,
        prorated=sell.prorated,
    )


def terms_of_buy(sell: CallTerms | None) -> CallTerms | None:
    """Return the terms of calls that are bought as they are sold: without its fees."""
    return sell and msgspec.structs.replace(sell, connect_fee=0, maximum_cost=None)
