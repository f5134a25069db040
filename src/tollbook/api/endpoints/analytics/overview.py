"""GET /v1/analytics/overview: usage and cost of the whole tenant."""

from typing import Annotated

from starlette.responses import Response

from tollbook.analytics.overview import overview_report, overview_table, read_overview
from tollbook.analytics.row_details import Wanted
from tollbook.analytics.scope import in_one_currency
from tollbook.api.endpoints.analytics import answers
from tollbook.api.endpoints.analytics.periods import resolve_period
from tollbook.api.endpoints.analytics.queries import (
    MARGIN,
    META,
    METERS,
    ChosenCurrency,
    PeriodQuery,
)
from tollbook.api.endpoints.analytics.questions import open_question
from tollbook.api.endpoints.analytics.scope import refuse_user_key, resolve_scope
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_family import OVERVIEW_ANSWER
from tollbook.api.openapi.examples_margins import OVERVIEW_WITH_MARGIN
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.parameter_types import about, some_of
from tollbook.api.openapi.schemas import OVERVIEW_REPORT
from tollbook.domain.keys import Permission
from tollbook.store.database import Snapshot


class OverviewQuery(PeriodQuery, frozen=True, kw_only=True):
    """The query of the overview answer."""

    currency: ChosenCurrency = None
    include: Annotated[
        tuple[str, ...],
        some_of(("meta", "margin", "meters")),
        about(f"What to add after the documented fields: {META} {MARGIN} {METERS}"),
    ] = ()


def get_overview(request: ApiRequest[OverviewQuery], snapshot: Snapshot) -> Response:
    """Return the sums of all organizations that the key sees."""
    refuse_user_key(request.key)
    query, clock = request.query, request.services.clock()
    scope = resolve_scope(request, snapshot, currency=query.currency)
    scope = in_one_currency(snapshot, scope)
    period = resolve_period(query.start_date, query.end_date, query.period, scope, clock).period
    question = open_question(request, snapshot, scope, clock, period)
    found = answers.find(question)
    if found.is_missing:
        sums = read_overview(snapshot, scope, period, Wanted.of(query.include))
        if question.is_table:
            answer = answers.write_table(question, overview_table(scope, period, sums))
        else:
            answer = answers.write_report(question, overview_report(scope, period, sums))
        found = answers.keep(question, found, answer)
    return answers.respond(question, found)


GET_OVERVIEW = Endpoint(
    route="GET /v1/analytics/overview",
    name="getOverviewAnalytics",
    summary="Usage and cost of the whole tenant",
    description=(
        "All usage of all organizations in a period, both days inclusive, each in its own time "
        "zone. `total_cost` is the sum of the eight costs; `kb_monthly_cost` and `kb_usage_cost` "
        "are the parts of `kb_cost`. `kb_count` adds up the distinct knowledge bases of each "
        "organization. A key bound to an organization gets that organization's figures."
    ),
    permission=Permission.READ_ANALYTICS,
    answers=Body(
        OVERVIEW_REPORT,
        OVERVIEW_ANSWER,
        more_examples={"margin": OVERVIEW_WITH_MARGIN},
        links=leads("getOrganizationAnalytics", "getChanges", "getUsageSeries", **SAME_PERIOD),
    ),
    read=get_overview,
)
