"""GET /v1/analytics/series: how usage and cost went, by hour, day, week or month."""

from dataclasses import replace
from typing import Any

from starlette.responses import Response

from tollbook.analytics.scope import QuestionScope, in_its_currency
from tollbook.analytics.series import (
    DEFAULT_TOP,
    MOST_TOP,
    SeriesQuestion,
    SeriesSplit,
    refuse_too_much,
    trend,
)
from tollbook.analytics.series_buckets import Bucket
from tollbook.analytics.series_report import series_report, series_table
from tollbook.api.endpoints.analytics.questions import (
    COMPARE,
    CURRENCY,
    END_DATE,
    META,
    MIN_AS_OF,
    PERIOD,
    START_DATE,
    Question,
    Result,
    answer,
    asked,
    scope_of,
)
from tollbook.api.endpoints.analytics.slices import COUNTRY
from tollbook.api.endpoints.format_parameter import FORMAT
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint, Parameter, ParameterKind
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.schemas import SERIES_REPORT
from tollbook.domain.errors import (
    FormatNotInstalled,
    InvalidRequest,
    NotFound,
    NotYet,
    Problem,
)
from tollbook.domain.keys import Permission
from tollbook.domain.meters import CATALOG
from tollbook.store import directory
from tollbook.store.database import Snapshot


def get_series(call: ApiRequest, snapshot: Snapshot) -> Response:
    """Answer for a tenant, an organization or a user, whichever is asked for."""
    it = asked(call, snapshot, _scope(call, snapshot), comparing="compare")
    question = _question(it)
    refuse_too_much(question)

    def tell() -> Result:
        told = trend(snapshot, question)
        return Result(series_report(question, told), table=lambda: series_table(question, told))

    return answer(it, tell)


def _scope(call: ApiRequest, snapshot: Snapshot) -> QuestionScope:
    scope = scope_of(call, snapshot)
    user_id = call.query["user_id"]
    if user_id is not None and scope.organization is None:
        sentence = "organization_id required: a user_id is of one organization"
        raise InvalidRequest.of([Problem("organization_id", "missing_parameter", sentence)])
    bound = call.key.scope.user_id
    if (
        user_id is not None
        and bound is None
        and scope.number is not None
        and directory.find_user(snapshot, scope.number, user_id) is None
    ):
        raise NotFound("User not found")
    return in_its_currency(snapshot, scope)


def _question(it: Question) -> SeriesQuestion:
    query, period = it.call.query, it.period
    assert period  # noqa: S101  the question is dated
    split_by = query["split_by"]
    return SeriesQuestion(
        it.scope,
        period,
        Bucket(query["bucket"]),
        SeriesSplit(split_by) if split_by else None,
        query["meter"],
        query["country"],
        it.compared,
        query["top"],
    )


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
    method="GET",
    path="/v1/analytics/series",
    name="getUsageSeries",
    summary="Usage and cost over time",
    description=(
        "Usage and cost of a tenant, an organization or a user by hour, day, week or month, on the "
        "organization's own calendar and clock: a day on which clocks change has 23 or 25 hours. "
        "Buckets without usage are zeros. Split, the series with the highest cost come first and "
        "the rest is added up as `other`, so that the series always add up to `total_cost`. "
        "A key bound to one user sees that user only."
    ),
    permission=Permission.READ_ANALYTICS,
    parameters=(
        Parameter(
            "organization_id",
            "The organization to answer for. Default: all of the tenant's that the key may see.",
            example="org_abc123",
        ),
        Parameter("user_id", "Only this user of the organization.", example="user_123"),
        START_DATE,
        END_DATE,
        PERIOD,
        Parameter(
            "bucket",
            "How long a bucket is. Weeks begin on Monday. Hours for at most 31 days, split by user "
            "for at most 7; of a whole tenant only when its organizations share one time zone.",
            ParameterKind.CHOICE,
            choices=tuple(Bucket),
            default=Bucket.DAY.value,
        ),
        Parameter(
            "split_by",
            "One series for each of these; without it a single one, `total`.",
            ParameterKind.CHOICE,
            choices=tuple(SeriesSplit),
        ),
        Parameter(
            "meter",
            "Only these meters, separated by commas.",
            ParameterKind.LIST,
            choices=tuple(it.type for it in CATALOG),
            example="voice.call,sms.outbound",
        ),
        COUNTRY,
        replace(
            COMPARE,
            description=f"Add the same series of another period. {COMPARE.description}",
            default=None,
        ),
        Parameter(
            "top",
            "How many series at most; the rest is added up as `other`.",
            ParameterKind.INTEGER,
            default=DEFAULT_TOP,
            most=MOST_TOP,
        ),
        CURRENCY,
        META,
        FORMAT,
        MIN_AS_OF,
    ),
    answers={
        200: Body(
            SERIES_REPORT,
            _EXAMPLE,
            links=leads(
                "getUserAnalytics",
                "listEvents",
                "getChanges",
                organization_id="/organization_id",
                **SAME_PERIOD,
            ),
        )
    },
    read=get_series,
    errors=(InvalidRequest, NotFound, NotYet, FormatNotInstalled),
    tagged=True,
)
