"""When reports are due, against a clock that is watched minute by minute."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.reports import (
    ReportSchedule,
    latest_due,
    new_report_id,
    period_before,
)

DAY = timedelta(days=1)
STEP = timedelta(minutes=15)
ZONES = (
    "UTC",
    "Asia/Tokyo",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
)
DAILY, WEEKLY, MONTHLY = ReportSchedule


def _begins(schedule: ReportSchedule, day: date) -> bool:
    """Return whether a period of a schedule begins on a day."""
    is_first = {DAILY: True, WEEKLY: day.isoweekday() == 1, MONTHLY: day.day == 1}
    return is_first[schedule]


def _comes(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """Return the first instant of a day at which its clock shows the hour, or later."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while True:
        local = at.astimezone(zone)
        if (local.date(), local.hour) >= (day, hour):
            return at
        at += STEP


@examples(80)
@given(
    schedule=st.sampled_from(list(ReportSchedule)),
    hour=st.integers(0, 23),
    timezone=st.sampled_from(ZONES),
    now=st.datetimes(datetime(2018, 1, 1), datetime(2025, 1, 1)),  # noqa: DTZ001  in UTC
)
@example(DAILY, 2, "Europe/Berlin", datetime(2024, 3, 31, 1))  # noqa: DTZ001  clocks go forward
@example(DAILY, 2, "Europe/Berlin", datetime(2024, 3, 31, 0, 59))  # noqa: DTZ001
@example(DAILY, 2, "Europe/Berlin", datetime(2024, 10, 27, 0, 0))  # noqa: DTZ001  and back
@example(DAILY, 0, "America/Sao_Paulo", datetime(2018, 11, 4, 3))  # noqa: DTZ001  no midnight
@example(MONTHLY, 0, "Asia/Tokyo", datetime(2024, 2, 29, 15))  # noqa: DTZ001
def test_the_newest_period_is_due_whose_hour_has_come(
    schedule: ReportSchedule, hour: int, timezone: str, now: datetime
) -> None:
    now, zone = now.replace(tzinfo=UTC), ZoneInfo(timezone)
    day = now.astimezone(zone).date() + DAY
    while not (_begins(schedule, day) and _comes(day, hour, zone) <= now):
        day -= DAY
    found = latest_due(schedule, hour, timezone, microseconds(now))
    assert instant_of(found.at) == _comes(day, hour, zone)
    assert found.period.end == day - DAY
    assert _begins(schedule, found.period.start)
    between = (found.period.end - found.period.start).days
    inside = [found.period.start + it * DAY for it in range(1, between + 1)]
    assert not any(_begins(schedule, it) for it in inside)


@examples(60)
@given(
    schedule=st.sampled_from(list(ReportSchedule)),
    now=st.datetimes(datetime(2023, 1, 1), datetime(2025, 1, 1)),  # noqa: DTZ001  in UTC
)
def test_the_period_before_is_the_one_that_was_due_before(
    schedule: ReportSchedule, now: datetime
) -> None:
    found = latest_due(schedule, 7, "UTC", microseconds(now.replace(tzinfo=UTC)))
    earlier = latest_due(schedule, 7, "UTC", found.at - 1)
    assert period_before(schedule, found.period) == earlier.period


@pytest.mark.parametrize("schedule", ReportSchedule)
def test_a_period_is_due_from_one_instant_on(schedule: ReportSchedule) -> None:
    found = latest_due(schedule, 7, "Europe/Berlin", 1_705_320_000_000_000)
    assert latest_due(schedule, 7, "Europe/Berlin", found.at) == found
    assert latest_due(schedule, 7, "Europe/Berlin", found.at - 1) != found


def test_ids_are_random() -> None:
    found = {new_report_id() for _ in range(50)}
    assert len(found) == 50
    assert all(len(it) == 30 and it.startswith("rep_") for it in found)
