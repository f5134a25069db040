"""Hours, days, weeks and months of a period: days on which clocks change have their own count."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tollbook.analytics.series_buckets import (
    Bucket,
    buckets_of,
    count_buckets,
    hours_of,
    spans_of,
)
from tollbook.domain.events import microseconds
from tollbook.domain.periods import Period, day_number, local_time

# Days around each change of the clock, and the hours of the day itself.
CHANGES = [
    ("Europe/Berlin", date(2024, 3, 31), 23),
    ("Europe/Berlin", date(2024, 10, 27), 25),
    ("America/New_York", date(2024, 3, 10), 23),
    ("America/New_York", date(2024, 11, 3), 25),
    ("America/Sao_Paulo", date(2018, 2, 17), 25),
    ("America/Sao_Paulo", date(2018, 11, 4), 23),
    ("America/Havana", date(2024, 3, 10), 23),
    ("America/Havana", date(2024, 11, 3), 25),
    ("Australia/Lord_Howe", date(2024, 4, 7), 25),
    ("Australia/Lord_Howe", date(2024, 10, 6), 24),
    ("Asia/Kathmandu", date(2024, 1, 15), 24),
    ("Asia/Pyongyang", date(2018, 5, 4), 24),
    ("Asia/Pyongyang", date(2015, 8, 14), 25),
    ("Pacific/Apia", date(2011, 12, 30), 0),
    ("America/St_Johns", date(2024, 11, 3), 25),
    ("Africa/Monrovia", date(1971, 1, 1), 24),
    ("UTC", date(2024, 2, 29), 24),
]


def around(day: date) -> Period:
    return Period(day - timedelta(days=2), day + timedelta(days=2))


def quarters(period: Period, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Go through five minutes and more of each quarter: the hour and the day of each."""
    at = datetime.combine(period.start, datetime.min.time(), UTC) - timedelta(days=1)
    end = datetime.combine(period.end, datetime.min.time(), UTC) + timedelta(days=2)
    found = []
    while at < end:
        day, _, hour = local_time(microseconds(at + timedelta(minutes=7)), zone)
        if day_number(period.start) <= day <= day_number(period.end):
            found.append((hour, day))
        at += timedelta(minutes=15)
    return found


@pytest.mark.parametrize(("name", "day", "hours"), CHANGES)
def test_a_day_has_as_many_hours_as_it_has(name: str, day: date, hours: int) -> None:
    assert len(hours_of(Period(day, day), ZoneInfo(name))) == hours


@pytest.mark.parametrize(("name", "day", "_hours"), CHANGES)
def test_hours_are_those_that_events_have(name: str, day: date, _hours: int) -> None:
    zone = ZoneInfo(name)
    listed = [hour.number for hour in hours_of(around(day), zone)]
    assert listed == sorted({hour for hour, _ in quarters(around(day), zone)})


@pytest.mark.parametrize(("name", "day", "_hours"), CHANGES)
def test_the_day_of_an_hour_is_told_by_its_span(name: str, day: date, _hours: int) -> None:
    zone = ZoneInfo(name)
    spans = spans_of(around(day), zone)
    for hour, number in quarters(around(day), zone):
        (span,) = [it for it in spans if it.first_hour <= hour <= it.last_hour]
        day_of_hour = span.first_day + timedelta(days=(hour - span.first_hour) // span.step)
        assert day_number(day_of_hour) == number


def starts(name: str, day: date) -> list[str]:
    return [hour.start for hour in hours_of(Period(day, day), ZoneInfo(name))]


def test_an_hour_that_comes_twice_has_two_offsets() -> None:
    assert starts("Europe/Berlin", date(2024, 10, 27))[1:5] == [
        "2024-10-27T01:00:00+02:00",
        "2024-10-27T02:00:00+02:00",
        "2024-10-27T02:00:00+01:00",
        "2024-10-27T03:00:00+01:00",
    ]


def test_a_day_may_begin_at_one() -> None:
    assert starts("America/Sao_Paulo", date(2018, 11, 4))[0] == "2018-11-04T01:00:00-02:00"


def test_an_hour_that_clocks_cut_begins_where_they_went_to() -> None:
    assert starts("Australia/Lord_Howe", date(2024, 10, 6))[1:4] == [
        "2024-10-06T01:00:00+10:30",
        "2024-10-06T02:30:00+11:00",
        "2024-10-06T03:00:00+11:00",
    ]
    assert starts("Australia/Lord_Howe", date(2024, 4, 7))[1:4] == [
        "2024-04-07T01:00:00+11:00",
        "2024-04-07T01:30:00+10:30",
        "2024-04-07T02:00:00+10:30",
    ]


def test_hours_of_a_zone_with_minutes_begin_with_its_hours() -> None:
    assert starts("Asia/Kathmandu", date(2024, 1, 15))[13] == "2024-01-15T13:00:00+05:45"
    assert (
        hours_of(Period(date(2024, 1, 15), date(2024, 1, 15)), ZoneInfo("Asia/Kathmandu"))[0].number
        == int(datetime(2024, 1, 14, 18, 15, tzinfo=UTC).timestamp()) // 60
    )


def test_the_first_and_the_last_day_of_all_have_hours() -> None:
    for name in ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"):
        for day in (date.min, date.max):
            assert len(hours_of(Period(day, day), ZoneInfo(name))) == 24


def test_weeks_are_named_by_their_monday_also_when_cut() -> None:
    found = buckets_of(Period(date(2024, 1, 3), date(2024, 1, 15)), Bucket.WEEK, ZoneInfo("UTC"))
    assert found.names == ["2024-01-01", "2024-01-08", "2024-01-15"]
    assert (found.days[20240107], found.days[20240108]) == (0, 1)


def test_months_are_read_whole_where_they_are() -> None:
    period = Period(date(2023, 12, 15), date(2024, 3, 30))
    found = buckets_of(period, Bucket.MONTH, ZoneInfo("UTC"))
    assert found.names == ["2023-12", "2024-01", "2024-02", "2024-03"]
    assert found.months == {202401: 1, 202402: 2}


@pytest.mark.parametrize("bucket", Bucket)
def test_buckets_are_counted_before_they_are_made(bucket: Bucket) -> None:
    for days in (1, 6, 31, 400):
        period = Period(date(2024, 1, 3), date(2024, 1, 2) + timedelta(days=days))
        made = len(buckets_of(period, bucket, ZoneInfo("UTC")).names)
        assert abs(count_buckets(period, bucket) - made) <= 2
