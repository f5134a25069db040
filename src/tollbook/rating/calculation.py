"""The arithmetic: from a usage and a pricing to an exact amount, with each intermediate value.

A charge and its explanation are both made of these values.
"""

from fractions import Fraction

import msgspec

from tollbook.domain.charges import CONNECT_FEE_LINE, PRICE_LINE, ChargeLine, RatingInput, Unpriced
from tollbook.domain.exact import MICROS, divide_half_even
from tollbook.domain.prices import EARLIER_RULES, PARTS, PICOS_IN_A_NANO, Basis, Fee, Pricing
from tollbook.rating.quantity import (
    DaysInUse,
    basis_quantity,
    billed_seconds,
    days_in_use,
    whole_blocks,
)
from tollbook.rating.tiers import added_cost, connect_fee_at

NO_PRICE = Unpriced("no_price", "the rate is a markup for events that bring their own cost")
MONTH_UNKNOWN = Unpriced(
    "month_unknown", "the price depends on the month so far, which was not given"
)
SEVERAL_MONTHS = Unpriced("invalid_days", "a prorated rental is one event a month, with quantity 1")


class Calculation(msgspec.Struct, frozen=True, gc=False):
    """The values from which a charge is made, exactly; money in picos.

    `counted` is the quantity after minimum and increments, `basis` the quantity that the price
    counts, `billed` that in whole blocks or for the days in use. The price is
    `numerator / denominator`, or `held_to` when the maximum cost limits it; `fees` are added.
    """

    counted: int
    basis: int
    billed: int
    numerator: int
    denominator: int
    held_to: int | None = None
    days: DaysInUse | None = None
    fees: tuple[tuple[str, Fraction], ...] = ()

    @property
    def exact(self) -> Fraction:
        """Add up price and fees."""
        price = Fraction(self.numerator, self.denominator)
        if self.held_to is not None:
            price = Fraction(self.held_to)
        return price + sum(amount for _, amount in self.fees)

    @property
    def cost(self) -> int:
        """Round price and fees together to nanos, once, half to even."""
        if self.fees or self.held_to is not None:
            return _nanos(self.exact)
        return divide_half_even(self.numerator, self.denominator * PICOS_IN_A_NANO)

    @property
    def lines(self) -> tuple[ChargeLine, ...]:
        """Split the cost into lines, none when the price is all of it.

        The running sum of the fees is rounded, and the price is the rest: lines add up to the cost,
        a fee of at most nine decimals is exact, and no line is negative by rounding.
        """
        if not self.fees:
            return ()
        lines, exact, given = [], Fraction(0), 0
        for name, amount in self.fees:
            exact += amount
            rounded = _nanos(exact)
            lines.append(ChargeLine(name, rounded - given))
            given = rounded
        return (ChargeLine(PRICE_LINE, self.cost - given), *lines)


FREE = Calculation(0, 0, 0, 0, 1)


def calculate(
    pricing: Pricing,
    usage: RatingInput,
    position: int | None = None,
    charged_at: int | None = None,
) -> Calculation | Unpriced:
    """Calculate a charge: the quantity, then the price, then fees.

    To reverse a usage, `position` is that of the reversal and `charged_at` that of the original,
    whose connect fee is reversed; None when both are the same.
    """
    if pricing.price is None:
        return NO_PRICE
    calls = pricing.calls
    counted = usage.quantity
    if calls is not None:
        if counted <= calls.grace:
            return FREE
        counted = billed_seconds(calls, counted)
    basis = basis_quantity(pricing, counted, usage)
    if isinstance(basis, Unpriced):
        return basis
    if pricing.tier_group is not None:
        if position is None:
            return MONTH_UNKNOWN
        price = added_cost(pricing, position, basis) * PICOS_IN_A_NANO
        work = Calculation(counted, basis, basis, price, 1)
        return _add_fees(work, pricing, position if charged_at is None else charged_at)
    billed = whole_blocks(basis, pricing.package) if pricing.package else basis
    work = Calculation(counted, basis, billed, price_of(pricing, billed), pricing.per_micros)
    if pricing.prorated:
        days = days_in_use(usage)
        if isinstance(days, Unpriced):
            return days
        is_part = days.days < days.month
        if is_part and usage.quantity > MICROS and pricing.rules > EARLIER_RULES:
            return SEVERAL_MONTHS
        work = _prorate(work, days)
    return _add_fees(work, pricing) if calls is not None or pricing.fees else work


def price_of(pricing: Pricing, billed: int) -> int:
    """Return what a quantity costs, as picos times micros: the first increment at its own price."""
    if pricing.first_price is None or pricing.calls is None:
        return billed * pricing.price_picos
    first = min(billed, pricing.calls.first)
    return first * pricing.first_price + (billed - first) * pricing.price_picos


def _prorate(work: Calculation, days: DaysInUse) -> Calculation:
    """Prorate a price to the days in use; only `billed` is rounded."""
    return Calculation(
        work.counted,
        work.basis,
        divide_half_even(work.billed * days.days, days.month),
        work.numerator * days.days,
        work.denominator * days.month,
        days=days,
    )


def _add_fees(work: Calculation, pricing: Pricing, position: int = 0) -> Calculation:
    """Add the connect fee, limit the sum to the maximum cost, and add the fees."""
    connect_fee = connect_fee_at(pricing, position)
    most = pricing.calls.maximum_cost if pricing.calls else None
    if not (connect_fee or pricing.fees or most is not None):
        return work
    price, held_to = Fraction(work.numerator, work.denominator), None
    if most is not None and price + connect_fee > most:
        held_to = most - connect_fee
        price = Fraction(held_to)
    fees = [(CONNECT_FEE_LINE, Fraction(connect_fee))] if connect_fee else []
    fees += [
        (fee.name, _amount_of(fee, work, pricing, price + connect_fee)) for fee in pricing.fees
    ]
    return msgspec.structs.replace(work, held_to=held_to, fees=tuple(fees))


def _amount_of(fee: Fee, work: Calculation, pricing: Pricing, price: Fraction) -> Fraction:
    """Compute the amount of a fee in picos: a share of the price, or an amount for each unit."""
    if fee.share is not None:
        return price * fee.share / PARTS
    quantity = MICROS if fee.basis is Basis.EVENT else work.counted
    amount = Fraction(quantity * fee.price_picos, fee.per_micros)
    days = prorated_days(fee, work, pricing)
    return amount if days is None else amount * days.days / days.month


def prorated_days(fee: Fee, work: Calculation, pricing: Pricing) -> DaysInUse | None:
    """Return the days by which a fee is prorated like the price, None when it is charged whole."""
    by_unit = fee.share is None and fee.basis is Basis.UNIT
    return work.days if by_unit and pricing.rules > EARLIER_RULES else None


def _nanos(picos: Fraction) -> int:
    return divide_half_even(picos.numerator, picos.denominator * PICOS_IN_A_NANO)
