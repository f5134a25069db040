"""GET /v1/analytics/organizations: usage and cost by organization."""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from starlette.responses import Response

from tollbook.analytics.filtered_organizations import (
    grouped_organizations_report,
    read_filtered_organizations,
    read_organization_groups,
)
from tollbook.analytics.groups import Groups
from tollbook.analytics.organizations import (
    ORGANIZATION_ROW,
    add_currency_column,
    currencies_of,
    name_currencies,
    organization_rows,
    organizations_report,
    write_organization_totals,
)
from tollbook.analytics.scope import require_one_currency, summed_scope
from tollbook.analytics.tables import Table
from tollbook.api.endpoints.analytics import answers
from tollbook.api.endpoints.analytics.answer_headers import currency_headers
from tollbook.api.endpoints.analytics.pages import open_page
from tollbook.api.endpoints.analytics.periods import resolve_period
from tollbook.api.endpoints.analytics.queries import TOTALS_OR_META, Currency, RowsQuery
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
from tollbook.api.endpoints.analytics.scope import refuse_user_key, resolve_scope
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_family import ORGANIZATIONS_ANSWER
from tollbook.api.openapi.links import SAME_PERIOD, leads
from tollbook.api.openapi.parameter_types import about, one_of, some_of
from tollbook.api.openapi.schemas import ORGANIZATIONS_REPORT
from tollbook.api.pipeline.cache import Answer
from tollbook.domain.errors import CurrencyRequired, CursorExpired
from tollbook.domain.keys import Permission
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row


class OrganizationsQuery(RowsQuery, frozen=True, kw_only=True):
    """The query of the organizations answer."""

    sort: Annotated[
        str | None,
        one_of(column.name for column in ORGANIZATION_ROW.columns),
        about("The field to order by. Default: `total_cost`.", "total_cost"),
    ] = None
    currency: Annotated[
        Currency | None,
        about(
            "Only organizations of this currency. Required with `min_cost` when the "
            "tenant's organizations have several."
        ),
    ] = None
    include: Annotated[
        tuple[str, ...],
        some_of(("totals", "meta", "currency")),
        about(
            f"{TOTALS_OR_META} `currency` adds the currency of each organization. When "
            "organizations have several currencies, `totals` are of those in the tenant's, which "
            "they name as `currency`; `X-Other-Currencies` names others with costs in the period."
        ),
    ] = ()


def get_organizations(request: ApiRequest[OrganizationsQuery], snapshot: Snapshot) -> Response:
    """Return the usage of every organization that the key sees."""
    refuse_user_key(request.key)
    query, clock = request.query, request.services.clock()
    scope = resolve_scope(request, snapshot, currency=query.currency)
    if query.min_cost is not None:
        require_one_currency(snapshot, scope, "min_cost")
    period = resolve_period(query.start_date, query.end_date, query.period, scope, clock).period
    question = open_question(request, snapshot, scope, clock, period)
    if is_paged(query):
        return _respond_with_page(question, query, period)
    found = answers.find(question)
    if found.is_missing:
        read = _read_some if is_sliced(query) else _read_all
        found = answers.keep(question, found, read(question, query))
    return answers.respond(question, found)


def _read_all(question: Question, query: OrganizationsQuery) -> Answer:
    scope, period = question.scope, _days(question)
    rows = organization_rows(question.snapshot, scope, period)
    if "totals" not in query.include:
        if question.is_table:
            return answers.write_table(
                question, _with_currency(question, ORGANIZATION_ROW.table(rows))
            )
        report = organizations_report(scope, period, rows)
        return answers.write_report(question, _named(question, query, report))
    summed = _summed(question)
    total = _total_of(rows, summed)
    if question.is_table:
        table = ORGANIZATION_ROW.table(rows, total)
        return answers.write_table(question, _with_currency(question, table), summed.headers)
    report = _named(question, query, organizations_report(scope, period, rows))
    extras = {"totals": write_organization_totals(total, summed.named)}
    return answers.write_report(question, report, extras, summed.headers)


def _read_some(question: Question, query: OrganizationsQuery) -> Answer:
    result = _read_rows(question, query)
    with_totals = "totals" in query.include
    headers = result.headers if with_totals else {}
    if question.is_table:
        table = rows_table(query, ORGANIZATION_ROW, result.rows, result)
        return answers.write_table(question, _with_currency(question, table), headers)
    report = _report(question, query, result.rows, result.groups)
    return answers.write_report(question, report, result.totals if with_totals else {}, headers)


def _respond_with_page(question: Question, query: OrganizationsQuery, period: Period) -> Response:
    """Return a page. It is not kept: the rows that it is cut from are."""
    page = open_page(question, query, period)
    question = page.question
    found = answers.find(question)
    if found.is_missing:
        state = find_rows(page) or keep_rows(page, _read_rows(question, query))
        cut, result = cut_page(page, state, query), state.result
        if question.is_table:
            table = rows_table(query, ORGANIZATION_ROW, cut.rows, result)
            table = _with_currency(question, table)
            answer = answers.write_table(question, table, cut.headers, state.quarantined)
        else:
            then = question._replace(scope=state.scope)
            report = _report(then, query, cut.rows, result.groups)
            answer = answers.write_report(
                question, report, cut.extras, cut.headers, state.quarantined
            )
        found = found._replace(answer=answer)
    return answers.respond(question, found)


def _read_rows(question: Question, query: OrganizationsQuery) -> ResultSet:
    """Read the rows that are asked for, with the sums of those in one currency for later pages."""
    filters = filters_of(query)
    of = question.snapshot, question.scope, _days(question), filters
    rows = read_filtered_organizations(*of, sort_of(query))
    groups: Groups = {}
    if query.group_by is not None:
        groups = read_organization_groups(*of, query.group_by)
    summed = _summed(question)
    total = _total_of(rows, summed)
    totals: dict[str, Any] = {"totals": write_organization_totals(total, summed.named)}
    return ResultSet(rows, groups, total, totals, summed.headers)


def _report(question: Question, query: OrganizationsQuery, rows: list[Row], groups: Groups) -> Any:
    report = grouped_organizations_report(
        question.scope, _days(question), rows, groups, query.group_by
    )
    return _named(question, query, report)


def _named(question: Question, query: OrganizationsQuery, report: Any) -> Any:
    if "currency" not in query.include:
        return report
    return name_currencies(report, currencies_of(question.snapshot, question.scope))


def _with_currency(question: Question, table: Table) -> Table:
    currencies = currencies_of(question.snapshot, question.scope)
    scope = summed_scope(question.snapshot, question.scope)
    summed = currencies_of(question.snapshot, scope)
    return add_currency_column(table, currencies, next(iter(summed.values()), ""))


class _Summed(NamedTuple):
    """The organizations that totals are of, their currency if it must be named, and a header."""

    ids: set[str]
    named: str | None
    headers: Mapping[str, str]


def _summed(question: Question) -> _Summed:
    scope = summed_scope(question.snapshot, question.scope)
    ids = set(currencies_of(question.snapshot, scope))
    if scope == question.scope:
        return _Summed(ids, None, {})
    return _Summed(ids, scope.currency, currency_headers(question, scope))


def _total_of(rows: list[Row], summed: _Summed) -> Row:
    return ORGANIZATION_ROW.total([row for row in rows if row[0] in summed.ids])


def _days(question: Question) -> Period:
    assert question.period  # noqa: S101  the question has a period
    return question.period


GET_ORGANIZATIONS = Endpoint(
    route="GET /v1/analytics/organizations",
    name="getOrganizationAnalytics",
    summary="Usage and cost by organization",
    description=(
        "Usage and cost of every organization of the tenant in a period, both days "
        "inclusive, each in its own time zone and currency. `total_cost` includes the "
        "usage of its users and organization-level usage. Organizations without usage "
        "are listed with zeros. Organizations in the tenant's currency come first, then"
        " those with the highest total cost, then by id. A key bound to an organization"
        " sees that organization only."
    ),
    permission=Permission.READ_ANALYTICS,
    answers=Body(
        ORGANIZATIONS_REPORT,
        ORGANIZATIONS_ANSWER,
        links=leads(
            "getUserAnalytics",
            "getChanges",
            organization_id="/organizations/0/organization_id",
            **SAME_PERIOD,
        ),
    ),
    read=get_organizations,
    errors=(CurrencyRequired, CursorExpired),
)
