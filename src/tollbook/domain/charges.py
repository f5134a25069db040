"""The input of rating and its results, as frozen values."""

from collections.abc import Mapping
from typing import final

import msgspec

from tollbook.domain.numbers import STRICT

Attributes = Mapping[str, str | int | float | bool | None]

PRICE_LINE = "price"
CONNECT_FEE_LINE = "connect fee"
OWN_COST_LINE = "own cost"
MARKUP_LINE = "markup"
RESERVED_LINES = (PRICE_LINE, CONNECT_FEE_LINE, OWN_COST_LINE, MARKUP_LINE)
"""Lines with a meaning of their own; a fee has another name."""


class RatingInput(msgspec.Struct, frozen=True, gc=False):
    """The part of an event that rating reads: no id, no user, no instant.

    `quantity` is in micros, `cost` in nanos when the event has its own cost. `day` and `minute` are
    the start on the organization's own calendar and clock: 20240131, and minutes since midnight.
    `number_format` is how the organization writes the numbers in `attributes`.
    """

    meter: str
    quantity: int
    day: int
    attributes: Attributes | None = None
    cost: int | None = None
    minute: int = 0
    number_format: str = STRICT


class ChargeLine(msgspec.Struct, frozen=True, gc=False):
    """One named part of a cost, in nanos."""

    name: str
    cost: int


class Charge(msgspec.Struct, frozen=True, gc=False):
    """The cost of an event in nanos, its billed quantity in micros, and its rate.

    `rate_id` is None when the event is charged its own cost. `buy` is None when it is unknown
    what the usage was bought for. `parts` is empty when the price is all of the cost.
    """

    cost: int
    billed: int
    rate_id: int | None
    buy: int | None = None
    parts: tuple[ChargeLine, ...] = ()

    @property
    def lines(self) -> tuple[ChargeLine, ...]:
        """List the parts of the cost; they add up to it exactly."""
        if self.parts:
            return self.parts
        return (ChargeLine(PRICE_LINE if self.rate_id is not None else OWN_COST_LINE, self.cost),)


@final
class Unpriced(msgspec.Struct, frozen=True):
    """The reason that an event has no charge: a code and a sentence. It is never charged 0."""

    code: str
    reason: str
