"""GET /v1/analytics/usage: segments and seconds of an organization or a user."""

from dataclasses import replace

from starlette.responses import Response

from tollbook.analytics.partial_days import Between
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.usage import split_of, usage_report, usage_sums, usage_table
from tollbook.api.endpoints.analytics.questions import (
    META,
    MIN_AS_OF,
    PERIOD,
    Result,
    answer,
    asked,
    chosen_period,
    scope_of,
)
from tollbook.api.endpoints.format_parameter import FORMAT
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint, Parameter, ParameterKind
from tollbook.api.openapi.examples_family import USAGE_ANSWER
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.schemas import USAGE_REPORT
from tollbook.domain.directory import User
from tollbook.domain.errors import (
    EventArchived,
    FormatNotInstalled,
    InvalidRequest,
    NotFound,
    NotYet,
    Problem,
)
from tollbook.domain.keys import Permission
from tollbook.store import directory
from tollbook.store.database import Snapshot


def get_usage(call: ApiRequest, snapshot: Snapshot) -> Response:
    """Answer for one organization or for one user."""
    scope = _scope(call, snapshot)
    user = _user(snapshot, scope)
    between = _between(call, scope)
    days = split_of(scope, between)
    it = asked(call, snapshot, scope, dated=False)
    if between != Between():
        it = it._replace(period=days.touched)

    def tell() -> Result:
        sums = usage_sums(snapshot, scope, days)
        report = usage_report(scope, user, between, sums)
        return Result(report, table=lambda: usage_table(scope, user, sums))

    return answer(it, tell)


def _between(call: ApiRequest, scope: QuestionScope) -> Between:
    """Return the bounds that are asked for, by name or as they are given."""
    if call.query["period"] is not None:
        days = chosen_period(call, scope, call.services.clock()).period
        return Between(days.start, days.end)
    return Between(call.query["start_date"], call.query["end_date"])


def _scope(call: ApiRequest, snapshot: Snapshot) -> QuestionScope:
    """Tell whose usage is asked for; a user is looked for in every organization the key sees."""
    named, user = call.query["organization_id"], call.query["user_id"]
    if named is None and user is None:
        sentence = "organization_id or user_id is required"
        raise InvalidRequest.of([Problem("organization_id", "missing_parameter", sentence)])
    bound = call.key.scope
    if bound.user_id is not None and user not in (None, bound.user_id):
        raise NotFound("User not found")
    if named is not None or bound.organization_id is not None:
        return scope_of(call, snapshot)
    found = directory.organizations_with_user(snapshot, call.tenant, user)
    if not found:
        raise NotFound("User not found")
    if len(found) > 1:
        sentence = "organization_id is required: several organizations have a user of this id"
        raise InvalidRequest.of([Problem("organization_id", "ambiguous_user", sentence)])
    return QuestionScope(call.tenant, found[0], user)


def _user(snapshot: Snapshot, scope: QuestionScope) -> User | None:
    if scope.user_id is None or scope.number is None:
        return None
    user = directory.find_user(snapshot, scope.number, scope.user_id)
    if user is None:
        raise NotFound("User not found")
    return user


_FORMS = "an RFC 3339 time such as 2024-01-15T10:30:00Z, or YYYY-MM-DD in the organization's zone"

GET_USAGE = Endpoint(
    method="GET",
    path="/v1/analytics/usage",
    name="getUsage",
    summary="Segments and seconds of an organization or a user",
    description=(
        "What an organization or a user has used, of all time or between two instants: segments of "
        "messages, seconds of calls, and those of knowledge bases apart. One of `organization_id` "
        "and `user_id` is required; when several organizations have a user of the id, both are. "
        "A key bound to one user gets that user's usage."
    ),
    permission=Permission.READ_ANALYTICS,
    parameters=(
        Parameter("organization_id", "The organization to answer for.", example="org_abc123"),
        Parameter("user_id", "The user to answer for, instead of a whole organization."),
        Parameter(
            "start_date",
            f"From when on: {_FORMS}. Default: from the first event on.",
            ParameterKind.MOMENT,
            example="2024-01-01T00:00:00Z",
        ),
        Parameter(
            "end_date",
            f"Until when: {_FORMS}. An instant is not in it, a day is, as a whole. Default: up to "
            "the last event.",
            ParameterKind.MOMENT,
            example="2024-02-01T00:00:00Z",
        ),
        replace(PERIOD, description=f"{PERIOD.description.partition(' `last_30')[0]}"),
        META,
        FORMAT,
        MIN_AS_OF,
    ),
    answers={
        200: Body(
            USAGE_REPORT,
            USAGE_ANSWER,
            links=leads("getUserAnalytics", organization_id="/usage/organization_id"),
        )
    },
    read=get_usage,
    errors=(
        InvalidRequest,
        NotFound,
        EventArchived,
        NotYet,
        FormatNotInstalled,
    ),
    tagged=True,
)
