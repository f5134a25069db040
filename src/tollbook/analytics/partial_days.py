"""Split the time between two instants into whole local days and parts of days at its ends."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from tollbook.analytics.completeness import instants_of
from tollbook.domain.errors import InvalidRequest, Problem
from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.periods import Period, day_number, day_of, local_time

Bound = date | int
"""A whole day, or an instant in microseconds since 1970."""

_NO_EVENT_BEFORE = 0
_NO_EVENT_AFTER = 250_000_000_000_000_000
"""In the year 9892, shortly before the calendar ends."""


_FIRST_INSTANT = microseconds(datetime.min.replace(tzinfo=UTC))
_LAST_INSTANT = microseconds(datetime.max.replace(tzinfo=UTC))


class DayPart(NamedTuple):
    """A part of a day, from an instant up to another, which is excluded."""

    day: int
    first: int
    end: int


NO_PART = DayPart(0, 0, 0)
NO_DAYS = Period(date(1, 1, 2), date(1, 1, 1))


class Between(msgspec.Struct, frozen=True):
    """The requested bounds; without any, all time. An end that is an instant is excluded."""

    start: Bound | None = None
    end: Bound | None = None

    @property
    def days(self) -> Period | None:
        """Return the days when both bounds are days, the first not after the last."""
        start, end = self.start, self.end
        if isinstance(start, date) and isinstance(end, date) and start <= end:
            return Period(start, end)
        return None

    def text(self) -> str | dict[str, str | None]:
        """Return the bounds as they are answered, with instants in UTC; None is no bound."""
        if self.start is None and self.end is None:
            return "all_time"
        start, end = (None if it is None else bound_text(it) for it in (self.start, self.end))
        return {"start": start, "end": end}

    def instants(self, zone: ZoneInfo) -> tuple[int, int]:
        """Return the first microsecond, and the first one after the end."""
        first, end = -(2**62), 2**62
        if self.start is not None:
            start = self.start
            first = start if isinstance(start, int) else instants_of(Period(start, start), zone)[0]
        if self.end is not None:
            last = self.end
            end = last if isinstance(last, int) else instants_of(Period(last, last), zone)[1] + 1
        # A day that a zone skipped has no instants, but is valid.
        if first >= end and self.days is None:
            raise _end_before_start()
        return max(first, _NO_EVENT_BEFORE), min(end, _NO_EVENT_AFTER)


class SplitDays(NamedTuple):
    """Whole days, and at most two parts of days."""

    days: Period
    parts: tuple[DayPart, DayPart]
    touched: Period
    """The days that are included at least in part."""


def split(between: Between, zone: ZoneInfo) -> SplitDays:
    """Divide the time between two bounds, so that all but two days are read from sums."""
    start, end = between.instants(zone)
    if start >= end:
        return SplitDays(NO_DAYS, (NO_PART, NO_PART), between.days or NO_DAYS)
    first, last = _day(start, zone), _day(end - 1, zone)
    touched = Period(first, last)
    from_midnight = start == instants_of(Period(first, first), zone)[0]
    to_midnight = end - 1 == instants_of(Period(last, last), zone)[1]
    if first == last and not (from_midnight and to_midnight):
        return SplitDays(NO_DAYS, (DayPart(day_number(first), start, end), NO_PART), touched)
    first_edge = NO_PART if from_midnight else DayPart(day_number(first), start, end)
    last_edge = NO_PART if to_midnight else DayPart(day_number(last), start, end)
    whole = Period(
        first if from_midnight else first + timedelta(days=1),
        last if to_midnight else last - timedelta(days=1),
    )
    return SplitDays(whole, (first_edge, last_edge), touched)


def _day(time: int, zone: ZoneInfo) -> date:
    return day_of(local_time(time, zone)[0])


def _end_before_start() -> InvalidRequest:
    sentence = "start_date must be before end_date"
    return InvalidRequest.of([Problem("start_date", "start_after_end", sentence)])


def local_days(
    start: Bound | None, end: Bound | None, zone: ZoneInfo
) -> tuple[date | None, date | None]:
    """Return the days of two bounds; None is no bound."""
    if isinstance(start, int) and isinstance(end, int) and start >= end:
        raise _end_before_start()
    return _local_day(start, zone), _local_day(end - 1 if isinstance(end, int) else end, zone)


def _local_day(bound: Bound | None, zone: ZoneInfo) -> date | None:
    if not isinstance(bound, int):
        return bound
    return _day(min(max(bound, _NO_EVENT_BEFORE), _NO_EVENT_AFTER), zone)


def bound_text(bound: Bound) -> str:
    """Return a bound as it is answered, an instant in UTC."""
    if isinstance(bound, int):
        known = min(max(bound, _FIRST_INSTANT), _LAST_INSTANT)
        return instant_of(known).isoformat().replace("+00:00", "Z")
    return bound.isoformat()
