"""Write each report that is due once: the figures of its last whole period."""

from typing import Any

import structlog

from tollbook.alerts.worker import Work
from tollbook.analytics.completeness import completeness, instant_of_answer, instant_text
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.series import PeriodSeries, Trend, read_trend
from tollbook.analytics.series_question import MAX_TOP, SeriesQuestion, SeriesSplit
from tollbook.domain.exact import raw_amount
from tollbook.domain.notifications import Notification, NotificationType
from tollbook.domain.periods import Period, day_number
from tollbook.domain.reports import (
    DueReport,
    ReportSchedule,
    chart_period,
    latest_due,
    period_before,
)
from tollbook.store import directory, reports
from tollbook.store.database import Snapshot
from tollbook.store.endpoints import find_endpoint
from tollbook.store.notifications import add_notifications
from tollbook.store.reports import ScheduledReport

_log = structlog.get_logger()
EVERY = 60.0
"""The seconds between two looks."""
_AT_ONCE = 10
_ROWS = 10
_KINDS = {
    ReportSchedule.DAILY: "day",
    ReportSchedule.WEEKLY: "week",
    ReportSchedule.MONTHLY: "month",
}


class Reports:
    """A step of the worker. It remembers nothing: which period was written is in the database."""

    def __call__(self, work: Work) -> float:
        """Write reports that are due; return the seconds until the next look."""
        now = work.clock()
        with work.database.reading() as snapshot:
            found = reports.scheduled_reports(snapshot)
        due = [(it, period) for it in found if (period := _due(it, now))]
        for it, period in due[:_AT_ONCE]:
            _write(work, it, period, now)
        return 0.0 if len(due) > _AT_ONCE else EVERY


def _due(it: ScheduledReport, now: int) -> DueReport | None:
    """Return the period of a report that is to be written, if its time came after it was added."""
    report = it.report
    found = latest_due(report.schedule, report.hour, it.timezone, now)
    is_written = report.last_period is not None and report.last_period >= _number(found)
    return None if is_written or found.at <= report.created_at else found


def _number(it: DueReport) -> int:
    return day_number(it.period.start)


def _write(work: Work, it: ScheduledReport, due: DueReport, now: int) -> None:
    report = it.report
    with work.database.reading() as snapshot:
        data = _data(snapshot, it, due.period, now)
    with work.lease.writing() as transaction:
        endpoint = find_endpoint(transaction, report.tenant, report.endpoint)
        if endpoint is None or not reports.mark_written(transaction, report, _number(due)):
            return
        of_tenant = endpoint.organization is None
        notification = Notification(
            tenant=report.tenant,
            type=NotificationType.REPORT_READY,
            occasion=(report.id, _number(due)),
            at=due.at,
            data=data,
            organization=report.organization,
            user_id=report.user_id,
            to_tenant=of_tenant,
            to_organization=not of_tenant,
            endpoint_ids=(report.endpoint,),
        )
        add_notifications(transaction, [notification], now)


def _data(snapshot: Snapshot, it: ScheduledReport, period: Period, now: int) -> dict[str, Any]:
    """Return the figures of a report; nothing in it is a name or an address of a person."""
    report, schedule = it.report, it.report.schedule
    row = None
    if it.organization_id is not None:
        row = directory.find_organization(snapshot, report.tenant, it.organization_id)
    scope = QuestionScope(report.tenant, row, report.user_id)
    before = period_before(schedule, period)
    split = SeriesSplit.CATEGORY
    trend = read_trend(
        snapshot, SeriesQuestion(scope, period, split_by=split, compared=before, top=MAX_TOP)
    )
    assert trend.before is not None  # noqa: S101  it was asked for
    version = scope.ledger_version(snapshot)
    as_of = instant_of_answer(snapshot, version, now)
    meta = completeness(snapshot, trend.scope, period, version, as_of, now)
    return {
        "report_id": report.id,
        "schedule": schedule.value,
        "organization_id": it.organization_id,
        "user_id": report.user_id,
        "currency": trend.scope.currency,
        "period": {
            "kind": _KINDS[schedule],
            **period.to_json(),
            "timezone": it.timezone,
        },
        "events": trend.now.events,
        "cost": raw_amount(trend.now.cost),
        "previous_cost": raw_amount(trend.before.cost),
        "categories": _categories(trend, trend.before),
        "rows": _rows(snapshot, scope, period),
        "days": _days(snapshot, scope, chart_period(schedule, period)),
        "quarantined_share": None if report.user_id else meta.quarantined_share,
        "other_currencies": meta.other_currencies,
        "as_of": instant_text(as_of),
    }


def _categories(trend: Trend, before: PeriodSeries) -> list[dict[str, Any]]:
    previous = {it.key: sum(it.sums.costs) for it in before.lines}
    return [
        {
            "category": it.key,
            "cost": raw_amount(sum(it.sums.costs)),
            "previous_cost": raw_amount(previous.get(it.key, 0)),
        }
        for it in trend.now.lines
    ]


def _rows(snapshot: Snapshot, scope: QuestionScope, period: Period) -> list[dict[str, Any]]:
    """Return the ten organizations or users with the highest cost."""
    if scope.user_id is not None:
        return []
    split = SeriesSplit.USER if scope.organization else SeriesSplit.ORGANIZATION
    trend = read_trend(snapshot, SeriesQuestion(scope, period, split_by=split, top=_ROWS))
    name = f"{split.value}_id"
    lines = [it for it in trend.now.lines if not it.is_rest and it.key]
    return [{name: it.key, "cost": raw_amount(sum(it.sums.costs))} for it in lines]


def _days(snapshot: Snapshot, scope: QuestionScope, period: Period) -> list[dict[str, Any]]:
    trend = read_trend(snapshot, SeriesQuestion(scope, period))
    (line,) = trend.now.lines
    return [
        {"day": day, "cost": raw_amount(cost)}
        for day, cost in zip(trend.now.buckets.names, line.sums.costs, strict=True)
    ]
