"""GET /v1/analytics/usage: segments and seconds of an organization or a user."""

from typing import Annotated, cast

from starlette.responses import Response

from tollbook.analytics.partial_days import Between
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.usage import split_of, usage_report, usage_sums, usage_table
from tollbook.api.endpoints.analytics import answers
from tollbook.api.endpoints.analytics.periods import resolve_period
from tollbook.api.endpoints.analytics.queries import (
    MOMENT_FORMS,
    AnswerQuery,
    OrganizationId,
    ShortPeriodName,
)
from tollbook.api.endpoints.analytics.questions import open_question
from tollbook.api.endpoints.analytics.scope import find_user, resolve_scope
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_family import USAGE_ANSWER
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import Moment, Text, about
from tollbook.api.openapi.schemas import USAGE_REPORT
from tollbook.domain.errors import EventArchived, InvalidRequest, NotFound, Problem
from tollbook.domain.keys import Permission
from tollbook.store import directory
from tollbook.store.database import Snapshot


class UsageQuery(AnswerQuery, frozen=True, kw_only=True):
    """The query of the usage answer."""

    organization_id: Annotated[OrganizationId | None, about("The organization to answer for.")] = (
        None
    )
    user_id: Annotated[
        Text | None,
        about("The user to answer for, instead of a whole organization."),
    ] = None
    start_date: Annotated[
        Moment | None,
        about(
            f"From when on: {MOMENT_FORMS}. Default: from the first event on.",
            "2024-01-01T00:00:00Z",
        ),
    ] = None
    end_date: Annotated[
        Moment | None,
        about(
            f"Until when: {MOMENT_FORMS}. An instant is not in it, a day is, as a whole. "
            "Default: up to the last event.",
            "2024-02-01T00:00:00Z",
        ),
    ] = None
    period: ShortPeriodName = None


def get_usage(request: ApiRequest[UsageQuery], snapshot: Snapshot) -> Response:
    """Return the usage of one organization or of one user."""
    query, clock = request.query, request.services.clock()
    scope = _resolve_scope(request, snapshot)
    user = find_user(snapshot, scope)
    between = _resolve_bounds(query, scope, clock)
    days = split_of(scope, between)
    period = None if between == Between() else days.touched
    question = open_question(request, snapshot, scope, clock, period)
    found = answers.find(question)
    if found.is_missing:
        sums = usage_sums(snapshot, scope, days)
        if question.is_table:
            answer = answers.write_table(question, usage_table(scope, user, between, sums))
        else:
            answer = answers.write_report(question, usage_report(scope, user, between, sums))
        found = answers.keep(question, found, answer)
    return answers.respond(question, found)


def _resolve_scope(request: ApiRequest[UsageQuery], snapshot: Snapshot) -> QuestionScope:
    """Return whose usage is asked for; a user is looked for in every organization the key sees."""
    named, user = request.query.organization_id, request.query.user_id
    if named is None and user is None:
        sentence = "organization_id or user_id is required"
        raise InvalidRequest.of([Problem("organization_id", "missing_parameter", sentence)])
    if named is not None or user is None or request.key.scope.organization_id is not None:
        return resolve_scope(request, snapshot, named, user)
    found = directory.organizations_with_user(snapshot, request.tenant, user)
    if not found:
        raise NotFound("User not found")
    if len(found) > 1:
        sentence = "organization_id is required: several organizations have a user of this id"
        raise InvalidRequest.of([Problem("organization_id", "ambiguous_user", sentence)])
    return QuestionScope(request.tenant, found[0], user)


def _resolve_bounds(query: UsageQuery, scope: QuestionScope, clock: int) -> Between:
    """Return the bounds that are asked for, by name or as they are given."""
    if query.period is None:
        return Between(query.start_date, query.end_date)
    given = cast("tuple[None, None]", (query.start_date, query.end_date))  # else it is refused
    days = resolve_period(*given, query.period, scope, clock).period
    return Between(days.start, days.end)


GET_USAGE = Endpoint(
    route="GET /v1/analytics/usage",
    name="getUsage",
    summary="Segments and seconds of an organization or a user",
    description=(
        "The usage of an organization or a user, of all time or between two instants: "
        "segments of messages and seconds of calls, with those of knowledge bases "
        "reported separately. One of `organization_id` and `user_id` is required; both "
        "are when several organizations have a user with the id. A key bound to one "
        "user gets that user's usage."
    ),
    permission=Permission.READ_ANALYTICS,
    answers=Body(
        USAGE_REPORT,
        USAGE_ANSWER,
        links=leads("getUserAnalytics", organization_id="/usage/organization_id"),
    ),
    read=get_usage,
    errors=(EventArchived,),
)
