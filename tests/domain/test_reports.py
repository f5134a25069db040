"""Which period a report is about, and since when it is due."""

from datetime import datetime

import pytest

from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.periods import Period
from tollbook.domain.reports import ReportSchedule, chart_period, latest_due, period_before

DAILY, WEEKLY, MONTHLY = ReportSchedule


@pytest.mark.parametrize(
    ("schedule", "timezone", "now", "first", "last", "at"),
    [
        (DAILY, "UTC", "2024-03-05T06:59Z", "2024-03-03", "2024-03-03", "2024-03-04T07:00Z"),
        (DAILY, "UTC", "2024-03-05T07:00Z", "2024-03-04", "2024-03-04", "2024-03-05T07:00Z"),
        (DAILY, "Asia/Tokyo", "2024-03-04T22:00Z", "2024-03-04", "2024-03-04", "2024-03-04T22:00Z"),
        (WEEKLY, "UTC", "2024-03-04T06:59Z", "2024-02-19", "2024-02-25", "2024-02-26T07:00Z"),
        (WEEKLY, "UTC", "2024-03-10T23:59Z", "2024-02-26", "2024-03-03", "2024-03-04T07:00Z"),
        (MONTHLY, "UTC", "2024-03-01T06:59Z", "2024-01-01", "2024-01-31", "2024-02-01T07:00Z"),
        (MONTHLY, "UTC", "2024-03-31T12:00Z", "2024-02-01", "2024-02-29", "2024-03-01T07:00Z"),
        # After the clocks went forward, 7:00 is an hour earlier.
        (DAILY, "Europe/Berlin", "2024-04-01T05:00Z", *["2024-03-31"] * 2, "2024-04-01T05:00Z"),
    ],
)
def test_the_latest_period_that_is_due(
    schedule: ReportSchedule, timezone: str, now: str, first: str, last: str, at: str
) -> None:
    found = latest_due(schedule, 7, timezone, microseconds(datetime.fromisoformat(now)))
    assert found.period.to_json() == {"start": first, "end": last}
    assert instant_of(found.at) == datetime.fromisoformat(at)


@pytest.mark.parametrize(
    ("schedule", "days", "before", "chart"),
    [
        (DAILY, "2024-03-01 2024-03-01", "2024-02-29 2024-02-29", "2024-02-17 2024-03-01"),
        (WEEKLY, "2024-02-26 2024-03-03", "2024-02-19 2024-02-25", "2024-02-19 2024-03-03"),
        (MONTHLY, "2024-03-01 2024-03-31", "2024-02-01 2024-02-29", "2024-03-01 2024-03-31"),
    ],
)
def test_the_period_before_and_the_days_of_the_chart(
    schedule: ReportSchedule, days: str, before: str, chart: str
) -> None:
    period = _period(days)
    assert period_before(schedule, period) == _period(before)
    assert chart_period(schedule, period) == _period(chart)


def _period(text: str) -> Period:
    first, last = (datetime.fromisoformat(it).date() for it in text.split())
    return Period(first, last)
