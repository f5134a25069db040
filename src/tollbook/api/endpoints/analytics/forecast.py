"""GET /v1/analytics/forecast: what a month will cost by its end."""

from datetime import date

from starlette.responses import Response

from tollbook.analytics.forecast import (
    ForecastReport,
    forecast_report,
    forecast_table,
    month_outlook,
)
from tollbook.analytics.outlook import month_of
from tollbook.analytics.scope import in_its_currency
from tollbook.api.endpoints.analytics.questions import (
    CURRENCY,
    META,
    MIN_AS_OF,
    Result,
    answer,
    asked,
    scope_of,
)
from tollbook.api.endpoints.format_parameter import FORMAT
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint, Parameter, ParameterKind
from tollbook.api.openapi.examples_outlook import FORECAST_ANSWER
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.schemas import extended
from tollbook.domain.errors import (
    FormatNotInstalled,
    InvalidRequest,
    NotFound,
    NotYet,
    Problem,
)
from tollbook.domain.keys import Permission
from tollbook.domain.periods import Period
from tollbook.store import directory
from tollbook.store.database import Snapshot


def get_forecast(call: ApiRequest, snapshot: Snapshot) -> Response:
    """Expect the rest of a month, for a tenant, an organization or one user."""
    scope = in_its_currency(snapshot, scope_of(call, snapshot))
    if call.query["user_id"] is not None and scope.organization is None:
        sentence = "organization_id required with user_id"
        raise InvalidRequest.of([Problem("organization_id", "missing_parameter", sentence)])
    user = None
    if scope.organization and scope.user_id is not None:
        user = directory.find_user(snapshot, scope.organization.number, scope.user_id)
        if user is None:
            raise NotFound("User not found")
    it = asked(call, snapshot, scope, dated=False)
    today = scope.today(it.clock)
    month = _month(call.query["month"], today)
    # The days that are past are part of the question: tomorrow's answer is another.
    it = it._replace(period=Period(month, min(today, month_of(month).end)))

    def tell() -> Result:
        found = month_outlook(snapshot, scope, month, today)
        name = user.name if user else ""
        report = forecast_report(found, scope, name, month, it.now)
        return Result(report, table=lambda: forecast_table(found, month))

    return answer(it, tell)


def _month(asked_for: date | None, today: date) -> date:
    month = asked_for or today.replace(day=1)
    if month > today:
        sentence = "month must not lie in the future"
        raise InvalidRequest.of([Problem("month", "in_future", sentence)])
    return month


GET_FORECAST = Endpoint(
    method="GET",
    path="/v1/analytics/forecast",
    name="getForecast",
    summary="What a month will cost",
    description=(
        "What the current month has cost, and what it will have cost by its end at the rhythm of "
        "the weeks before, with a range that holds four of five times. `method` names how it was "
        "made: `weekday_mean`, `daily_mean` with less than 14 days to go by, `none` with nothing, "
        "`closed` for a month that is over, whose forecast is what it cost. A key bound to one "
        "user asks about that user."
    ),
    permission=Permission.READ_ANALYTICS,
    parameters=(
        Parameter(
            "organization_id",
            "The organization to answer for. Without it the whole tenant.",
            example="org_abc123",
        ),
        Parameter("user_id", "One user of the organization.", example="user_123"),
        Parameter(
            "month",
            "The month, YYYY-MM. Default: the current one in the organization's time zone.",
            ParameterKind.MONTH,
            example="2024-01",
        ),
        CURRENCY,
        META,
        FORMAT,
        MIN_AS_OF,
    ),
    answers={
        200: Body(
            extended(ForecastReport),
            FORECAST_ANSWER,
            links=leads("setOrganizationBudget", "listBudgets", organization_id="/organization_id"),
        )
    },
    read=get_forecast,
    errors=(InvalidRequest, NotFound, NotYet, FormatNotInstalled),
    tagged=True,
)
