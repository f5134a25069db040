"""GET /v1/analytics/users: usage and cost by user, the main job."""

from typing import Any

from starlette.responses import Response

from tollbook.analytics.slices import Groups, Slice, table_of
from tollbook.analytics.users import read_rows, report_of, usages
from tollbook.analytics.users_slices import (
    USERS_SHAPE,
    organization_level,
    sliced_rows,
    sliced_usages,
    user_groups,
    user_totals,
)
from tollbook.api.endpoints.analytics.questions import (
    END_DATE,
    INCLUDE,
    MIN_AS_OF,
    PERIOD,
    START_DATE,
    Question,
    Result,
    answer,
    asked,
    scope_of,
)
from tollbook.api.endpoints.analytics.slices import (
    QuestionSpec,
    ResultSet,
    answer_slice,
    is_sliced,
    slice_parameters,
)
from tollbook.api.endpoints.format_parameter import FORMAT
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint, Parameter
from tollbook.api.openapi.examples import USERS_ANSWER
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.schemas import USERS_REPORT
from tollbook.domain.errors import (
    CursorExpired,
    FormatNotInstalled,
    InvalidRequest,
    NotFound,
    NotYet,
)
from tollbook.domain.keys import Permission
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import Row


def get_users(call: ApiRequest, snapshot: Snapshot) -> Response:
    """Answer for every user of an organization, or for the one that the key sees."""
    it = asked(call, snapshot, scope_of(call, snapshot))
    return answer_slice(it, _USERS) if is_sliced(call) else answer(it, lambda: _told(it))


def _told(it: Question) -> Result:
    organization, period = _of(it)
    rows = read_rows(it.snapshot, organization.number, period, it.scope.user_id)
    report = report_of(organization.id, organization.name, period, usages(rows))
    return Result(report, table=lambda: table_of(rows, USERS_SHAPE))


def _of(it: Question) -> tuple[OrganizationRow, Period]:
    organization, period = it.scope.organization, it.period
    assert organization and period  # noqa: S101, PT018  the first is a required parameter
    return organization, period


def _read(it: Question, wanted: Slice) -> ResultSet:
    """Read a slice. What is no user's is told to who asks about all users only."""
    (organization, period), user_id = _of(it), it.scope.user_id
    whose = it.snapshot, organization.number, period, wanted
    rows = sliced_rows(*whose, user_id)
    groups = user_groups(*whose, user_id) if wanted.group_by else {}
    of_all = {} if user_id else {"organization_level": organization_level(*whose)}
    return ResultSet(rows, groups, {"totals": user_totals(rows), **of_all})


def _report(it: Question, rows: list[Row], groups: Groups) -> Any:
    organization, period = _of(it)
    users = sliced_usages(rows, groups, it.call.query["group_by"])
    return report_of(organization.id, organization.name, period, users)


_USERS = QuestionSpec(USERS_SHAPE, _read, _report)

GET_USERS = Endpoint(
    method="GET",
    path="/v1/analytics/users",
    name="getUserAnalytics",
    summary="Usage and cost by user",
    description=(
        "Usage and cost of every user of an organization in a period, both days inclusive, in the "
        "organization's time zone. Users without usage are listed with zeros; the order is by "
        "total cost, highest first. Brand registration, an organization-level cost, is not in it. "
        "A key bound to one user sees that user only. Filters, `sort`, `group_by` and `limit` make "
        "a slice of it; with `include=totals` it also tells the sums of all rows that match, and "
        "`organization_level`, the usage that is no user's, unless it is asked about one user."
    ),
    permission=Permission.READ_ANALYTICS,
    parameters=(
        Parameter(
            "organization_id",
            "The organization to answer for.",
            required=True,
            example="org_abc123",
        ),
        START_DATE,
        END_DATE,
        PERIOD,
        Parameter("user_id", "Only this user.", example="user_123"),
        *slice_parameters(USERS_SHAPE),
        INCLUDE,
        FORMAT,
        MIN_AS_OF,
    ),
    answers={
        200: Body(
            USERS_REPORT,
            USERS_ANSWER,
            links=leads(
                "listEvents",
                organization_id="/organization_id",
                user_id="/users/0/user_id",
                **SAME_PERIOD,
            )
            | leads("getForecast", organization_id="/organization_id", user_id="/users/0/user_id"),
        )
    },
    read=get_users,
    errors=(InvalidRequest, NotFound, CursorExpired, NotYet, FormatNotInstalled),
    tagged=True,
)
