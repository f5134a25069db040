"""GET /v1/analytics/users: usage and cost by user, the main job."""

from typing import Annotated

from starlette.responses import Response

from tollbook.analytics.filtered_users import BY_USER
from tollbook.analytics.margin import SORT_FIELDS
from tollbook.analytics.users import USER_ROW
from tollbook.api.endpoints.analytics.periods import resolve_period
from tollbook.api.endpoints.analytics.queries import (
    SORTED_BY_MARGIN,
    OrganizationId,
    RowsQuery,
    UserId,
)
from tollbook.api.endpoints.analytics.questions import open_question
from tollbook.api.endpoints.analytics.rows import respond_with_rows
from tollbook.api.endpoints.analytics.scope import resolve_scope
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples import USERS_ANSWER
from tollbook.api.openapi.examples_margins import USERS_WITH_MARGIN
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.parameter_types import about, one_of
from tollbook.api.openapi.schemas import USERS_REPORT
from tollbook.domain.errors import CursorExpired
from tollbook.domain.keys import Permission
from tollbook.domain.limit_errors import ExportExpired, TooManyAnswers, TooManyExports
from tollbook.store.database import Snapshot


class UsersQuery(RowsQuery, frozen=True, kw_only=True):
    """The query of the users answer."""

    organization_id: Annotated[OrganizationId, about("The organization to answer for.")]
    user_id: Annotated[UserId | None, about("Only this user.")] = None
    sort: Annotated[
        str | None,
        one_of((*(column.name for column in USER_ROW.columns), *SORT_FIELDS)),
        about(f"The field to order by. Default: `total_cost`. {SORTED_BY_MARGIN}", "total_cost"),
    ] = None


def get_users(request: ApiRequest[UsersQuery], snapshot: Snapshot) -> Response:
    """Return the usage of every user of an organization, or of the one that the key sees."""
    query, clock = request.query, request.services.clock()
    scope = resolve_scope(request, snapshot, query.organization_id, query.user_id)
    period = resolve_period(query.start_date, query.end_date, query.period, scope, clock).period
    question = open_question(request, snapshot, scope, clock, period)
    return respond_with_rows(question, query, BY_USER)


GET_USERS = Endpoint(
    route="GET /v1/analytics/users",
    name="getUserAnalytics",
    summary="Usage and cost by user",
    description=(
        "Usage and cost of every user of an organization in a period, both days "
        "inclusive, in the organization's time zone. Users without usage are listed "
        "with zeros. Users are ordered by total cost, highest first. Brand "
        "registration, an organization-level cost, is excluded. A key bound to one user"
        " sees that user only. Filters, `sort`, `group_by` and `limit` select part of "
        "the rows. With `include=totals` the answer also reports the sums of all "
        "matching rows and, unless it is about one user, `organization_level`, the "
        "usage that is not attributed to a user. A file of all users has a row for the "
        "organization level, so that its rows add up to the organization."
    ),
    permission=Permission.READ_ANALYTICS,
    answers=Body(
        USERS_REPORT,
        USERS_ANSWER,
        more_examples={"margin": USERS_WITH_MARGIN},
        links=leads(
            "listEvents",
            organization_id="/organization_id",
            user_id="/users/0/user_id",
            **SAME_PERIOD,
        )
        | leads("getForecast", organization_id="/organization_id", user_id="/users/0/user_id"),
    ),
    read=get_users,
    errors=(CursorExpired, ExportExpired, TooManyAnswers, TooManyExports),
)
