"""The buckets of a trend: hours, days, weeks and months of a time zone."""

from calendar import monthrange
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tollbook.domain.periods import Period, day_number, local_time

_DAY = timedelta(days=1)
_DAY_MINUTES = 1440
_QUARTER = timedelta(minutes=15)
_EPOCH = date(1970, 1, 1).toordinal()
_MIDNIGHT = time()
_LAST_SECOND = time(23, 59, 59, fold=1)


class Bucket(StrEnum):
    """The length of a bucket."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Buckets(NamedTuple):
    """The buckets of a period, in order, and the bucket of each day, whole month or hour."""

    period: Period
    bucket: Bucket
    names: list[str]
    days: Mapping[int, int] = {}
    months: Mapping[int, int] = {}
    hours: Mapping[int, int] = {}


class Hour(NamedTuple):
    """A local hour: its number in the tables, and its start with the UTC offset."""

    number: int
    start: str


class EvenDays(NamedTuple):
    """Consecutive days of the same length.

    `step` is the length of a day in minutes of hour numbers. A day on which clocks change is alone.
    """

    first_hour: int
    last_hour: int
    step: int
    first_day: date
    last_day: date


def days_of(period: Period) -> Iterator[date]:
    """Return the days of a period."""
    return map(date.fromordinal, range(period.start.toordinal(), period.end.toordinal() + 1))


@lru_cache(32)
def buckets_of(period: Period, bucket: Bucket, zone: ZoneInfo) -> Buckets:
    """Return the buckets of a period; only hours depend on the zone. Do not modify the result."""
    if bucket is Bucket.HOUR:
        listed = hours_of(period, zone)
        hours = {hour.number: index for index, hour in enumerate(listed)}
        return Buckets(period, bucket, [hour.start for hour in listed], hours=hours)
    names: dict[str, int] = {}
    days = {}
    for day in days_of(period):
        days[day_number(day)] = names.setdefault(_name(day, bucket), len(names))
    months: dict[int, int] = {}
    if bucket is Bucket.MONTH:
        months = {month: days[month * 100 + 1] for month in _whole_months(period)}
    return Buckets(period, bucket, list(names), days, months)


def _name(day: date, bucket: Bucket) -> str:
    """Return the name of the bucket of a day: the day, its Monday, or its month."""
    if bucket is Bucket.MONTH:
        return day.isoformat()[:7]
    if bucket is Bucket.WEEK:
        return date.fromordinal(day.toordinal() - day.weekday()).isoformat()
    return day.isoformat()


def _whole_months(period: Period) -> Iterator[int]:
    for day in days_of(period):
        last = monthrange(day.year, day.month)[1]
        if day.day == 1 and (period.end - day).days >= last - 1:
            yield day.year * 100 + day.month


def count_buckets(period: Period, bucket: Bucket) -> int:
    """Return about how many buckets a period has, without making them."""
    days = (period.end - period.start).days + 1
    return {
        Bucket.HOUR: days * 24,
        Bucket.DAY: days,
        Bucket.WEEK: days // 7 + 1,
        Bucket.MONTH: days // 31 + 1,
    }[bucket]


def hours_of(period: Period, zone: ZoneInfo) -> list[Hour]:
    """Return the local hours of a period; a day on which clocks change has 23 or 25."""
    return [hour for day in days_of(period) for hour in _hours(day, zone)]


def _hours(day: date, zone: ZoneInfo) -> list[Hour]:
    offset = _even_offset(day, zone)
    if offset is None:
        return _uneven_hours(day, zone)
    first = _minutes(day, offset)
    written = datetime.combine(day, _MIDNIGHT, zone).isoformat()[19:]
    return [Hour(first + 60 * n, f"{day}T{n:02d}:00:00{written}") for n in range(24)]


def _even_offset(day: date, zone: ZoneInfo) -> timedelta | None:
    """Return the UTC offset of a whole day, None when clocks change on it."""
    offset = datetime.combine(day, _MIDNIGHT, zone).utcoffset()
    return offset if datetime.combine(day, _LAST_SECOND, zone).utcoffset() == offset else None


def _minutes(day: date, offset: timedelta) -> int:
    """Return the start of a day in minutes since 1970; unlike a datetime, it cannot overflow."""
    seconds = (day.toordinal() - _EPOCH) * 86_400 - int(offset.total_seconds())
    return seconds // 60


def _uneven_hours(day: date, zone: ZoneInfo) -> list[Hour]:
    """Return the hours of a day on which clocks change, found in steps of a quarter of an hour.

    No zone changes its clocks at other minutes. An hour that is cut begins at the new time, such as
    02:30 on Lord Howe Island.
    """
    found: dict[int, str] = {}
    at = datetime.combine(day, _MIDNIGHT, zone).astimezone(UTC)
    end = datetime.combine(day + _DAY, _MIDNIGHT, zone).astimezone(UTC)
    while at < end:
        local = at.astimezone(zone)
        if local.date() == day:
            number = local_time(int(at.timestamp()) * 1_000_000, zone)[2]
            found.setdefault(number, local.isoformat(timespec="seconds"))
        at += _QUARTER
    return [Hour(number, start) for number, start in found.items()]


def spans_of(period: Period, zone: ZoneInfo) -> list[EvenDays]:
    """Divide a period so that dividing an hour's number by `step` yields its day."""
    spans: list[EvenDays] = []
    before = None
    for day in days_of(period):
        offset = _even_offset(day, zone)
        if offset is None:
            hours = _uneven_hours(day, zone)
            if hours:
                first, last = hours[0].number, hours[-1].number
                spans.append(EvenDays(first, last, 2 * _DAY_MINUTES, day, day))
        elif offset == before:
            last = spans[-1].last_hour + _DAY_MINUTES
            spans[-1] = spans[-1]._replace(last_hour=last, last_day=day)
        else:
            first = _minutes(day, offset)
            spans.append(EvenDays(first, first + _DAY_MINUTES - 60, _DAY_MINUTES, day, day))
        before = offset
    return spans
