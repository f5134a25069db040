"""Days, months and periods; stored as numbers such as 20240131 and 202401, shown as ISO dates."""

import re
from calendar import monthrange
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from tollbook.domain.events import instant_of

DEFAULT_DAYS_BACK = 30
_MINUTE = 60 * 1_000_000
_QUARTER = 15 * _MINUTE
"""A quarter of an hour, in microseconds."""

_MONDAY, _SUNDAY = 0, 6
_YEAR_OF_WEEKS = timedelta(weeks=52)
"""The whole weeks that are closest to a year."""

_ISO_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parsed_day(text: str) -> date:
    """Parse a date in the form YYYY-MM-DD only; ValueError for anything else."""
    if not _ISO_DAY.fullmatch(text):
        raise ValueError("not a date in the form YYYY-MM-DD")
    return date.fromisoformat(text)


def day_number(day: date) -> int:
    """Return a calendar day as its stored number, such as 20240131."""
    return day.year * 10000 + day.month * 100 + day.day


def day_of(number: int) -> date:
    """Return a stored day number as a date."""
    return date(number // 10000, number // 100 % 100, number % 100)


def month_text(month: int) -> str:
    """Return a stored month number such as 202401 as text: 2024-01."""
    return f"{month // 100}-{month % 100:02d}"


Local = tuple[int, int, int]
"""A day number, the minute of the day from 0 to 1439, and the start of the hour.

The hour is in minutes since 1970 in UTC, because a local hour repeats when clocks go back.
"""


def local_time(time: int, zone: ZoneInfo) -> Local:
    """Return the local day, minute and hour of an instant in microseconds since 1970 in UTC."""
    quarter, rest = divmod(time, _QUARTER)
    start = _start_of(quarter, zone)
    if start is None:
        return _looked_up(time, zone)
    return start[0], start[1] + rest // _MINUTE, start[2]


def _looked_up(time: int, zone: ZoneInfo) -> Local:
    local = instant_of(time).astimezone(zone)
    hour = (time // 1_000_000 - local.minute * 60 - local.second) // 60
    return day_number(local), local.hour * 60 + local.minute, hour


@lru_cache(65_536)
def _start_of(quarter: int, zone: ZoneInfo) -> Local | None:
    """Return the local day, minute and hour at the start of a quarter of an hour.

    Return None if the quarter contains midnight or a clock change, or does not start with a minute.
    """
    first = instant_of(quarter * _QUARTER).astimezone(zone)
    last = instant_of((quarter + 1) * _QUARTER - 1).astimezone(zone)
    same = first.date() == last.date() and first.utcoffset() == last.utcoffset()
    return _looked_up(quarter * _QUARTER, zone) if same and not first.second else None


class Period(msgspec.Struct, frozen=True):
    """Days from `start` to `end`, both inclusive, in the organization's zone."""

    start: date
    end: date

    def to_json(self) -> dict[str, str]:
        """Return both days as in responses."""
        return {"start": self.start.isoformat(), "end": self.end.isoformat()}


def resolve(start: date | None, end: date | None, today: date) -> Period:
    """Return a period with defaults: until today, from 30 days before the end."""
    last = end or today
    if start is not None:
        return Period(start, last)
    earliest = date.min + timedelta(days=DEFAULT_DAYS_BACK)
    return Period(max(last, earliest) - timedelta(days=DEFAULT_DAYS_BACK), last)


class Comparison(StrEnum):
    """The period to compare with."""

    PREVIOUS_PERIOD = "previous_period"
    PREVIOUS_YEAR = "previous_year"


def previous(
    period: Period, how: Comparison, today: date | None = None, *, rolling: bool = False
) -> Period:
    """Return the period to compare with; OverflowError when that would begin before the year 1.

    Whole months are compared with as many whole months before them; other periods, and all
    `rolling` ones, with as many days before them. The previous year has the same weekdays, 364
    days before, for whole weeks that are not whole months, and else the same dates, with 28 for
    29 February. A period that has not ended `today` is compared with the same elapsed part of the
    other one: for months, up to the same day of the month, or its last day.
    """
    start, end = period.start, period.end
    running = today is not None and start <= today <= end
    elapsed = today if today is not None and running else end
    if how is Comparison.PREVIOUS_YEAR and _is_whole_weeks(period):
        return Period(start - _YEAR_OF_WEEKS, elapsed - _YEAR_OF_WEEKS)
    if how is Comparison.PREVIOUS_YEAR:
        return Period(months_after(start, -12), months_after(elapsed, -12))
    months = 0 if rolling else whole_months(period) or _is_month_to_date(period, today)
    if months:
        last = months_after(elapsed, -months) if running else start - timedelta(days=1)
        return Period(months_after(start, -months), last)
    days = timedelta(days=(end - start).days + 1)
    return Period(start - days, elapsed - days)


def whole_of_months(period: Period) -> Period:
    """Return the period from the first day of its first month to the last day of its last one."""
    end = period.end
    return Period(period.start.replace(day=1), end.replace(day=monthrange(end.year, end.month)[1]))


def whole_months(period: Period) -> int:
    """Return the number of whole months in a period; 0 if it does not consist of whole months."""
    start, end = period.start, period.end
    if start.day != 1 or end.day != monthrange(end.year, end.month)[1]:
        return 0
    return (end.year - start.year) * 12 + end.month - start.month + 1


def _is_whole_weeks(period: Period) -> bool:
    """Return whether a period is from a Monday to a Sunday, and not whole months."""
    weekdays = period.start.weekday(), period.end.weekday()
    return weekdays == (_MONDAY, _SUNDAY) and not whole_months(period)


def _is_month_to_date(period: Period, today: date | None) -> bool:
    """Return whether a period of at least two days is from the first of a month to today."""
    start, end = period.start, period.end
    return start.day == 1 and start < end == today and _month_of(start) == _month_of(end)


def months_after(day: date, months: int) -> date:
    """Return the same day of a later month, or its last day; OverflowError out of range."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError("outside the calendar")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class Edge(msgspec.Struct, frozen=True):
    """Days of one month that are added to (`sign` 1) or subtracted from (-1) whole months."""

    month: int
    first_day: int
    last_day: int
    sign: int


class Cover(msgspec.Struct, frozen=True):
    """A period as whole months and at most two edges, for which rollups exist.

    `first_month` after `last_month` means no whole month.
    """

    first_month: int
    last_month: int
    edges: tuple[Edge, Edge]


NO_EDGE = Edge(0, 0, -1, 1)


def cover(period: Period) -> Cover:
    """Split a period into whole months and edge days, with as few daily rows as possible.

    If a period includes more than half of an edge month, the whole month is used and the other
    days are subtracted. Sums are exact, so this loses nothing.
    """
    start, end = period.start, period.end
    first, last = _month_of(start), _month_of(end)
    length = monthrange(end.year, end.month)[1]
    if first == last:
        if start.day == 1 and end.day == length:
            return Cover(first, last, (NO_EDGE, NO_EDGE))
        if end.day - start.day + 1 <= length // 2:
            return Cover(1, 0, (_days(first, start.day, end.day, 1), NO_EDGE))
        before = _days(first, 1, start.day - 1, -1)
        after = _days(first, end.day + 1, length, -1)
        return Cover(first, last, (before, after))
    is_first_whole, first_edge = _edge(first, monthrange(start.year, start.month)[1], start.day, 31)
    is_last_whole, last_edge = _edge(last, length, 1, end.day)
    return Cover(
        first if is_first_whole else _next(first),
        last if is_last_whole else _previous(last),
        (first_edge, last_edge),
    )


def _edge(month: int, length: int, first: int, last: int) -> tuple[bool, Edge]:
    """Return whether an edge month is used whole, and the days to add or subtract.

    Either `first` is the first day of the month or `last` its last day.
    """
    last = min(last, length)
    if last - first + 1 <= length // 2:
        return False, _days(month, first, last, 1)
    if first > 1:
        return True, _days(month, 1, first - 1, -1)
    return True, _days(month, last + 1, length, -1)


def _days(month: int, first: int, last: int, sign: int) -> Edge:
    return NO_EDGE if last < first else Edge(month, month * 100 + first, month * 100 + last, sign)


def _month_of(day: date) -> int:
    return day.year * 100 + day.month


def _next(month: int) -> int:
    return month + 1 if month % 100 < 12 else month + 89


def _previous(month: int) -> int:
    return month - 1 if month % 100 > 1 else month - 89
