"""GET /v1/analytics/organizations: usage and cost by organization."""

from starlette.responses import Response

from tollbook.analytics.organizations import (
    OrganizationsReport,
    organization_rows,
    organizations_report,
    organizations_table,
    totals_of,
    written,
)
from tollbook.analytics.organizations_slices import (
    ORGANIZATIONS_SHAPE,
    organization_groups,
    sliced_organizations,
    sliced_report,
    sums_of,
)
from tollbook.analytics.scope import in_one_currency
from tollbook.analytics.slices import Groups, Slice
from tollbook.api.endpoint import Body, Call, Endpoint
from tollbook.api.examples_family import ORGANIZATIONS_ANSWER
from tollbook.api.formats.choice import FORMAT
from tollbook.api.links import SAME_PERIOD, leads
from tollbook.api.questions import (
    CURRENCY,
    END_DATE,
    INCLUDE,
    MIN_AS_OF,
    PERIOD,
    START_DATE,
    Asked,
    Told,
    answer,
    asked,
    refuse_user_key,
    scope_of,
)
from tollbook.api.schemas import ORGANIZATIONS_REPORT
from tollbook.api.slices import Read, Rows, answer_slice, is_sliced, slice_parameters
from tollbook.domain.errors import (
    CurrencyRequired,
    CursorExpired,
    FormatNotInstalled,
    InvalidRequest,
    NotYet,
)
from tollbook.domain.keys import Permission
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row


def get_organizations(call: Call, snapshot: Snapshot) -> Response:
    """Answer for every organization that the key sees."""
    refuse_user_key(call)
    scope, totals = scope_of(call, snapshot), "totals" in call.query["include"]
    it = asked(call, snapshot, in_one_currency(snapshot, scope) if totals else scope)
    if is_sliced(call, totals=False):
        return answer_slice(it, _ORGANIZATIONS)
    return answer(it, lambda: _told(it, totals=totals))


def _told(it: Asked, *, totals: bool) -> Told:
    rows = organization_rows(it.snapshot, it.scope, _days(it))
    report = organizations_report(it.scope, _days(it), rows)
    if not totals:
        return Told(report, table=lambda: organizations_table(rows))
    sums = totals_of(rows)
    return Told(report, {"totals": written(sums)}, lambda: organizations_table(rows, sums))


def _days(it: Asked) -> Period:
    assert it.period  # noqa: S101  the question is dated
    return it.period


def _read(it: Asked, wanted: Slice) -> Read:
    """Read a slice. Totals of several currencies are never told: who asks must choose one."""
    whose = it.snapshot, it.scope, _days(it), wanted
    rows = sliced_organizations(*whose)
    groups = organization_groups(*whose) if wanted.group_by else {}
    return Read(rows, groups, {"totals": written(totals_of(sums_of(rows)))})


def _report(it: Asked, rows: list[Row], groups: Groups) -> OrganizationsReport:
    return sliced_report(it.scope, _days(it), rows, groups, it.call.query["group_by"])


_ORGANIZATIONS = Rows(ORGANIZATIONS_SHAPE, _read, _report)

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
    parameters=(
        START_DATE,
        END_DATE,
        PERIOD,
        *slice_parameters(ORGANIZATIONS_SHAPE),
        CURRENCY,
        INCLUDE,
        FORMAT,
        MIN_AS_OF,
    ),
    answers={
        200: Body(
            ORGANIZATIONS_REPORT,
            ORGANIZATIONS_ANSWER,
            links=leads(
                "getUserAnalytics",
                "getChanges",
                organization_id="/organizations/0/organization_id",
                **SAME_PERIOD,
            ),
        )
    },
    read=get_organizations,
    errors=(
        InvalidRequest,
        CurrencyRequired,
        CursorExpired,
        NotYet,
        FormatNotInstalled,
    ),
    tagged=True,
)
