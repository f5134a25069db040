"""GET /v1/analytics/period: which days a period is, and which days it is compared with."""

from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from tollbook.analytics.completeness import period_state
from tollbook.api.endpoints.analytics.periods import compared_period, resolve_period
from tollbook.api.endpoints.analytics.queries import (
    ComparedWith,
    DaysByName,
    FirstDay,
    LastDay,
    OrganizationId,
)
from tollbook.api.endpoints.analytics.scope import resolve_scope
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.parameter_types import about
from tollbook.api.openapi.parameters import Query
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.keys import Permission
from tollbook.domain.named_periods import ChosenPeriod, adjacent_period
from tollbook.domain.periods import Comparison, Period
from tollbook.store.database import Snapshot

Days = dict[str, str]


class PeriodReport(msgspec.Struct, frozen=True, kw_only=True):
    """The days of a period on the calendar of a time zone, and those it leads to.

    `comparison` is what `compare` takes, up to the same elapsed part while the period is open.
    `previous` and `next` are as long as the period. `next` is null when it has not begun,
    `previous` when the calendar has no days to compare it with.
    """

    success: bool
    tenant_id: str
    organization_id: str | UnsetType = UNSET
    timezone: str
    today: date
    period: Days
    days: int
    period_state: str
    comparison: Days
    previous: Days | None
    next: Days | None


class PeriodDaysQuery(Query, frozen=True, kw_only=True):
    """The query of the period answer."""

    organization_id: Annotated[
        OrganizationId | None,
        about("The organization whose calendar it is. Default: the tenant's, in UTC."),
    ] = None
    start_date: FirstDay = None
    end_date: LastDay = None
    period: DaysByName = None
    compare: ComparedWith = Comparison.PREVIOUS_PERIOD


def get_period(request: ApiRequest[PeriodDaysQuery], snapshot: Snapshot) -> Response:
    """Return the days of a period, by name or by dates, for an organization or the tenant."""
    query, clock = request.query, request.services.clock()
    scope = resolve_scope(request, snapshot, query.organization_id)
    chosen = resolve_period(query.start_date, query.end_date, query.period, scope, clock)
    period, compared = chosen.period, compared_period(chosen, query.compare)
    organization, today = scope.organization, scope.today(clock)
    following = adjacent_period(period, 1)
    report = PeriodReport(
        success=True,
        tenant_id=scope.tenant,
        organization_id=organization.id if organization else UNSET,
        timezone=scope.timezone,
        today=today,
        period=period.to_json(),
        days=(period.end - period.start).days + 1,
        period_state=period_state(scope, period, clock),
        comparison=compared.to_json(),
        previous=_days(_previous(chosen, query.compare)),
        next=_days(following if following and following.start <= today else None),
    )
    return json_response(report)


def _previous(chosen: ChosenPeriod, how: Comparison) -> Period | None:
    """Return the period before; None at the start of the calendar, where it has no comparison."""
    before = adjacent_period(chosen.period, -1)
    if before is None:
        return None
    try:
        ChosenPeriod(before, chosen.today, rolling=False).compared(how)
    except OverflowError:
        return None
    return before


def _days(period: Period | None) -> Days | None:
    return period.to_json() if period else None


_EXAMPLE: dict[str, Any] = {
    "success": True,
    "tenant_id": "demo",
    "organization_id": "org_abc123",
    "timezone": "UTC",
    "today": "2024-01-20",
    "period": {"start": "2024-01-01", "end": "2024-01-31"},
    "days": 31,
    "period_state": "open",
    "comparison": {"start": "2023-12-01", "end": "2023-12-20"},
    "previous": {"start": "2023-12-01", "end": "2023-12-31"},
    "next": None,
}

GET_PERIOD = Endpoint(
    route="GET /v1/analytics/period",
    name="getPeriod",
    summary="Resolve a period",
    description=(
        "The days of a period in the time zone of an organization, or in UTC for the "
        "whole tenant: a `period` by name, by dates, or the default. Also returns the "
        "days that it is compared with, and the periods of the same length before and "
        "after it. All other questions resolve `period` in the same way."
    ),
    permission=Permission.READ_ANALYTICS,
    answers=Body(
        PeriodReport,
        _EXAMPLE,
        links=leads(
            "getUserAnalytics",
            "getUsageSeries",
            organization_id="/organization_id",
            **SAME_PERIOD,
        ),
    ),
    read=get_period,
    tells_usage=False,
)
