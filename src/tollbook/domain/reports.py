"""Reports: summaries of usage that are mailed every day, week or month."""

import secrets
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tollbook.domain.directory import zone
from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.periods import Period, months_after

MARK = "rep_"
MOST_REPORTS = 100
USUAL_HOUR, LAST_HOUR = 7, 23
_RANDOM_BYTES = 13


class ReportSchedule(StrEnum):
    """How often a report is sent, and which period it is about."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


class MailedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report on an organization, one of its users or the whole tenant.

    `organization` is a number, None for the whole tenant. It is sent to a mail endpoint after
    `hour` in the time zone of its subject. Instants are in microseconds since 1970.
    """

    tenant: str
    id: str
    organization: int | None
    user_id: str | None
    schedule: ReportSchedule
    hour: int
    endpoint: str
    created_at: int
    changed_at: int
    last_period: int | None = None


class DueReport(NamedTuple):
    """The last whole period of a report, and when it is to be sent, in microseconds."""

    period: Period
    at: int


def new_report_id() -> str:
    """Return a random id."""
    return MARK + secrets.token_hex(_RANDOM_BYTES)


def latest_due(schedule: ReportSchedule, hour: int, timezone: str, now: int) -> DueReport:
    """Return the newest period of a schedule whose report is due at `now`, in microseconds."""
    following = _start_of(schedule, instant_of(now).astimezone(zone(timezone)).date())
    if _sent_at(following, hour, timezone) > now:
        following = _start_of(schedule, following - timedelta(days=1))
    first, last = _start_of(schedule, following - timedelta(days=1)), following - timedelta(days=1)
    return DueReport(Period(first, last), _sent_at(following, hour, timezone))


def chart_period(schedule: ReportSchedule, period: Period) -> Period:
    """Return the days that the chart of a report shows: a month, or two weeks."""
    if schedule is ReportSchedule.MONTHLY:
        return period
    return Period(period.end - timedelta(days=13), period.end)


def period_before(schedule: ReportSchedule, period: Period) -> Period:
    """Return the period of a schedule before another."""
    if schedule is ReportSchedule.MONTHLY:
        return Period(months_after(period.start, -1), period.start - timedelta(days=1))
    days = period.end - period.start + timedelta(days=1)
    return Period(period.start - days, period.end - days)


def _start_of(schedule: ReportSchedule, day: date) -> date:
    if schedule is ReportSchedule.DAILY:
        return day
    if schedule is ReportSchedule.WEEKLY:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1)


def _sent_at(day: date, hour: int, timezone: str) -> int:
    return microseconds(datetime.combine(day, time(hour), zone(timezone)))
