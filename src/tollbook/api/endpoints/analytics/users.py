"""GET /v1/analytics/users: usage and cost by user, the main job."""

from typing import Annotated, Any

from starlette.responses import Response

from tollbook.analytics.filtered_users import (
    read_filtered_users,
    read_organization_level,
    read_user_groups,
    read_user_total,
    write_grouped_users,
    write_user_totals,
)
from tollbook.analytics.groups import Groups
from tollbook.analytics.users import USER_ROW, read_rows, write_users, write_users_report
from tollbook.api.endpoints.analytics import answers
from tollbook.api.endpoints.analytics.pages import open_page
from tollbook.api.endpoints.analytics.periods import resolve_period
from tollbook.api.endpoints.analytics.queries import OrganizationId, RowsQuery, UserId
from tollbook.api.endpoints.analytics.questions import Question, open_question
from tollbook.api.endpoints.analytics.rows import (
    ResultSet,
    cut_page,
    filters_of,
    find_rows,
    is_paged,
    is_sliced,
    keep_rows,
    rows_table,
    sort_of,
)
from tollbook.api.endpoints.analytics.scope import resolve_scope
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples import USERS_ANSWER
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.parameter_types import about, one_of
from tollbook.api.openapi.schemas import USERS_REPORT
from tollbook.api.pipeline.cache import Answer
from tollbook.domain.errors import CursorExpired
from tollbook.domain.keys import Permission
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import Row


class UsersQuery(RowsQuery, frozen=True, kw_only=True):
    """The query of the users answer."""

    organization_id: Annotated[OrganizationId, about("The organization to answer for.")]
    user_id: Annotated[UserId | None, about("Only this user.")] = None
    sort: Annotated[
        str | None,
        one_of(column.name for column in USER_ROW.columns),
        about("The field to order by. Default: `total_cost`.", "total_cost"),
    ] = None


def get_users(request: ApiRequest[UsersQuery], snapshot: Snapshot) -> Response:
    """Return the usage of every user of an organization, or of the one that the key sees."""
    query, clock = request.query, request.services.clock()
    scope = resolve_scope(request, snapshot, query.organization_id, query.user_id)
    period = resolve_period(query.start_date, query.end_date, query.period, scope, clock).period
    question = open_question(request, snapshot, scope, clock, period)
    if is_paged(query):
        return _respond_with_page(question, query, period)
    found = answers.find(question)
    if found.is_missing:
        is_whole = not is_sliced(query) and "totals" not in query.include
        answer = _read_all(question) if is_whole else _read_some(question, query)
        found = answers.keep(question, found, answer)
    return answers.respond(question, found)


def _read_all(question: Question) -> Answer:
    organization, period = _subject(question)
    rows = read_rows(question.snapshot, organization.number, period, question.scope.user_id)
    if question.is_table:
        return answers.write_table(question, USER_ROW.table(rows))
    return answers.write_report(
        question,
        write_users_report(organization.id, organization.name, period, write_users(rows)),
    )


def _read_some(question: Question, query: UsersQuery) -> Answer:
    result = _read_rows(question, query)
    if question.is_table:
        return answers.write_table(question, rows_table(query, USER_ROW, result.rows, result))
    extras = result.totals if "totals" in query.include else {}
    return answers.write_report(
        question, _report(question, query, result.rows, result.groups), extras
    )


def _respond_with_page(question: Question, query: UsersQuery, period: Period) -> Response:
    """Return a page. It is not kept: the rows that it is cut from are."""
    page = open_page(question, query, period)
    question = page.question
    found = answers.find(question)
    if found.is_missing:
        state = find_rows(page) or keep_rows(page, _read_rows(question, query))
        cut, result = cut_page(page, state, query), state.result
        if question.is_table:
            table = rows_table(query, USER_ROW, cut.rows, result)
            answer = answers.write_table(question, table, cut.headers, state.quarantined)
        else:
            then = question._replace(scope=state.scope)
            report = _report(then, query, cut.rows, result.groups)
            answer = answers.write_report(
                question, report, cut.extras, cut.headers, state.quarantined
            )
        found = found._replace(answer=answer)
    return answers.respond(question, found)


def _read_rows(question: Question, query: UsersQuery) -> ResultSet:
    """Read the rows that are asked for, with what is organization-level if of all users."""
    organization, period = _subject(question)
    filters, user_id = filters_of(query), question.scope.user_id
    of = question.snapshot, organization.number, period, filters
    rows = read_filtered_users(*of, user_id=user_id, sort=sort_of(query))
    groups: Groups = {}
    if query.group_by is not None:
        groups = read_user_groups(*of, user_id=user_id, group_by=query.group_by)
    of_all = {} if user_id else {"organization_level": read_organization_level(*of)}
    total = read_user_total(*of, rows)
    return ResultSet(rows, groups, total, {"totals": write_user_totals(total), **of_all})


def _report(question: Question, query: UsersQuery, rows: list[Row], groups: Groups) -> Any:
    organization, period = _subject(question)
    users = write_grouped_users(rows, groups, query.group_by)
    return write_users_report(organization.id, organization.name, period, users)


def _subject(question: Question) -> tuple[OrganizationRow, Period]:
    organization, period = question.scope.organization, question.period
    assert organization and period  # noqa: S101, PT018  the first is a required parameter
    return organization, period


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
        "usage that is not attributed to a user."
    ),
    permission=Permission.READ_ANALYTICS,
    answers=Body(
        USERS_REPORT,
        USERS_ANSWER,
        links=leads(
            "listEvents",
            organization_id="/organization_id",
            user_id="/users/0/user_id",
            **SAME_PERIOD,
        )
        | leads("getForecast", organization_id="/organization_id", user_id="/users/0/user_id"),
    ),
    read=get_users,
    errors=(CursorExpired,),
)
