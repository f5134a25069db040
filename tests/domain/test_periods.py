"""Periods: defaults, local days, and the cover of whole months and edges."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tollbook.domain.events import microseconds
from tollbook.domain.periods import (
    NO_EDGE,
    Cover,
    Edge,
    Period,
    cover,
    day_of,
    local_time,
    resolve,
)

TODAY = date(2024, 3, 10)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "end", "resolved"),
    [
        (None, None, ("2024-02-09", "2024-03-10")),
        (None, day("2024-01-31"), ("2024-01-01", "2024-01-31")),
        (day("2024-03-01"), None, ("2024-03-01", "2024-03-10")),
        (day("2020-01-01"), day("2020-01-01"), ("2020-01-01", "2020-01-01")),
        (None, date.min, ("0001-01-01", "0001-01-01")),
    ],
)
def test_a_period_ends_today_and_starts_thirty_days_before_its_end(
    start: date | None, end: date | None, resolved: tuple[str, str]
) -> None:
    if end == date.min:
        assert resolve(start, end, TODAY).start == date.min
    else:
        assert resolve(start, end, TODAY) == Period(day(resolved[0]), day(resolved[1]))


@pytest.mark.parametrize(
    ("instant", "zone", "number"),
    [
        ("2024-03-10T06:59:59+00:00", "America/New_York", 20240310),
        ("2024-03-10T04:59:59+00:00", "America/New_York", 20240309),
        ("2024-03-11T03:59:59+00:00", "America/New_York", 20240310),
        ("2024-03-11T04:00:00+00:00", "America/New_York", 20240311),
        ("2024-03-10T18:29:59+00:00", "Asia/Kolkata", 20240310),
        ("2024-03-10T18:30:00+00:00", "Asia/Kolkata", 20240311),
        ("2023-12-31T10:00:00+00:00", "Pacific/Kiritimati", 20240101),
    ],
)
def test_a_day_begins_at_local_midnight(instant: str, zone: str, number: int) -> None:
    assert local_time(microseconds(datetime.fromisoformat(instant)), ZoneInfo(zone))[0] == number
    assert day_of(number).isoformat().replace("-", "") == str(number)


ODD_CLOCKS = [
    ("America/St_Johns", "2006-10-29T02:31:00+00:00"),  # back by an hour at 00:01: 23:01 again
    ("Africa/Monrovia", "1971-12-01T00:44:30+00:00"),  # 44 minutes and 30 seconds behind
    ("America/Sao_Paulo", "2018-11-04T03:00:00+00:00"),  # a day without its first hour
    ("Pacific/Apia", "2011-12-30T10:00:00+00:00"),  # a day that never was
    ("Australia/Lord_Howe", "2024-04-06T15:00:00+00:00"),  # back by half an hour
    ("Asia/Kathmandu", "2024-01-01T18:15:00+00:00"),
]


@pytest.mark.parametrize(("zone", "around"), ODD_CLOCKS)
def test_local_time_is_right_around_an_odd_clock(zone: str, around: str) -> None:
    clock, middle = ZoneInfo(zone), datetime.fromisoformat(around)
    for seconds in range(-7200, 7200, 30):
        instant = middle + timedelta(seconds=seconds)
        local = instant.astimezone(clock)
        into = timedelta(minutes=local.minute, seconds=local.second)
        hour = microseconds(instant - into) // 60_000_000
        expected = int(local.strftime("%Y%m%d")), local.hour * 60 + local.minute, hour
        assert local_time(microseconds(instant), clock) == expected


@pytest.mark.parametrize(
    ("start", "end", "covered"),
    [
        ("2024-01-01", "2024-01-31", Cover(202401, 202401, (NO_EDGE, NO_EDGE))),
        ("2023-12-01", "2024-02-29", Cover(202312, 202402, (NO_EDGE, NO_EDGE))),
        (
            "2024-01-10",
            "2024-01-12",
            Cover(1, 0, (Edge(202401, 20240110, 20240112, 1), NO_EDGE)),
        ),
        (
            "2024-01-02",
            "2024-01-31",
            Cover(202401, 202401, (Edge(202401, 20240101, 20240101, -1), NO_EDGE)),
        ),
        (
            "2023-12-25",
            "2024-02-10",
            Cover(
                202401,
                202401,
                (Edge(202312, 20231225, 20231231, 1), Edge(202402, 20240201, 20240210, 1)),
            ),
        ),
        (
            "2023-12-05",
            "2024-01-25",
            Cover(
                202312,
                202401,
                (Edge(202312, 20231201, 20231204, -1), Edge(202401, 20240126, 20240131, -1)),
            ),
        ),
    ],
)
def test_a_period_is_whole_months_and_the_shorter_side_of_its_edges(
    start: str, end: str, covered: Cover
) -> None:
    assert cover(Period(day(start), day(end))) == covered


def test_an_answer_names_both_days_of_a_period() -> None:
    period = Period(date(1, 2, 3), date(2024, 2, 29))
    assert period.to_json() == {"start": "0001-02-03", "end": "2024-02-29"}
