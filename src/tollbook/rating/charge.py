"""From a usage and the books it is priced by to a charge, rounded once."""

from tollbook.domain.charges import (
    MARKUP_LINE,
    OWN_COST_LINE,
    Charge,
    ChargeLine,
    RatingInput,
    Unpriced,
)
from tollbook.domain.exact import COST_PLACES, MOST_COST, divide_half_even, scaled
from tollbook.domain.prices import PARTS, Pricing
from tollbook.rating.calculation import Calculation, calculate
from tollbook.rating.choose import NUMBER_HIDDEN, NUMBER_UNREADABLE, Books, choose
from tollbook.rating.quantity import billed_seconds
from tollbook.rating.tariff import ChosenRate

MOST_COST_NANOS = scaled(MOST_COST, COST_PLACES)
_OUT_OF_RANGE = Unpriced("cost_out_of_range", f"the cost would be over {MOST_COST}")
_MARKUP_UNKNOWN = (NUMBER_HIDDEN, NUMBER_UNREADABLE)
"""The reasons for which the markup on an event's own cost is unknown."""
Found = ChosenRate | Unpriced


def rate_usage(
    books: Books, usage: RatingInput, currency: str, position: int | None = None
) -> Charge | Unpriced:
    """Choose the rate of a usage and charge by it."""
    found = choose(books, usage, currency)
    if type(found) is ChosenRate:
        return apply_pricing(found.pricing, found.rate_id, usage, position)
    return charge_usage(found, usage)


def charge_usage(
    found: Found,
    usage: RatingInput,
    position: int | None = None,
    charged_at: int | None = None,
) -> Charge | Unpriced:
    """Charge a usage by the rate that was chosen, or by its own cost when there is none.

    An own cost is not charged while the number that decides its markup cannot be read. `position`
    is the quantity that the ledger has billed this month under `found.tier_key`, `charged_at` that
    of the original of a reversal.
    """
    if type(found) is ChosenRate:
        return apply_pricing(found.pricing, found.rate_id, usage, position, charged_at)
    if usage.cost is None or found.code in _MARKUP_UNKNOWN:
        return found
    return Charge(usage.cost, usage.quantity, None, usage.cost)


def apply_pricing(
    pricing: Pricing,
    rate_id: int,
    usage: RatingInput,
    position: int | None = None,
    charged_at: int | None = None,
) -> Charge | Unpriced:
    """Charge a usage by the pricing of a rate.

    `charged_at` is the position of the original when the result is that of a reversal.
    """
    if usage.cost is not None:
        return _mark_up(pricing, rate_id, usage, usage.cost)
    flat = pricing.flat_price
    if flat is not None:
        # The result of `calculate` without its intermediate values.
        calls, billed = pricing.calls, usage.quantity
        if calls is not None:
            billed = billed_seconds(calls, billed)
        cost = divide_half_even(billed * flat[0], flat[1])
        return Charge(cost, billed, rate_id) if cost <= MOST_COST_NANOS else _OUT_OF_RANGE
    work = calculate(pricing, usage, position, charged_at)
    if isinstance(work, Unpriced):
        return work
    cost = work.cost
    if not -MOST_COST_NANOS <= cost <= MOST_COST_NANOS:
        return _OUT_OF_RANGE
    bought = None if pricing.buy is None else calculate(pricing.buy, usage)
    buy = bought.cost if isinstance(bought, Calculation) else None
    if buy is not None and buy > MOST_COST_NANOS:
        return _OUT_OF_RANGE
    return Charge(cost, work.billed, rate_id, buy, work.lines)


def _mark_up(pricing: Pricing, rate_id: int, usage: RatingInput, own: int) -> Charge | Unpriced:
    """Charge an event's own cost with the markup of the rate, rounded once."""
    markup = divide_half_even(own * (pricing.markup or 0), PARTS)
    if own + markup > MOST_COST_NANOS:
        return _OUT_OF_RANGE
    parts = (ChargeLine(OWN_COST_LINE, own), ChargeLine(MARKUP_LINE, markup))
    return Charge(own + markup, usage.quantity, rate_id, own, parts)
