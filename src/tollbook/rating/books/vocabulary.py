"""The words of a price book: from a text to a value, or ValueError with a sentence.

Whatever a book is written in, YAML for people or a deck of columns, it uses these words.
"""

import re
from decimal import Decimal, InvalidOperation

import msgspec

from tollbook.domain.errors import Problem
from tollbook.domain.exact import MICROS, MOST_QUANTITY, QUANTITY_PLACES, scaled
from tollbook.domain.meters import Meter
from tollbook.domain.periods import day_number, parsed_day
from tollbook.domain.prices import MINUTES_OF_DAY, PRICE_PLACES, Basis

MOST_PRICE = Decimal(1_000_000)
MOST_SECONDS = 86_400
_LONGEST_FIELD = 200
_LONGEST_SENTENCE = 1_000
_MULTIPLES = {
    "second": {"second": 1, "minute": 60, "hour": 3600},
    "GB-day": {"GB-day": 1, "GB-month": 30},
}
_MEDIA = {"KB": 1000, "MB": 1_000_000, "KiB": 1024, "MiB": 1_048_576}
_PER = re.compile(r"(?:(?P<count>[0-9]+(?:\.[0-9]+)?) )?(?P<unit>[A-Za-z-]+)")
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]{1,4})?) ?%")
_PREFIX = re.compile(r"\+?([1-9][0-9]{0,14})")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def problem(field: str, code: str, sentence: str) -> Problem:
    """Say what is wrong in a book, in no more words than anyone reads, however long it quotes."""
    return Problem(field[:_LONGEST_FIELD], code, sentence[:_LONGEST_SENTENCE])


class Per(msgspec.Struct, frozen=True):
    """What a price is for: so many micros of a basis, in words of one `unit` of so many micros."""

    micros: int
    basis: Basis
    unit: int


def price(text: str) -> int:
    """Read a price as picos, exactly as it is written."""
    try:
        value = Decimal(text)
        if not 0 <= value <= MOST_PRICE:
            raise ValueError(text)
        return scaled(value, PRICE_PLACES)
    except (InvalidOperation, ValueError):
        raise ValueError(
            f"must be a number from 0 to {MOST_PRICE} with at most {PRICE_PLACES} decimals"
        ) from None


def per(text: str, meter: Meter) -> Per:
    """Read what a price is for: a unit of the meter or a number of them."""
    units = units_of(meter)
    match = _PER.fullmatch(text)
    unit = match["unit"] if match else ""
    size, basis = units.get(unit) or units.get(unit.removesuffix("s")) or (0, Basis.UNIT)
    micros = _micros(match["count"] or "1") if match else 0
    if not size or not 0 < micros <= MICROS * MICROS:
        raise ValueError(f"must be a number of units of {meter.type}: {' or '.join(units)}")
    return Per(micros * size, basis, size * MICROS)


def units_of(meter: Meter) -> dict[str, tuple[int, Basis]]:
    """List the units in which a meter may be priced, with their size and what they count."""
    multiples = _MULTIPLES.get(meter.unit, {meter.unit: 1})
    units = {unit: (size, Basis.UNIT) for unit, size in multiples.items()}
    if meter.unit == "segment":
        units["message"] = (1, Basis.EVENT)
    if meter.type.startswith("mms."):
        units |= {unit: (size, Basis.MEDIA) for unit, size in _MEDIA.items()}
    if meter.type == "voice.call":
        units["call"] = (1, Basis.EVENT)
    return units


def quantity(text: str) -> int:
    """Read a quantity as micros; more than nothing."""
    micros = _micros(text)
    if not 0 < micros <= int(MOST_QUANTITY) * MICROS:
        raise ValueError(
            f"must be a number above 0, up to {MOST_QUANTITY}, "
            f"with at most {QUANTITY_PLACES} decimals"
        )
    return micros


def seconds(text: str) -> int:
    """Read seconds as micros."""
    micros = _micros(text)
    if not 0 <= micros <= MOST_SECONDS * MICROS:
        raise ValueError(f"must be a number of seconds from 0 to {MOST_SECONDS}")
    return micros


def increments(text: str) -> tuple[int, int]:
    """Read increments such as 60/6: the first, and those that follow."""
    first, slash, following = text.partition("/")
    found = (_micros(first.strip()), _micros(following.strip()))
    if not slash or not all(0 < micros <= MOST_SECONDS * MICROS for micros in found):
        raise ValueError("must be two numbers of seconds such as 60/6: the first, the following")
    return found


def share(text: str) -> int:
    """Read a percentage as millionths."""
    match = _SHARE.fullmatch(text)
    parts = scaled(Decimal(match[1]), 4) if match else -1
    if not 0 <= parts <= 10 * MICROS:
        raise ValueError("must be a percentage from 0% to 1000% with at most 4 decimals")
    return parts


def prefix(text: str) -> str:
    """Read a prefix as the digits of an international number begin."""
    match = _PREFIX.fullmatch(text)
    if not match:
        raise ValueError("must be the first digits of an international number, such as 4420")
    return match[1]


def day(text: str) -> int:
    """Read a calendar day as a day number."""
    try:
        return day_number(parsed_day(text))
    except ValueError:
        raise ValueError("must be a date such as 2024-01-31") from None


def hours(days: str, start: str, end: str) -> tuple[tuple[int, int], ...]:
    """Read weekdays and a span of the clock as spans of minutes since Monday.

    A span that ends before it starts goes past midnight: Saturday 22:00 to 06:00 is the night
    that begins on Saturday.
    """
    begin, finish = clock(start), clock(end)
    if begin == finish:
        raise ValueError("must end at another time than it starts")
    length = (finish - begin) % MINUTES_OF_DAY or MINUTES_OF_DAY
    week = 7 * MINUTES_OF_DAY
    spans = []
    for weekday in weekdays(days):
        first = weekday * MINUTES_OF_DAY + begin
        spans.append((first, min(first + length, week)))
        if first + length > week:
            spans.append((0, first + length - week))
    return merged(spans)


def merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Put spans in order, those that touch as one."""
    whole: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return tuple(whole)


def clock(text: str) -> int:
    """Read a time of day as minutes since midnight."""
    match = _CLOCK.fullmatch(text)
    if not match:
        raise ValueError("must be a time of day such as 08:00")
    return int(match[1]) * 60 + int(match[2]) if match[1] else MINUTES_OF_DAY


def weekdays(text: str) -> list[int]:
    """Read weekdays such as mon-fri or sat,sun."""
    found: list[int] = []
    for part in text.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise ValueError("must be weekdays such as mon-fri or sat,sun")
        start = _DAYS.index(first)
        length = (_DAYS.index(last) - start) % 7 + 1 if dash else 1
        found += [(start + n) % 7 for n in range(length)]
    return found


def _micros(text: str) -> int:
    """Read a decimal number as micros, -1 when it is none."""
    try:
        value = Decimal(text)
        return scaled(value, QUANTITY_PLACES) if value.is_finite() else -1
    except (InvalidOperation, ValueError):
        return -1
