"""GET /v1/analytics/period: which days a period is, and which days it is compared with."""

from datetime import date
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from tollbook.analytics.completeness import period_state
from tollbook.api.endpoints.analytics.questions import (
    COMPARE,
    END_DATE,
    PERIOD,
    START_DATE,
    asked,
    scope_of,
)
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint, Parameter
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.keys import Permission
from tollbook.domain.named_periods import beside
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot

Days = dict[str, str]


class PeriodReport(msgspec.Struct, frozen=True, kw_only=True):
    """The days of a period on the calendar of a time zone, and those it leads to.

    `comparison` is what `compare` takes, up to the same elapsed part while the period is open.
    `previous` and `next` are as long as the period; `next` is null when it has not begun.
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


def get_period(call: ApiRequest, snapshot: Snapshot) -> Response:
    """Resolve a period, by name or by dates, for an organization or the tenant."""
    it = asked(call, snapshot, scope_of(call, snapshot))
    period, compared, organization = it.period, it.compared, it.scope.organization
    assert period and compared  # noqa: S101, PT018  the question is dated, and always compares
    today = it.scope.today(it.clock)
    following = beside(period, 1)
    report = PeriodReport(
        success=True,
        tenant_id=it.scope.tenant,
        organization_id=organization.id if organization else UNSET,
        timezone=it.scope.timezone,
        today=today,
        period=period.to_json(),
        days=(period.end - period.start).days + 1,
        period_state=period_state(it.scope, period, it.clock),
        comparison=compared.to_json(),
        previous=_days(beside(period, -1)),
        next=_days(following if following and following.start <= today else None),
    )
    return json_response(report)


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
    method="GET",
    path="/v1/analytics/period",
    name="getPeriod",
    summary="The days of a period",
    description=(
        "Which days a period is on the calendar of an organization, or for the whole tenant in "
        "UTC: `period` by name, dates, or the default, and with them the days that it is compared "
        "with and the periods of the same length before and after it. Every other question "
        "resolves `period` in the same way."
    ),
    permission=Permission.READ_ANALYTICS,
    parameters=(
        Parameter(
            "organization_id",
            "The organization whose calendar it is. Default: the tenant's, in UTC.",
            example="org_abc123",
        ),
        START_DATE,
        END_DATE,
        PERIOD,
        COMPARE,
    ),
    answers={
        200: Body(
            PeriodReport,
            _EXAMPLE,
            links=leads(
                "getUserAnalytics",
                "getUsageSeries",
                organization_id="/organization_id",
                **SAME_PERIOD,
            ),
        )
    },
    read=get_period,
    errors=(InvalidRequest, NotFound),
    tells_usage=False,
)
