"""How much of a usage is billed: increments, blocks, media, and the days of a month in use."""

from calendar import monthrange
from datetime import date

import msgspec

from tollbook.domain.charges import Attributes, RatingInput, Unpriced
from tollbook.domain.exact import MICROS, MOST_QUANTITY
from tollbook.domain.periods import day_of, parsed_day
from tollbook.domain.prices import Basis, CallTerms, Pricing

MEDIA_BYTES = "media_bytes"
FROM_DAY = "from_day"
UNTIL_DAY = "until_day"
_MOST_BYTES = int(MOST_QUANTITY)


def whole_blocks(quantity: int, block: int) -> int:
    """Round a quantity up to whole blocks."""
    return -(-quantity // block) * block


def billed_seconds(calls: CallTerms, lasted: int) -> int:
    """Compute the seconds that a call is billed for, 0 when it is free.

    At least the minimum; the first increment whole, then whole steps. A call of no seconds is
    free, and so is one within the grace. Of a longer one, the included seconds are deducted first.
    """
    if lasted <= calls.grace:
        return 0
    if calls.included:
        lasted -= calls.included
        if lasted <= 0:
            return 0
    first, step, billed = calls.first, calls.following, calls.minimum
    # `max` takes as long as everything else here.
    if lasted > billed:
        billed = lasted
    if billed <= first:
        return first
    return first - (first - billed) // step * step if step else billed


def media_bytes(attributes: Attributes | None) -> int | Unpriced:
    """Read the size of a medium, in micros of a byte, from the attribute that must state it."""
    size = (attributes or {}).get(MEDIA_BYTES)
    if type(size) is not int or not 0 <= size <= _MOST_BYTES:
        return Unpriced(
            "media_bytes_missing",
            f"the price is by media size: {MEDIA_BYTES} must be a whole number up to {_MOST_BYTES}",
        )
    return size * MICROS


def basis_quantity(pricing: Pricing, counted: int, usage: RatingInput) -> int | Unpriced:
    """Return the quantity that the price counts: units after increments, one event, or bytes."""
    if pricing.basis is Basis.UNIT:
        return counted
    return MICROS if pricing.basis is Basis.EVENT else media_bytes(usage.attributes)


class DaysInUse(msgspec.Struct, frozen=True, gc=False):
    """The days of a month that something rented was in use, the first and the last included."""

    first: date
    last: date
    month: int

    @property
    def days(self) -> int:
        """Count the calendar days, however many hours each has."""
        return (self.last - self.first).days + 1


def days_in_use(usage: RatingInput) -> DaysInUse | Unpriced:
    """Return the days that are charged in the month of a usage.

    From `from_day`, or without it from the usage's own day, up to `until_day`, or without it the
    end of the month. Days outside the usage's month belong to other months' usages.
    """
    day = day_of(usage.day)
    length = monthrange(day.year, day.month)[1]
    attributes = usage.attributes or {}
    try:
        first = _day(attributes, FROM_DAY) or day
        last = _day(attributes, UNTIL_DAY) or day.replace(day=length)
    except ValueError:
        return Unpriced(
            "invalid_days", f"{FROM_DAY} and {UNTIL_DAY} must be dates such as 2024-01-31"
        )
    first, last = max(first, day.replace(day=1)), min(last, day.replace(day=length))
    if last < first:
        return Unpriced(
            "invalid_days", f"no day from {FROM_DAY} to {UNTIL_DAY} is in {day:%Y-%m}, the month"
        )
    return DaysInUse(first, last, length)


def _day(attributes: Attributes, name: str) -> date | None:
    value = attributes.get(name)
    return None if value is None else parsed_day(str(value))
