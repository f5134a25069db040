"""The words of a price book: each is parsed to a value and formatted back.

YAML books, decks and displays share these words. A parser raises ValueError with the rest of a
sentence that begins with the name of the field.
"""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import msgspec

from tollbook.domain.catalog import Catalog, unknown_meter_sentence
from tollbook.domain.directory import LONGEST_NAME
from tollbook.domain.errors import Problem
from tollbook.domain.exact import MICROS, MOST_QUANTITY, QUANTITY_PLACES, quantity_text, scaled
from tollbook.domain.meters import Meter
from tollbook.domain.periods import day_number, day_of, parsed_day
from tollbook.domain.prices import MINUTES_OF_DAY, PARTS, PICOS, PRICE_PLACES, Basis

Spans = tuple[tuple[int, int], ...]
"""Spans of local minutes since Monday 0:00; the end is outside."""

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
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_PERCENT = re.compile(r"([0-9]+(?:\.[0-9]{1,4})?) ?%")
_PREFIX = re.compile(r"\+?([1-9][0-9]{0,14})")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|24:00")
_SPAN = re.compile(r"(?P<day>[a-z]{3}) (?P<start>\S{5}) to (?P<last>[a-z]{3}) (?P<end>\S{5})")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEK = 7 * MINUTES_OF_DAY


def problem(field: str, code: str, sentence: str) -> Problem:
    """Return a problem of a book, cut to a length that people read however much it quotes."""
    return Problem(field[:_LONGEST_FIELD], code, sentence[:_LONGEST_SENTENCE])


class Per(msgspec.Struct, frozen=True):
    """The quantity that a price is for: micros of a basis, written in a `unit` of some micros."""

    micros: int
    basis: Basis
    unit: int


def parse_meter(catalog: Catalog, text: str) -> Meter:
    """Parse the type of a meter of a catalog."""
    meter = catalog.by_type.get(text)
    if meter is None:
        raise ValueError(unknown_meter_sentence(repr(text), catalog.hint(text)))
    return meter


def parse_price(text: str) -> int:
    """Parse a price as picos, exactly as it is written."""
    try:
        value = _decimal(text)
        if not 0 <= value <= MOST_PRICE:
            raise ValueError(text)
        return scaled(value, PRICE_PLACES)
    except (InvalidOperation, ValueError):
        raise ValueError(
            f"must be a number from 0 to {MOST_PRICE} with at most {PRICE_PLACES} decimals"
        ) from None


def format_price(picos: int) -> str:
    """Format an amount exactly, without zeros at the end."""
    units, rest = divmod(picos, PICOS)
    decimals = f"{rest:0{PRICE_PLACES}d}".rstrip("0")
    return f"{units}.{decimals}" if decimals else str(units)


@lru_cache(maxsize=256)
def parse_per(text: str, meter: Meter) -> Per:
    """Parse what a price is for: a unit of the meter or a number of them."""
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


def parse_quantity(text: str) -> int:
    """Parse a quantity above 0 as micros."""
    micros = _micros(text)
    if not 0 < micros <= int(MOST_QUANTITY) * MICROS:
        raise ValueError(
            f"must be a number above 0, up to {MOST_QUANTITY}, "
            f"with at most {QUANTITY_PLACES} decimals"
        )
    return micros


def parse_seconds(text: str) -> int:
    """Parse seconds as micros."""
    micros = _micros(text)
    if not 0 <= micros <= MOST_SECONDS * MICROS:
        raise ValueError(f"must be a number of seconds from 0 to {MOST_SECONDS}")
    return micros


def parse_increments(text: str) -> tuple[int, int]:
    """Parse increments such as 60/6 as micros: the first, and the following."""
    first, slash, following = text.partition("/")
    found = (_micros(first.strip()), _micros(following.strip()))
    if not slash or not all(0 < micros <= MOST_SECONDS * MICROS for micros in found):
        raise ValueError("must be two numbers of seconds such as 60/6: the first, the following")
    return found


def format_increments(increments: tuple[int, int]) -> str:
    """Format the first and the following increment as 60/6."""
    return "/".join(map(quantity_text, increments))


def parse_percent(text: str) -> int:
    """Parse a percentage as millionths."""
    match = _PERCENT.fullmatch(text)
    parts = scaled(Decimal(match[1]), 4) if match else -1
    if not 0 <= parts <= 10 * MICROS:
        raise ValueError("must be a percentage from 0% to 1000% with at most 4 decimals")
    return parts


def format_percent(share: int) -> str:
    """Format millionths as a percentage."""
    return f"{quantity_text(share * 100 * MICROS // PARTS)}%"


def parse_prefix(text: str) -> str:
    """Parse the first digits of an international number."""
    match = _PREFIX.fullmatch(text)
    if not match:
        raise ValueError("must be the first digits of an international number, such as 4420")
    return match[1]


def parse_name(text: str) -> str:
    """Parse the name of a destination: one line of text."""
    name = clean_name(text)
    if name != text:
        raise ValueError(f"must be a line of at most {LONGEST_NAME} characters")
    return name


def clean_name(text: str) -> str:
    """Return a text as a name: in one line without spaces at its ends, cut where it is too long."""
    if not text.isprintable():
        text = "".join(it if it.isprintable() else " " for it in text)
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_NAME else f"{line[: LONGEST_NAME - 1]}\u2026"


def parse_day(text: str) -> int:
    """Parse a calendar day as a day number."""
    try:
        return day_number(parsed_day(text))
    except ValueError:
        raise ValueError("must be a date such as 2024-01-31") from None


def format_day(day: int) -> str:
    """Format a day number as 2024-01-31."""
    return day_of(day).isoformat()


def parse_hours(days: str, start: str, end: str) -> Spans:
    """Parse weekdays and a span of the clock as spans of the week.

    A span that ends before it starts goes past midnight: Saturday 22:00 to 06:00 is the night
    that begins on Saturday.
    """
    begin, finish = _parse_clock(start), _parse_clock(end)
    if begin == finish:
        raise ValueError("must end at another time than it starts")
    length = (finish - begin) % MINUTES_OF_DAY or MINUTES_OF_DAY
    spans = []
    for weekday in _parse_weekdays(days):
        first = weekday * MINUTES_OF_DAY + begin
        spans.append((first, min(first + length, _WEEK)))
        if first + length > _WEEK:
            spans.append((0, first + length - _WEEK))
    return merge_spans(spans)


def parse_span(text: str) -> tuple[int, int]:
    """Parse a span of the week as `format_hours` writes it."""
    match = _SPAN.fullmatch(text)
    if not match:
        raise ValueError("must be a span such as mon 08:00 to mon 20:00")
    start, end = (
        _parse_weekdays(match[day])[0] * MINUTES_OF_DAY + _parse_clock(match[clock])
        for day, clock in (("day", "start"), ("last", "end"))
    )
    if start >= end:
        raise ValueError("must end later in the week than it starts")
    return start, end


def format_hours(hours: Spans) -> Iterator[str]:
    """Format spans of the week as weekdays and times."""
    for start, end in hours:
        yield f"{_format_moment(start)} to {_format_moment(end, ends=True)}"


def merge_spans(spans: list[tuple[int, int]]) -> Spans:
    """Sort spans, and join those that touch."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _parse_clock(text: str) -> int:
    """Parse a time of day as minutes since midnight."""
    match = _CLOCK.fullmatch(text)
    if not match:
        raise ValueError("must be a time of day such as 08:00")
    return int(match[1]) * 60 + int(match[2]) if match[1] else MINUTES_OF_DAY


def _parse_weekdays(text: str) -> list[int]:
    """Parse weekdays such as mon-fri or sat,sun."""
    found: list[int] = []
    for part in text.lower().replace(" ", "").split(","):
        first, dash, last = part.partition("-")
        if first not in _WEEKDAYS or (dash and last not in _WEEKDAYS):
            raise ValueError("must be weekdays such as mon-fri or sat,sun")
        start = _WEEKDAYS.index(first)
        length = (_WEEKDAYS.index(last) - start) % 7 + 1 if dash else 1
        found += [(start + n) % 7 for n in range(length)]
    return found


def _format_moment(minute: int, *, ends: bool = False) -> str:
    day, rest = divmod(minute, MINUTES_OF_DAY)
    if ends and not rest:
        day, rest = day - 1, MINUTES_OF_DAY
    return f"{_WEEKDAYS[day]} {rest // 60:02d}:{rest % 60:02d}"


def _decimal(text: str) -> Decimal:
    """Parse ASCII digits with a decimal point; `Decimal` alone reads 1_5 and other digits too."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


def _micros(text: str) -> int:
    """Parse a decimal number as micros, -1 when it is none."""
    try:
        return scaled(_decimal(text), QUANTITY_PLACES)
    except (InvalidOperation, ValueError):
        return -1
