"""GET /v1/analytics/changes: who grew and who shrank most, who costs most, who uses nothing."""

from starlette.responses import Response

from tollbook.analytics.changes import ChangesReport, changes, changes_report, changes_table
from tollbook.analytics.scope import in_its_currency
from tollbook.api.endpoints.analytics.questions import (
    COMPARE,
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
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint, Parameter, ParameterKind
from tollbook.api.openapi.examples_outlook import CHANGES_ANSWER
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.schemas import extended
from tollbook.domain.errors import (
    FormatNotInstalled,
    InvalidRequest,
    NotFound,
    NotYet,
)
from tollbook.domain.keys import Permission
from tollbook.store.database import Snapshot

_MOST_LISTED = 1000


def get_changes(call: ApiRequest, snapshot: Snapshot) -> Response:
    """Compare two periods, by user of an organization or by organization of the tenant."""
    refuse_user_key(call)
    scope = in_its_currency(snapshot, scope_of(call, snapshot))
    it = asked(call, snapshot, scope)
    period, before = it.period, it.compared
    assert period and before  # noqa: S101, PT018  the question is dated, and always compares

    def tell() -> Result:
        found = changes(snapshot, scope, period, before)
        report = changes_report(found, scope, period, before, call.query["limit"])
        return Result(report, table=lambda: changes_table(found, scope))

    return answer(it, tell)


GET_CHANGES = Endpoint(
    method="GET",
    path="/v1/analytics/changes",
    name="getChanges",
    summary="Who grew, who shrank, who costs most",
    description=(
        "Costs of a period beside those of the period before, by user of an organization, or by "
        "organization of the whole tenant: who grew and who shrank most, who costs most and which "
        "share of the total that is, who has no usage at all, and the cost of each active one. The "
        "organization's own usage is in the total and in `organization_level`, and no user's. A "
        "key bound to one user may not ask this."
    ),
    permission=Permission.READ_ANALYTICS,
    parameters=(
        Parameter(
            "organization_id",
            "The organization to answer for, by user. Without it the whole tenant, by "
            "organization.",
            example="org_abc123",
        ),
        START_DATE,
        END_DATE,
        PERIOD,
        COMPARE,
        Parameter(
            "limit",
            "How many to list of each at most.",
            ParameterKind.INTEGER,
            default=10,
            most=_MOST_LISTED,
        ),
        CURRENCY,
        META,
        FORMAT,
        MIN_AS_OF,
    ),
    answers={
        200: Body(
            extended(ChangesReport),
            CHANGES_ANSWER,
            links=leads(
                "listEvents",
                organization_id="/organization_id",
                user_id="/grew/0/user_id",
                **SAME_PERIOD,
            ),
        )
    },
    read=get_changes,
    errors=(InvalidRequest, NotFound, NotYet, FormatNotInstalled),
    tagged=True,
)
