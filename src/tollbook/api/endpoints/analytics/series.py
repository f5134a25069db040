"""GET /v1/analytics/series: how usage and cost went, by hour, day, week or month."""

from typing import Annotated, Any

from starlette.responses import Response

from tollbook.analytics.scope import in_its_currency
from tollbook.analytics.series import read_trend
from tollbook.analytics.series_buckets import Bucket
from tollbook.analytics.series_question import (
    DEFAULT_TOP,
    MAX_TOP,
    SeriesQuestion,
    SeriesSort,
    SeriesSplit,
    refuse_too_much,
)
from tollbook.analytics.series_report import series_report, series_table
from tollbook.api.endpoints.analytics import answers
from tollbook.api.endpoints.analytics.periods import compared_period, resolve_period
from tollbook.api.endpoints.analytics.queries import (
    COMPARE,
    ChosenCurrency,
    MarginOrTotals,
    MeterList,
    OrganizationId,
    OtherCountry,
    PeriodQuery,
    UserId,
    require_margin_included,
)
from tollbook.api.endpoints.analytics.questions import open_question
from tollbook.api.endpoints.analytics.scope import find_user, require_organization, resolve_scope
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.parameter_types import about, whole_number
from tollbook.api.openapi.schemas import SERIES_REPORT
from tollbook.domain.keys import Permission
from tollbook.domain.periods import Comparison
from tollbook.store.database import Snapshot


class SeriesQuery(PeriodQuery, frozen=True, kw_only=True):
    """The query of the series answer."""

    organization_id: Annotated[
        OrganizationId | None,
        about("The organization to answer for. Default: all of the tenant's that the key may see."),
    ] = None
    user_id: Annotated[UserId | None, about("Only this user of the organization.")] = None
    bucket: Annotated[
        Bucket,
        about(
            "How long a bucket is. Weeks begin on Monday. Hours for at most 31 days, "
            "split by user for at most 7; of a whole tenant only when its organizations share one "
            "time zone."
        ),
    ] = Bucket.DAY
    split_by: Annotated[
        SeriesSplit | None,
        about("One series for each of these; without it a single one, `total`."),
    ] = None
    meter: Annotated[
        MeterList | None,
        about(
            "Only these meters, separated by commas.",
            "voice.call,sms.outbound",
        ),
    ] = None
    country: OtherCountry = None
    compare: Annotated[
        Comparison | None,
        about(f"Add the same series of another period. {COMPARE}"),
    ] = None
    top: Annotated[
        int,
        whole_number(most=MAX_TOP),
        about("How many series at most; the rest is added up as `other`."),
    ] = DEFAULT_TOP
    currency: ChosenCurrency = None
    sort: Annotated[
        SeriesSort | None,
        about(
            "What the first series have: the highest `cost`, or the lowest `margin`, which needs "
            "`include=margin`. Default: `cost`."
        ),
    ] = None
    include: MarginOrTotals = ()


def get_series(request: ApiRequest[SeriesQuery], snapshot: Snapshot) -> Response:
    """Return the usage over time of a tenant, an organization or a user, as asked for."""
    query, clock = request.query, request.services.clock()
    user_id, currency = query.user_id, query.currency
    require_margin_included(query.sort, query.include)
    scope = resolve_scope(request, snapshot, query.organization_id, user_id, currency)
    sentence = "organization_id required: a user_id is of one organization"
    require_organization(scope, user_id, sentence)
    if user_id is not None and request.key.scope.user_id is None:
        find_user(snapshot, scope)
    scope = in_its_currency(snapshot, scope)
    chosen = resolve_period(query.start_date, query.end_date, query.period, scope, clock)
    compared = compared_period(chosen, query.compare, "compare") if query.compare else None
    question = open_question(request, snapshot, scope, clock, chosen.period, compared=compared)
    series = SeriesQuestion(
        scope=scope,
        period=chosen.period,
        bucket=query.bucket,
        split_by=query.split_by,
        meters=query.meter,
        country=query.country,
        compared=compared,
        top=query.top,
        with_margin="margin" in query.include,
        sort=query.sort or SeriesSort.COST,
    )
    refuse_too_much(series)
    found = answers.find(question)
    if found.is_missing:
        result = read_trend(snapshot, series)
        if question.is_table:
            table = series_table(series, result, with_totals="totals" in query.include)
            answer = answers.write_table(question, table)
        else:
            answer = answers.write_report(question, series_report(series, result))
        found = answers.keep(question, found, answer)
    return answers.respond(question, found)


_EXAMPLE: dict[str, Any] = {
    "success": True,
    "tenant_id": "demo",
    "organization_id": "org_abc123",
    "organization_name": "Acme Corp",
    "period": {"start": "2024-01-30", "end": "2024-01-31"},
    "bucket": "day",
    "timezone": "UTC",
    "currency": "USD",
    "buckets": ["2024-01-30", "2024-01-31"],
    "series": [
        {
            "key": "voice.call",
            "name": "voice.call",
            "unit": "second",
            "events": [12, 0],
            "quantities": [741, 0],
            "costs": [1.482, 0.00],
            "total_events": 12,
            "total_quantity": 741,
            "total_cost": 1.482,
        }
    ],
    "total_cost": 1.482,
    "comparison": {
        "period": {"start": "2024-01-28", "end": "2024-01-29"},
        "buckets": ["2024-01-28", "2024-01-29"],
        "series": [
            {
                "key": "voice.call",
                "name": "voice.call",
                "unit": "second",
                "events": [4, 6],
                "quantities": [200, 400],
                "costs": [0.40, 0.80],
                "total_events": 10,
                "total_quantity": 600,
                "total_cost": 1.20,
            }
        ],
        "total_cost": 1.20,
        "change": 0.235,
    },
}

GET_SERIES = Endpoint(
    route="GET /v1/analytics/series",
    name="getUsageSeries",
    summary="Usage and cost over time",
    description=(
        "Usage and cost of a tenant, an organization or a user by hour, day, week or "
        "month, in the organization's time zone: a day on which clocks change has 23 or"
        " 25 hours. Buckets without usage are zeros. With `split_by`, the series with "
        "the highest cost come first and the rest is added up as `other`, so that the "
        "series always add up to `total_cost`. A key bound to one user sees that user "
        "only."
    ),
    permission=Permission.READ_ANALYTICS,
    answers=Body(
        SERIES_REPORT,
        _EXAMPLE,
        links=leads(
            "getUserAnalytics",
            "listEvents",
            "getChanges",
            organization_id="/organization_id",
            **SAME_PERIOD,
        ),
    ),
    read=get_series,
)
