"""Exact numbers: money in billionths, quantities in millionths, both plain integers.

An amount of money is an integer of *nanos* (1e-9 of the currency), a quantity an integer of
*micros* (1e-6 of the meter's unit). Sums are integer sums. Only `divide_half_even`, which rating
calls once per event, and the conversion of seconds to minutes for display round.
"""

import re
from collections.abc import Sequence
from contextvars import ContextVar
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation
from typing import Annotated

import msgspec

NANOS = 1_000_000_000
MICROS = 1_000_000
_A_CENT = NANOS // 100

COST_PLACES = 9
QUANTITY_PLACES = 6
MOST_QUANTITY = Decimal(1_000_000_000)
"""The largest quantity of an event, a billion units; 64 bits can hold over nine thousand such."""
MOST_COST = Decimal(100_000_000)
"""The largest cost of an event, a hundred million; 64 bits can hold over ninety such."""
MOST_BUDGET = Decimal(1_000_000_000_000_000)
"""The largest budget, 1e15, which is 40 billion US dollars in Vietnamese dong."""

AMOUNTS_AS_STRINGS: ContextVar[bool] = ContextVar("amounts_as_strings", default=False)
"""Whether the answer that is being written has its amounts as strings, for readers with floats."""
AmountJson = Annotated[
    msgspec.Raw, msgspec.Meta(extra_json_schema={"type": ["number", "string"], "format": "decimal"})
]
"""An amount in an answer: a JSON number, or with `amounts=string` a string of the same digits."""

_EXACT_NANOS = 10**15
"""Amounts below it have at most 15 digits, which the shortest text of their double repeats."""

_POINT = ord(".")
_encode = msgspec.json.Encoder().encode

_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?")
_LONGEST_NUMBER = 64
_EXACT = Context(prec=60, traps=[InvalidOperation, Inexact])


def scaled(value: Decimal, places: int) -> int:
    """Return `value` as an integer of 10**-places; ValueError if that would lose a digit.

    Values from 1e60 on are refused: converting 1e999999 to an integer takes half a minute.
    """
    if value and value.adjusted() >= _EXACT.prec:
        raise ValueError("out of range")
    try:
        return int(_EXACT.to_integral_exact(_EXACT.scaleb(value, places)))
    except DecimalException as error:
        raise ValueError(f"more than {places} decimals") from error


def parsed(text: bytes) -> Decimal | None:
    """Parse a JSON number, or a number in a JSON string, exactly; return None if it is neither."""
    bare = text
    if text[:1] == b'"':
        try:
            bare = msgspec.json.decode(text, type=str).encode()
        except (msgspec.DecodeError, UnicodeError):
            return None
    if len(bare) > _LONGEST_NUMBER or not _NUMBER.fullmatch(bare):
        return None
    return Decimal(bare.decode())


def micros_of(text: bytes) -> int:
    """Parse a quantity as micros; ValueError if it is not a number or out of range."""
    if text.isdigit() and len(text) < 10:
        return int(text) * MICROS
    return _within(text, MOST_QUANTITY, QUANTITY_PLACES)


def nanos_of(text: bytes, most: Decimal = MOST_COST) -> int:
    """Parse a cost up to `most` as nanos; ValueError if it is not a number or out of range."""
    whole, _, fraction = text.partition(b".")
    # Most costs are below one, and few of them repeat.
    if whole == b"0" and fraction.isdigit() and len(fraction) <= COST_PLACES:
        return int(fraction.ljust(COST_PLACES, b"0"))
    return _within(text, most, COST_PLACES)


def _within(text: bytes, most: Decimal, places: int) -> int:
    number = parsed(text)
    if number is None or not 0 <= number <= most:
        raise ValueError("not a number in range")
    return scaled(number, places)


def divide_half_even(numerator: int, denominator: int) -> int:
    """Divide and round once, half to even, for any sign; `denominator` is positive."""
    quotient, rest = divmod(numerator, denominator)
    twice = rest + rest
    if twice < denominator:
        return quotient
    return quotient + 1 if twice > denominator or quotient & 1 else quotient


def fraction(part: int, whole: int, places: int) -> float | None:
    """Return a part as a rounded fraction of the whole, for display.

    None unless the whole is above 0: a ratio to nothing or to a credit means nothing.
    """
    if whole <= 0:
        return None
    scale = int(10**places)
    return divide_half_even(part * scale, whole) / scale


def amount_text(nanos: int) -> str:
    """Return an amount as text with two decimals, or as many up to nine as it needs."""
    if nanos < 0:
        return "-" + amount_text(-nanos)
    if nanos % _A_CENT:
        units, rest = divmod(nanos, NANOS)
        return f"{units}.{rest:09d}".rstrip("0")
    digits = str(nanos // _A_CENT).rjust(3, "0")
    return f"{digits[:-2]}.{digits[-2:]}"


def rounded_amount_text(nanos: int, places: int) -> str:
    """Return an amount as text with the given decimals, rounded half to even, for display only.

    An amount that would read as zero but is not reads as less than the smallest one, `<0.01`.
    """
    if nanos < 0:
        return "-" + rounded_amount_text(-nanos, places)
    smallest = int(10 ** (COST_PLACES - places))
    if 0 < nanos <= smallest // 2:
        return "<" + rounded_amount_text(smallest, places)
    units, rest = divmod(divide_half_even(nanos, smallest), int(10**places))
    return f"{units}.{rest:0{places}d}" if places else str(units)


def quantity_text(micros: int, least_places: int = 0) -> str:
    """Return a quantity as exact text with at least `least_places` decimals."""
    if not least_places and micros % MICROS == 0:
        return str(micros // MICROS)
    return _fraction_text(micros, MICROS, QUANTITY_PLACES, least_places)


def raw_amount(nanos: int) -> msgspec.Raw:
    """Return an amount as exact JSON: a number, or a string if `AMOUNTS_AS_STRINGS` is set."""
    return amount_json(amount_text(nanos))


def raw_amounts(column: Sequence[int]) -> list[msgspec.Raw]:
    """Return amounts as `raw_amount` does, in a third of the time.

    The JSON encoder writes all of them as doubles, by their shortest texts.
    """
    if AMOUNTS_AS_STRINGS.get() or max(map(abs, column), default=_EXACT_NANOS) >= _EXACT_NANOS:
        return list(map(raw_amount, column))
    texts = _encode([it / NANOS for it in column])
    if b"e" in texts:
        return list(map(raw_amount, column))
    return [msgspec.Raw(it if it[-2] != _POINT else it + b"0") for it in texts[1:-1].split(b",")]


def amount_json(text: str) -> msgspec.Raw:
    """Return an amount, given by its digits, as JSON."""
    return msgspec.Raw(f'"{text}"' if AMOUNTS_AS_STRINGS.get() else text)


def raw_minutes(second_micros: int) -> msgspec.Raw:
    """Return seconds as a JSON number of minutes."""
    return msgspec.Raw(minutes_text(second_micros))


def raw_quantity(micros: int) -> msgspec.Raw:
    """Return a quantity as an exact JSON number."""
    return msgspec.Raw(quantity_text(micros))


def minutes_text(second_micros: int) -> str:
    """Return seconds as text in minutes with at most nine decimals, rounded half to even.

    The ledger stores seconds. Minutes are for display only and are never summed.
    """
    return _fraction_text(divide_half_even(second_micros * 1000, 60), NANOS, COST_PLACES, 1)


def _fraction_text(value: int, scale: int, places: int, least_places: int) -> str:
    if value < 0:
        return "-" + _fraction_text(-value, scale, places, least_places)
    units, rest = divmod(value, scale)
    digits = f"{rest:0{places}d}".rstrip("0").ljust(least_places, "0")
    return f"{units}.{digits}" if digits else str(units)
