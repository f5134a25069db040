"""Days, months and periods: whole numbers such as 20240131 and 202401 inside, ISO dates outside."""

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

_ISO_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parsed_day(text: str) -> date:
    """Read YYYY-MM-DD and no other form of ISO 8601; ValueError for anything else."""
    if not _ISO_DAY.fullmatch(text):
        raise ValueError("not a date in the form YYYY-MM-DD")
    return date.fromisoformat(text)


def day_number(day: date) -> int:
    """Give a calendar day as the number it is stored as: 20240131."""
    return day.year * 10000 + day.month * 100 + day.day


def day_of(number: int) -> date:
    """Give a stored day number back as a date."""
    return date(number // 10000, number // 100 % 100, number % 100)


Local = tuple[int, int, int]
"""A day number, the minute of the day from 0 to 1439, and the start of the hour.

The hour is in minutes since 1970 in UTC: when clocks go back, the same hour comes twice.
"""


def local_time(time: int, zone: ZoneInfo) -> Local:
    """Give day, minute and hour of an instant, in microseconds since 1970 in UTC, in a zone."""
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
    """Give the day, minute and hour in which a quarter of an hour starts.

    None when it must be looked at closely: midnight or a change of the clock is inside, or it does
    not start with a minute.
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
        """Name both days, as answers do."""
        return {"start": self.start.isoformat(), "end": self.end.isoformat()}


def resolve(start: date | None, end: date | None, today: date) -> Period:
    """Fill in the defaults: up to today, from 30 days before the end."""
    last = end or today
    if start is not None:
        return Period(start, last)
    earliest = date.min + timedelta(days=DEFAULT_DAYS_BACK)
    return Period(max(last, earliest) - timedelta(days=DEFAULT_DAYS_BACK), last)


class Comparison(StrEnum):
    """Which period another one is compared with."""

    PREVIOUS_PERIOD = "previous_period"
    PREVIOUS_YEAR = "previous_year"


def previous(
    period: Period, how: Comparison, today: date | None = None, *, rolling: bool = False
) -> Period:
    """Return the period to compare with; OverflowError when that would begin before the year 1.

    Whole months compare with as many whole months before them, other days with as many days before
    them, and so do `rolling` days whatever they are. A year before are the same dates, for
    29 February the 28th. A period that has not ended `today` is compared with the same elapsed part
    of the other one, which for months is up to the same day of the month, or the month's last.
    """
    start, end = period.start, period.end
    running = today is not None and start <= today <= end
    elapsed = today if today is not None and running else end
    if how is Comparison.PREVIOUS_YEAR:
        return Period(months_after(start, -12), months_after(elapsed, -12))
    months = 0 if rolling else whole_months(period) or _is_month_to_date(period, today)
    if months:
        last = months_after(elapsed, -months) if running else start - timedelta(days=1)
        return Period(months_after(start, -months), last)
    days = timedelta(days=(end - start).days + 1)
    return Period(start - days, elapsed - days)


def whole_months(period: Period) -> int:
    """Return how many whole months a period is, 0 when it is not."""
    start, end = period.start, period.end
    if start.day != 1 or end.day != monthrange(end.year, end.month)[1]:
        return 0
    return (end.year - start.year) * 12 + end.month - start.month + 1


def _is_month_to_date(period: Period, today: date | None) -> bool:
    """Tell whether a period is from the first of a month to today; one day is a day."""
    start, end = period.start, period.end
    return start.day == 1 and start < end == today and _month_of(start) == _month_of(end)


def months_after(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last; OverflowError out of range."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError("outside the calendar")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class Edge(msgspec.Struct, frozen=True):
    """Some days of one month, to be added (`sign` 1) to whole months or taken off them (-1)."""

    month: int
    first_day: int
    last_day: int
    sign: int


class Cover(msgspec.Struct, frozen=True):
    """A period as whole months and at most two edges: what the rollups can answer from.

    `first_month` after `last_month` means no whole month.
    """

    first_month: int
    last_month: int
    edges: tuple[Edge, Edge]


NO_EDGE = Edge(0, 0, -1, 1)


def cover(period: Period) -> Cover:
    """Split a period into whole months and edge days, touching as few daily rows as possible.

    An edge month of which more than half is wanted is taken whole, and the days outside the
    period are subtracted: sums are exact, so the detour costs nothing.
    """
    start, end = period.start, period.end
    first, last = _month_of(start), _month_of(end)
    length = monthrange(end.year, end.month)[1]
    if first == last:
        if start.day == 1 and end.day == length:
            return Cover(first, last, (NO_EDGE, NO_EDGE))
        if end.day - start.day + 1 <= length // 2:
            return Cover(1, 0, (_days(first, start.day, end.day, 1), NO_EDGE))
        head = _days(first, 1, start.day - 1, -1)
        tail = _days(first, end.day + 1, length, -1)
        return Cover(first, last, (head, tail))
    head_whole, head = _edge(first, monthrange(start.year, start.month)[1], start.day, 31)
    tail_whole, tail = _edge(last, length, 1, end.day)
    return Cover(
        first if head_whole else _next(first), last if tail_whole else _previous(last), (head, tail)
    )


def _edge(month: int, length: int, first: int, last: int) -> tuple[bool, Edge]:
    """Say whether a month at the edge is taken whole, and which days are then added or taken off.

    `first` is the month's first day or `last` its last: an edge touches one end of its month.
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
