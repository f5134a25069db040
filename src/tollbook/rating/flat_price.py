"""The price of a meter that depends on the quantity or the cost alone, found once for each day.

Most meters of most platforms are such. The charge is the one that `rate_usage` makes.
"""

import msgspec

from tollbook.domain.charges import Charge
from tollbook.domain.exact import divide_half_even
from tollbook.domain.prices import Pricing
from tollbook.rating.charge import MOST_COST_NANOS
from tollbook.rating.choose import Books, in_force


class FlatPrice(msgspec.Struct, frozen=True, gc=False):
    """The nanos for each micro, as a fraction, by one rate."""

    rate_id: int
    numerator: int
    denominator: int

    def charge(self, quantity: int) -> Charge | None:
        """Charge a quantity in micros; None when the cost is out of range."""
        cost = divide_half_even(quantity * self.numerator, self.denominator)
        return Charge(cost, quantity, self.rate_id) if cost <= MOST_COST_NANOS else None


def find_flat_price(books: Books, meter: str, day: int, currency: str) -> FlatPrice | None:
    """Find the flat price of a meter on a day; None when the price depends on the usage."""
    for versions in books:
        tariff = in_force(versions, day, currency)
        if tariff is None:
            continue
        if tariff.prices(meter):
            return _flat_price_of(tariff.sole(meter))
    return None


def has_markup(books: Books, meter: str, day: int, currency: str) -> bool:
    """Return whether a rate may mark up an event's own cost; without one, it is the charge."""
    tariffs = (in_force(versions, day, currency) for versions in books)
    return any(tariff is not None and tariff.marks_up(meter) for tariff in tariffs)


def _flat_price_of(sole: tuple[int, Pricing] | None) -> FlatPrice | None:
    if sole is None or sole[1].calls is not None or sole[1].flat_price is None:
        return None
    return FlatPrice(sole[0], *sole[1].flat_price)
