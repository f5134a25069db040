"""GET /v1/analytics/users: usage and cost by user, the main job."""

from starlette.responses import Response

from tollbook.analytics.users import users_report
from tollbook.api.endpoint import Body, Call, Endpoint, Parameter
from tollbook.api.examples import USERS_ANSWER
from tollbook.api.questions import (
    END_DATE,
    META,
    MIN_AS_OF,
    START_DATE,
    Told,
    answer,
    asked,
    scope_of,
)
from tollbook.api.schemas import USERS_REPORT
from tollbook.domain.errors import InvalidRequest, NotFound, NotYet, SumOutOfRange
from tollbook.domain.keys import Permission
from tollbook.store.database import Snapshot


def get_users(call: Call, snapshot: Snapshot) -> Response:
    """Answer for every user of an organization, or for the one that the key sees."""
    it = asked(call, snapshot, scope_of(call, snapshot))
    organization, period = it.scope.organization, it.period
    assert organization and period  # noqa: S101, PT018  the first is a required parameter

    def tell() -> Told:
        number, identity, name = organization[:3]
        return Told(users_report(snapshot, number, identity, name, period, it.scope.user_id))

    return answer(it, tell)


GET_USERS = Endpoint(
    method="GET",
    path="/v1/analytics/users",
    name="getUserAnalytics",
    summary="Usage and cost by user",
    description=(
        "Usage and cost of every user of an organization in a period, both days inclusive, in the "
        "organization's time zone. Users without usage are listed with zeros; the order is by "
        "total cost, highest first. Brand registration, an organization-level cost, is not in it. "
        "A key bound to one user sees that user only."
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
        META,
        MIN_AS_OF,
    ),
    answers={200: Body(USERS_REPORT, USERS_ANSWER)},
    read=get_users,
    errors=(InvalidRequest, NotFound, SumOutOfRange, NotYet),
    tagged=True,
)
