"""The explanation of a charge: the same arithmetic again, step by step in words."""

from fractions import Fraction

import msgspec

from tollbook.domain.charges import (
    CONNECT_FEE_LINE,
    Charge,
    ChargeLine,
    RatingInput,
    Unpriced,
)
from tollbook.domain.exact import MICROS, amount_text, quantity_text
from tollbook.domain.periods import day_of
from tollbook.domain.prices import (
    LAST_DAY,
    PICOS,
    PICOS_IN_A_NANO,
    Basis,
    CallTerms,
    Fee,
    Pricing,
    Rate,
    describe_conditions,
)
from tollbook.rating.books.vocabulary import format_hours, format_percent, format_price
from tollbook.rating.calculation import FREE, Calculation, calculate, prorated_days
from tollbook.rating.charge import apply_pricing
from tollbook.rating.quantity import whole_blocks
from tollbook.rating.tiers import month_price, split_into_tiers, tier_at

_DIGITS = 12


class Explanation(msgspec.Struct, frozen=True, rename={"from_": "from"}):
    """A charge with its rate, the version of its book, and each step of the arithmetic.

    `rate_id` is None when the event is charged its own cost; `matched` states that. Quantities are
    in micros, money in nanos; `steps` are sentences.
    """

    rate_id: int | None
    version: int | None
    matched: str
    to: str
    from_: str
    raw: int
    billed: int
    cost: int
    buy: int | None
    lines: tuple[ChargeLine, ...]
    steps: tuple[str, ...]


def explain(
    rate: Rate | None,
    usage: RatingInput,
    position: int | None = None,
    version: int | None = None,
    *,
    out: bool = False,
    charged_at: int | None = None,
) -> Explanation | Unpriced:
    """Explain the charge of a usage by a rate, or by its own cost when there is no rate.

    `position` is that of the month before the usage was charged, `version` that of the book. With
    `out` and a position, the steps explain what it costs to take the usage out of its month; the
    figures are still those of the usage. `charged_at` is the position at which it was charged.
    """
    if rate is None:
        if usage.cost is None:
            return Unpriced("no_price", f"no rate fits this {usage.meter}")
        own = Charge(usage.cost, usage.quantity, None, usage.cost)
        step = f"the event has its own cost, {amount_text(usage.cost)}, and is charged that"
        return _explanation(None, None, usage, own, [step])
    charge = apply_pricing(rate.pricing, rate.id, usage, position, charged_at)
    if isinstance(charge, Unpriced):
        return charge
    if usage.cost is not None:
        step = _markup_step(rate.pricing, usage.cost, charge)
        return _explanation(rate, version, usage, charge, [step])
    work = calculate(rate.pricing, usage, position, charged_at)
    if isinstance(work, Unpriced):
        return work
    sign = -1 if out and rate.pricing.tier_group is not None else 1
    steps = [
        *_quantity_steps(rate, usage, work),
        *_price_steps(rate, work, position, sign),
        *_fee_steps(rate, work, position if charged_at is None else charged_at, sign),
        _total_step(work, charge, sign),
    ]
    return _explanation(rate, version, usage, charge, steps)


def describe_rate(rate: Rate) -> str:
    """Describe the usage that a rate is for."""
    words = [rate.meter, *describe_conditions(rate, " ")]
    if rate.hours:
        words.append(", ".join(format_hours(rate.hours)))
    if rate.valid_from:
        words.append(f"from {day_of(rate.valid_from)}")
    if rate.valid_until != LAST_DAY:
        words.append(f"until {day_of(rate.valid_until)}")
    return "; ".join(words)


def _explanation(
    rate: Rate | None, version: int | None, usage: RatingInput, charge: Charge, steps: list[str]
) -> Explanation:
    return Explanation(
        rate_id=charge.rate_id,
        version=version,
        matched=describe_rate(rate) if rate else f"{usage.meter}; own cost, no rate",
        to=rate.to if rate else "",
        from_=rate.from_ if rate else "",
        raw=usage.quantity,
        billed=charge.billed,
        cost=charge.cost,
        buy=charge.buy,
        lines=charge.lines,
        steps=tuple(steps),
    )


def _markup_step(pricing: Pricing, own: int, charge: Charge) -> str:
    return (
        f"the event has its own cost, {amount_text(own)}; with a markup of "
        f"{format_percent(pricing.markup or 0)} it is {amount_text(charge.cost)}"
    )


def _quantity_steps(rate: Rate, usage: RatingInput, work: Calculation) -> list[str]:
    """Explain how the priced quantity follows from the raw one."""
    pricing = rate.pricing
    if pricing.calls is not None:
        steps = [_call_step(pricing.calls, usage.quantity, work)]
    else:
        steps = [f"{_counted(usage.quantity, rate.unit_of_meter)} raw"]
    if work is FREE:
        return steps
    if pricing.basis is Basis.EVENT:
        steps.append("priced as one, whatever its quantity")
    elif pricing.basis is Basis.MEDIA:
        steps.append(f"media of {quantity_text(work.basis)} bytes")
    if pricing.package and not pricing.monthly:
        block = _quantity(rate, pricing.package)
        billed = _quantity(rate, whole_blocks(work.basis, pricing.package))
        steps.append(f"{billed} billed: whole blocks of {block}")
    return steps


def _call_step(calls: CallTerms, raw: int, work: Calculation) -> str:
    step = f"{quantity_text(raw)} s raw -> {quantity_text(work.counted)} s billed"
    if not raw:
        return f"{step}: a call of no seconds is counted and not charged"
    if raw <= calls.grace:
        return f"{step}: free up to {quantity_text(calls.grace)} s"
    reasons = []
    if calls.included:
        reasons.append(f"{quantity_text(calls.included)} s are included")
    least = max(calls.minimum, calls.first)
    if raw <= calls.included:
        return f"{step}: {', '.join(reasons)}"
    if least:
        reasons.append(f"at least {quantity_text(least)} s")
    if calls.following:
        reasons.append(f"then steps of {quantity_text(calls.following)} s")
    return f"{step}: {', '.join(reasons) or 'as it lasted'}"


def _price_steps(rate: Rate, work: Calculation, position: int | None, sign: int) -> list[str]:
    """Explain what the quantity costs before fees."""
    pricing = rate.pricing
    if work is FREE:
        return []
    if position is not None and pricing.tier_group is not None:
        steps = _month_steps(rate, work, position, sign)
    else:
        billed = whole_blocks(work.basis, pricing.package) if pricing.package else work.basis
        steps = [_price_step(rate, billed, work)]
    if work.held_to is not None and pricing.calls is not None:
        most = _money(Fraction(pricing.calls.maximum_cost or 0))
        included = ", connect fee included" if pricing.calls.connect_fee else ""
        steps.append(f"limited to the maximum cost of {most}{included}")
    return steps


def _price_step(rate: Rate, billed: int, work: Calculation) -> str:
    days = work.days
    amount = _money(Fraction(work.numerator, work.denominator))
    step = _price_words(rate, billed)
    if days is not None:
        step += f" x {days.days} of {days.month} days ({days.first} to {days.last})"
    return f"{step} = {amount}"


def _price_words(rate: Rate, billed: int) -> str:
    """Write the price of a quantity as a product, or as a sum where the first seconds differ."""
    pricing = rate.pricing
    per = _quantity(rate, pricing.per_micros)
    if pricing.first_price is None or pricing.calls is None:
        return f"{_quantity(rate, billed)} / {per} x {pricing.price}"
    first = min(billed, pricing.calls.first)
    words = f"first {_quantity(rate, first)} / {per} x {format_price(pricing.first_price)}"
    return f"{words} + {_quantity(rate, billed - first)} / {per} x {pricing.price}"


def _month_steps(rate: Rate, work: Calculation, position: int, sign: int) -> list[str]:
    """Explain what the month costs with this usage and without, and the difference."""
    full = position + work.basis
    with_, without = (month_price(rate.pricing, it) for it in (full, position))
    here, there = _quantity(rate, position), _quantity(rate, full)
    positions = f"the month is at {here}, with this at {there}"
    if sign < 0:
        positions = f"the month is at {there}, without this at {here}"
    costs = [
        f"the month with this: {_month(rate, full)} = {amount_text(with_)}",
        f"the month without it: {_month(rate, position)} = {amount_text(without)}",
    ]
    after, before = (with_, without)[::sign]
    difference = f"{amount_text(after)} - {amount_text(before)} = {amount_text(after - before)}"
    return [positions, *costs, difference]


def _month(rate: Rate, quantity: int) -> str:
    pricing = rate.pricing
    per = _quantity(rate, pricing.per_micros)
    if not pricing.tiers:
        blocks = _quantity(rate, whole_blocks(quantity, pricing.package))
        return f"{blocks} in whole blocks / {per} x {pricing.price}"
    return " + ".join(
        f"{_quantity(rate, part)} / {per} x {tier.price}"
        for tier, part in split_into_tiers(pricing, quantity)
    ) or _quantity(rate, 0)


def _fee_steps(rate: Rate, work: Calculation, position: int | None, sign: int) -> list[str]:
    """Explain each fee, exactly."""
    pricing = rate.pricing
    words_of = {fee.name: _fee_words(fee, work, pricing) for fee in pricing.fees}
    if position is not None and any(it.connect_fee is not None for it in pricing.tiers):
        words_of[CONNECT_FEE_LINE] = _connect_fee_words(rate, position)
    return [
        f"{name}{words_of.get(name, '')} = {_money(sign * amount)}" for name, amount in work.fees
    ]


def _fee_words(fee: Fee, work: Calculation, pricing: Pricing) -> str:
    if fee.share is not None:
        return f": {fee.price} of the price"
    days = prorated_days(fee, work, pricing)
    part = "" if days is None else f" x {days.days} of {days.month} days"
    return f": {fee.price} per {fee.per}{part}"


def _connect_fee_words(rate: Rate, position: int) -> str:
    """Name the tier whose connect fee a call bears."""
    tier = tier_at(rate.pricing, position)
    which = "last tier" if tier.up_to is None else f"tier up to {_quantity(rate, tier.up_to)}"
    return f": that of the {which}, in which the call begins at {_quantity(rate, position)}"


def _total_step(work: Calculation, charge: Charge, sign: int) -> str:
    """State the cost, and whether it was rounded."""
    cost = amount_text(sign * charge.cost)
    if Fraction(charge.cost * PICOS_IN_A_NANO) == work.exact:
        return f"cost {cost}"
    return f"{_money(sign * work.exact)} rounded once, half to even: cost {cost}"


def _quantity(rate: Rate, micros: int) -> str:
    """Write a quantity of what the price counts."""
    units = {Basis.UNIT: rate.unit_of_meter, Basis.EVENT: "event", Basis.MEDIA: "byte"}
    return _counted(micros, units[rate.pricing.basis])


def _counted(micros: int, unit: str) -> str:
    if unit == "second":
        return f"{quantity_text(micros)} s"
    return f"{quantity_text(micros)} {unit}{'' if micros == MICROS else 's'}"


def _money(picos: Fraction) -> str:
    """Write an amount exactly, or the first twelve decimals of it."""
    return _decimal(picos / PICOS)


def _decimal(value: Fraction) -> str:
    if value < 0:
        return "-" + _decimal(-value)
    units, rest = divmod(value, 1)
    scaled_rest = rest * 10**_DIGITS
    digits = f"{int(scaled_rest):0{_DIGITS}d}".rstrip("0")
    more = "..." if scaled_rest.denominator != 1 else ""
    return f"{units}.{digits}{more}" if digits or more else str(units)
