"""Quantities as sources write them: decimals, and durations as 01:02:03."""

import re
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import lru_cache

from tollbook.records.rows import RefusedRow

_IS_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)").fullmatch
_IS_DURATION = re.compile(r"([0-9]+):([0-5]?[0-9])(?::([0-5]?[0-9](?:\.[0-9]+)?))?").fullmatch
_PLACES = 6
_MICRO = Decimal("0.000001")
_LONGEST = 30
ZERO = Decimal(0)
ONE = Decimal(1)


@lru_cache(8192)
def parse_quantity(column: str, text: str) -> Decimal:
    """Read a quantity: a decimal, or hours, minutes and seconds as `01:02:03`."""
    if len(text) <= _LONGEST and text.isascii():
        if _IS_DECIMAL(text):
            return Decimal(text)
        if found := _IS_DURATION(text):
            first, second, third = found.groups()
            if third is None:
                return Decimal(int(first) * 60 + int(second))
            return int(first) * 3600 + int(second) * 60 + Decimal(third)
    sentence = f"{column} must be a number such as 61 or 61.5, or a duration such as 00:01:01"
    raise RefusedRow("quantity", "invalid_quantity", sentence)


def multiplied(quantity: Decimal, factor: Decimal) -> tuple[Decimal, bool]:
    """Return a quantity in the unit of its meter, and whether it was rounded to six decimals."""
    exponent = quantity.as_tuple().exponent
    if factor == 1 and isinstance(exponent, int) and exponent >= -_PLACES:
        return quantity, False
    with localcontext() as context:
        context.prec = 60
        exact = quantity * factor
        rounded = exact.quantize(_MICRO, ROUND_HALF_EVEN)
        return rounded, rounded != exact


@lru_cache(8192)
def written_quantity(quantity: Decimal) -> bytes:
    """Return a quantity as a JSON number without trailing zeros: 61.500000 is 61.5."""
    text = f"{quantity:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).encode()
