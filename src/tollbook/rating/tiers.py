"""What a month's quantity costs by its tiers or blocks, and what one event adds to that.

F(q) is the price of the first q of a month, rounded once. An event that takes the month from a to b
costs F(b) - F(a): whatever the order and the number of events, they add up to F of the whole.
"""

from collections.abc import Iterator

from tollbook.domain.exact import divide_half_even
from tollbook.domain.prices import PICOS_IN_A_NANO, Pricing, Tier, TierMode
from tollbook.rating.quantity import whole_blocks


def added_cost(pricing: Pricing, position: int, quantity: int) -> int:
    """Compute what a quantity adds to a month at a position, in nanos.

    With volume tiers this is negative when the quantity brings a cheaper price to all before it.
    """
    return month_price(pricing, position + quantity) - month_price(pricing, position)


def month_price(pricing: Pricing, quantity: int) -> int:
    """Compute what the first `quantity` micros of a month cost, in nanos, rounded once."""
    if pricing.tiers:
        picos = sum(part * tier.price_picos for tier, part in split_into_tiers(pricing, quantity))
    else:
        picos = whole_blocks(quantity, pricing.package) * pricing.price_picos
    return divide_half_even(picos, pricing.per_micros * PICOS_IN_A_NANO)


def split_into_tiers(pricing: Pricing, quantity: int) -> Iterator[tuple[Tier, int]]:
    """Split a month's quantity among its tiers: graduated by parts, volume all to one."""
    if pricing.tier_mode is TierMode.VOLUME:
        yield next(it for it in pricing.tiers if it.up_to is None or quantity <= it.up_to), quantity
        return
    begun = 0
    for tier in pricing.tiers:
        end = quantity if tier.up_to is None else min(quantity, tier.up_to)
        if end > begun:
            yield tier, end - begun
            begun = end


def connect_fee_at(pricing: Pricing, position: int) -> int:
    """Return the connect fee, in picos, of a call that begins at a position of the month.

    That is the fee of the tier in which its first second falls, or the rate's.
    """
    if pricing.tiers:
        of_tier = tier_at(pricing, position).connect_fee
        if of_tier is not None:
            return of_tier
    return pricing.calls.connect_fee if pricing.calls else 0


def tier_at(pricing: Pricing, position: int) -> Tier:
    """Return the tier of what follows a position of the month."""
    return next(it for it in pricing.tiers if it.up_to is None or position < it.up_to)
