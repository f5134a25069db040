"""GET /v1/analytics/overview: usage and cost of the whole tenant."""

from starlette.responses import Response

from tollbook.analytics.overview import overview, overview_report, overview_table
from tollbook.analytics.scope import in_one_currency
from tollbook.api.endpoints.analytics.questions import (
    CURRENCY,
    END_DATE,
    META,
    MIN_AS_OF,
    PERIOD,
    START_DATE,
    Result,
    answer,
    asked,
    refuse_user_key,
    scope_of,
)
from tollbook.api.endpoints.format_parameter import FORMAT
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_family import OVERVIEW_ANSWER
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.schemas import OVERVIEW_REPORT
from tollbook.domain.errors import (
    FormatNotInstalled,
    InvalidRequest,
    NotYet,
)
from tollbook.domain.keys import Permission
from tollbook.store.database import Snapshot


def get_overview(call: ApiRequest, snapshot: Snapshot) -> Response:
    """Answer for all organizations that the key sees, added up."""
    refuse_user_key(call)
    it = asked(call, snapshot, in_one_currency(snapshot, scope_of(call, snapshot)))
    period = it.period
    assert period  # noqa: S101  the question is dated

    def tell() -> Result:
        found = overview(snapshot, it.scope, period)
        return Result(overview_report(it.scope, period, found), table=lambda: overview_table(found))

    return answer(it, tell)


GET_OVERVIEW = Endpoint(
    method="GET",
    path="/v1/analytics/overview",
    name="getOverviewAnalytics",
    summary="Usage and cost of the whole tenant",
    description=(
        "All usage of all organizations in a period, both days inclusive, each in its own time "
        "zone. `total_cost` is the sum of the eight costs; `kb_monthly_cost` and `kb_usage_cost` "
        "are the parts of `kb_cost`. `kb_count` adds up the distinct knowledge bases of each "
        "organization. A key bound to an organization gets that organization's figures."
    ),
    permission=Permission.READ_ANALYTICS,
    parameters=(START_DATE, END_DATE, PERIOD, CURRENCY, META, FORMAT, MIN_AS_OF),
    answers={
        200: Body(
            OVERVIEW_REPORT,
            OVERVIEW_ANSWER,
            links=leads("getOrganizationAnalytics", "getChanges", "getUsageSeries", **SAME_PERIOD),
        )
    },
    read=get_overview,
    errors=(InvalidRequest, NotYet, FormatNotInstalled),
    tagged=True,
)
