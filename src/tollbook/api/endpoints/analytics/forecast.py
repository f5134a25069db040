"""GET /v1/analytics/forecast: what a month will cost by its end."""

from datetime import date
from typing import Annotated

from starlette.responses import Response

from tollbook.analytics.forecast import (
    ForecastReport,
    forecast_report,
    forecast_table,
    month_outlook,
)
from tollbook.analytics.outlook import month_of
from tollbook.analytics.scope import in_its_currency
from tollbook.api.endpoints.analytics import answers
from tollbook.api.endpoints.analytics.queries import (
    AnswerQuery,
    ChosenCurrency,
    OrganizationId,
    UserId,
)
from tollbook.api.endpoints.analytics.questions import open_question
from tollbook.api.endpoints.analytics.scope import find_user, require_organization, resolve_scope
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_outlook import FORECAST_ANSWER
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import Month, about
from tollbook.api.openapi.schemas import extended
from tollbook.domain.errors import InvalidRequest, Problem
from tollbook.domain.keys import Permission
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot


class ForecastQuery(AnswerQuery, frozen=True, kw_only=True):
    """The query of the forecast answer."""

    organization_id: Annotated[
        OrganizationId | None,
        about("The organization to answer for. Without it the whole tenant."),
    ] = None
    user_id: Annotated[UserId | None, about("One user of the organization.")] = None
    month: Annotated[
        Month | None,
        about(
            "The month, YYYY-MM. Default: the current one in the organization's time zone.",
            "2024-01",
        ),
    ] = None
    currency: ChosenCurrency = None


def get_forecast(request: ApiRequest[ForecastQuery], snapshot: Snapshot) -> Response:
    """Return the expected cost of a month, for a tenant, an organization or one user."""
    query, clock = request.query, request.services.clock()
    user_id, currency = query.user_id, query.currency
    scope = resolve_scope(request, snapshot, query.organization_id, user_id, currency)
    scope = in_its_currency(snapshot, scope)
    require_organization(scope, user_id, "organization_id required with user_id")
    user = find_user(snapshot, scope)
    today = scope.today(clock)
    month = _resolve_month(query.month, today)
    # The answer depends on the days that are past: tomorrow's is another.
    past = Period(month, min(today, month_of(month).end))
    question = open_question(request, snapshot, scope, clock, past)
    found = answers.find(question)
    if found.is_missing:
        outlook = month_outlook(snapshot, scope, month, today)
        described = outlook, scope, user.name if user else "", month, question.now
        if question.is_table:
            answer = answers.write_table(question, forecast_table(*described))
        else:
            answer = answers.write_report(question, forecast_report(*described))
        found = answers.keep(question, found, answer)
    return answers.respond(question, found)


def _resolve_month(named: date | None, today: date) -> date:
    month = named or today.replace(day=1)
    if month > today:
        sentence = "month must not lie in the future"
        raise InvalidRequest.of([Problem("month", "in_future", sentence)])
    return month


GET_FORECAST = Endpoint(
    route="GET /v1/analytics/forecast",
    name="getForecast",
    summary="Forecast a month's cost",
    description=(
        "The cost of the current month so far and its expected cost at the end, based "
        "on the preceding weeks, with a range that holds in four of five cases. "
        "`method` names the method: `weekday_mean`, `daily_mean` with less than 14 days"
        " of data, `none` without data, and `closed` for a past month, whose forecast "
        "is its cost. A key bound to one user gets that user's forecast."
    ),
    permission=Permission.READ_ANALYTICS,
    answers=Body(
        extended(ForecastReport),
        FORECAST_ANSWER,
        links=leads("setOrganizationBudget", "listBudgets", organization_id="/organization_id"),
    ),
    read=get_forecast,
)
