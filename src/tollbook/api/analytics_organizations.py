"""GET /v1/analytics/organizations: usage and cost by organization."""

from starlette.responses import Response

from tollbook.analytics.organizations import (
    organization_rows,
    organizations_report,
    organizations_table,
    totals_of,
    written,
)
from tollbook.analytics.scope import in_one_currency
from tollbook.api.endpoint import Body, Call, Endpoint
from tollbook.api.examples_family import ORGANIZATIONS_ANSWER
from tollbook.api.formats.choice import FORMAT
from tollbook.api.questions import (
    CURRENCY,
    END_DATE,
    INCLUDE,
    MIN_AS_OF,
    START_DATE,
    Told,
    answer,
    asked,
    refuse_user_key,
    scope_of,
)
from tollbook.api.schemas import ORGANIZATIONS_REPORT
from tollbook.domain.errors import (
    CurrencyRequired,
    FormatNotInstalled,
    InvalidRequest,
    NotYet,
    SumOutOfRange,
)
from tollbook.domain.keys import Permission
from tollbook.store.database import Snapshot


def get_organizations(call: Call, snapshot: Snapshot) -> Response:
    """Answer for every organization that the key sees."""
    refuse_user_key(call)
    scope, totals = scope_of(call, snapshot), "totals" in call.query["include"]
    it = asked(call, snapshot, in_one_currency(snapshot, scope) if totals else scope)
    period = it.period
    assert period  # noqa: S101  the question is dated

    def tell() -> Told:
        rows = organization_rows(snapshot, it.scope, period)
        report, table = organizations_report(it.scope, period, rows), organizations_table(rows)
        if not totals:
            return Told(report, table=table)
        sums = totals_of(rows)
        return Told(
            report, {"totals": written(sums)}, table._replace(totals=("", "Total", *sums[2:]))
        )

    return answer(it, tell)


GET_ORGANIZATIONS = Endpoint(
    method="GET",
    path="/v1/analytics/organizations",
    name="getOrganizationAnalytics",
    summary="Usage and cost by organization",
    description=(
        "Usage and cost of every organization of the tenant in a period, both days inclusive, each "
        "in its own time zone and currency. `total_cost` is of all its usage, its users' and its "
        "own. Organizations without usage are listed with zeros; the order is by total cost, "
        "highest first, then by id. A key bound to an organization sees that one only."
    ),
    permission=Permission.READ_ANALYTICS,
    parameters=(START_DATE, END_DATE, CURRENCY, INCLUDE, FORMAT, MIN_AS_OF),
    answers={200: Body(ORGANIZATIONS_REPORT, ORGANIZATIONS_ANSWER)},
    read=get_organizations,
    errors=(InvalidRequest, CurrencyRequired, SumOutOfRange, NotYet, FormatNotInstalled),
    tagged=True,
)
