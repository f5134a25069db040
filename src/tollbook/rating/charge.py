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
from tollbook.rating.calculation import Working, worked
from tollbook.rating.choose import NUMBER_HIDDEN, NUMBER_UNREADABLE, Books, choose
from tollbook.rating.quantity import billed_seconds
from tollbook.rating.tariff import Chosen

MOST_COST_NANOS = scaled(MOST_COST, COST_PLACES)
_OUT_OF_RANGE = Unpriced("cost_out_of_range", f"the cost would be over {MOST_COST}")
_MARKUP_UNKNOWN = (NUMBER_HIDDEN, NUMBER_UNREADABLE)
"""Why it cannot be said which markup an event's own cost takes."""
Found = Chosen | Unpriced


def rated(
    books: Books, usage: RatingInput, currency: str, position: int | None = None
) -> Charge | Unpriced:
    """Choose the rate of a usage and charge by it."""
    found = choose(books, usage, currency)
    if type(found) is Chosen:
        return priced(found.pricing, found.rate_id, usage, position)
    return charge_of(found, usage)


def charge_of(found: Found, usage: RatingInput, position: int | None = None) -> Charge | Unpriced:
    """Charge a usage by what was chosen for it; a usage that brings its own cost needs no rate.

    Unless there are markups by number, and the number cannot be read.

    `position` is what the ledger has billed this month under `found.tier_key`.
    """
    if type(found) is Chosen:
        return priced(found.pricing, found.rate_id, usage, position)
    if usage.cost is None or found.code in _MARKUP_UNKNOWN:
        return found
    return Charge(usage.cost, usage.quantity, None, usage.cost)


def priced(
    pricing: Pricing, rate_id: int, usage: RatingInput, position: int | None = None
) -> Charge | Unpriced:
    """Charge a usage by the pricing of a rate."""
    if usage.cost is not None:
        return _marked_up(pricing, rate_id, usage, usage.cost)
    plain = pricing.plain
    if plain is not None:
        # What `worked` comes to, without keeping the way.
        calls, billed = pricing.calls, usage.quantity
        if calls is not None:
            billed = billed_seconds(calls, billed)
        cost = divide_half_even(billed * plain[0], plain[1])
        return Charge(cost, billed, rate_id) if cost <= MOST_COST_NANOS else _OUT_OF_RANGE
    work = worked(pricing, usage, position)
    if isinstance(work, Unpriced):
        return work
    cost = work.cost
    if not -MOST_COST_NANOS <= cost <= MOST_COST_NANOS:
        return _OUT_OF_RANGE
    bought = None if pricing.buy is None else worked(pricing.buy, usage)
    buy = bought.cost if isinstance(bought, Working) else None
    if buy is not None and buy > MOST_COST_NANOS:
        return _OUT_OF_RANGE
    return Charge(cost, work.billed, rate_id, buy, work.lines)


def _marked_up(pricing: Pricing, rate_id: int, usage: RatingInput, own: int) -> Charge | Unpriced:
    """Charge an event's own cost with the markup of the rate, rounded once."""
    markup = divide_half_even(own * (pricing.markup or 0), PARTS)
    if own + markup > MOST_COST_NANOS:
        return _OUT_OF_RANGE
    parts = (ChargeLine(OWN_COST_LINE, own), ChargeLine(MARKUP_LINE, markup))
    return Charge(own + markup, usage.quantity, rate_id, own, parts)
