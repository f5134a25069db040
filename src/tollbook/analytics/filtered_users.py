"""Usage and cost by user, filtered by meter and country, with groups and organization-level usage.

The statements differ from those of `users.py` in their conditions, and by two more columns.
"""

from typing import Any

import msgspec
from msgspec.structs import replace

from tollbook.analytics.filtered_users_statements import (
    ORGANIZATION_LEVEL_ROW,
    countries_sql,
    filtered_users_sql,
    meters_sql,
    organization_level_sql,
    shared_knowledge_bases_sql,
)
from tollbook.analytics.filters import (
    Filters,
    Sort,
    filter_rows,
    match_meters,
    sort_rows,
)
from tollbook.analytics.groups import (
    BY_COUNTRY,
    GROUP_AMOUNTS,
    GROUP_COLUMNS,
    Groups,
    arrange_groups,
)
from tollbook.analytics.period_cover import user_parameters, with_unused_days
from tollbook.analytics.result_set import (
    ReportedRows,
    ResultSet,
    RowsKind,
    RowsQuestion,
    rows_table,
    write_groups_of,
)
from tollbook.analytics.row_details import (
    DETAIL_FIELDS,
    DetailsQuestion,
    RowDetails,
    add_details,
    is_sorted_by_margin,
    read_details,
    sort_by_margin,
    with_total,
)
from tollbook.analytics.rows import define
from tollbook.analytics.scope import QuestionScope, count_subjects
from tollbook.analytics.tables import (
    ORGANIZATION_LEVEL,
    Column,
    ColumnKind,
    Table,
    period_columns,
    text_columns,
)
from tollbook.analytics.users import (
    AMOUNTS,
    COLUMNS,
    COSTS,
    USER_ROW,
    CostBreakdown,
    parameters,
    read_rows,
    write_users,
    write_users_report,
)
from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import Row
from tollbook.store.meters import read_catalog

_NO_USER = ""

UserTotals = define(
    "UserTotals",
    "The sums of each figure over all rows; `kb_count` counts each knowledge base once.",
    [*USER_ROW.fields(CostBreakdown), *DETAIL_FIELDS],
)
OrganizationLevel = define(
    "OrganizationLevel",
    "Usage not attributed to a user. Added to the totals of all users, it equals the organization.",
    [("events", int), *ORGANIZATION_LEVEL_ROW.fields(), *DETAIL_FIELDS],
)
_LEVEL_COLUMNS = (Column("events", ColumnKind.COUNT), *ORGANIZATION_LEVEL_ROW.columns[1:-1])
"""The columns of organization-level usage that users do not have."""


def _count(snapshot: Snapshot, scope: QuestionScope) -> int:
    return 1 if scope.user_id is not None else count_subjects(snapshot, scope)


def read_users(snapshot: Snapshot, question: RowsQuestion) -> ResultSet:
    """Read the rows of users, with their sums and the organization level, if of all users."""
    organization, user_id = _organization(question), question.scope.user_id
    catalog = read_catalog(snapshot, question.scope.tenant)
    of = snapshot, organization.number, question.period, question.filters
    details = _read_details(snapshot, question, catalog)
    if question.is_plain:
        rows = read_rows(*of[:3], user_id, own=bool(catalog.own))
    else:
        by_margin = details is not None and is_sorted_by_margin(question.sort)
        sort = Sort() if by_margin else question.sort
        rows = read_filtered_users(*of, user_id=user_id, sort=sort, catalog=catalog)
        if details is not None and by_margin:
            sort_by_margin(rows, details, question.sort)
    groups: Groups = {}
    if question.group_by is not None:
        groups = read_user_groups(*of, user_id=user_id, group_by=question.group_by, catalog=catalog)
    if not question.with_extras:
        return ResultSet(rows, groups, catalog=catalog, details=details)
    level = None if user_id else read_organization_level(*of, catalog)
    return ResultSet(
        rows,
        groups,
        read_user_total(*of, rows, catalog),
        level,
        catalog=catalog,
        details=with_total(details, (row[0] for row in rows)),
    )


def _read_details(
    snapshot: Snapshot, question: RowsQuestion, catalog: Catalog
) -> RowDetails | None:
    user_id = question.scope.user_id
    bound = parameters(_organization(question).number, question.period)
    return read_details(
        snapshot,
        DetailsQuestion(
            key="user_id",
            parameters=bound | ({} if user_id is None else user_parameters(user_id, bound)),
            wanted=question.wanted,
            filters=question.filters,
            group_by=question.group_by,
            catalog=catalog,
            one_user=user_id is not None,
        ),
    )


def _organization(question: RowsQuestion) -> OrganizationRow:
    organization = question.scope.organization
    assert organization  # noqa: S101  a question about users is always of one organization
    return organization


def _report_users(question: RowsQuestion, result: ResultSet, rows: list[Row]) -> msgspec.Struct:
    organization = _organization(question)
    users = write_grouped_users(rows, result, question.group_by)
    return write_users_report(organization.id, organization.name, question.period, users)


def _totals_of_users(result: ResultSet) -> dict[str, Any]:
    assert result.total  # noqa: S101  the sums were read
    details = result.details
    totals: dict[str, Any] = {"totals": write_user_totals(result.total)}
    if details is not None:
        totals["totals"] = replace(totals["totals"], **details.total_fields)
    if result.organization_level is not None:
        level = write_organization_level(result.organization_level)
        totals["organization_level"] = (
            level if details is None else replace(level, **details.fields(_NO_USER))
        )
    return totals


def users_table(question: RowsQuestion, result: ResultSet, selection: ReportedRows) -> Table:
    """Return users, or their groups, as a table, with a row for organization-level usage.

    A table of all users has that row if there is such usage, so that its rows add up to the
    organization. A table of some users has it only with totals.
    """
    organization, level = _organization(question), result.organization_level
    is_whole = question.filters.lists_all and not selection.is_page
    if not (level and any(level) and (is_whole or selection.with_totals)):
        level = None
    table = rows_table(USER_ROW, question, result, selection)
    add_level = _add_level if question.group_by is None else _add_level_to_groups
    constants = (
        *text_columns(organization_id=organization.id, organization_name=organization.name),
        *period_columns(question.period),
        *text_columns(currency=organization.currency),
    )
    table = add_level(table, level)._replace(constants=constants)
    return add_details(table, result.details, question.group_by)


def _add_level(table: Table, level: Row | None) -> Table:
    """Return a table with the columns of the organization level before the total cost."""
    nothing = (None,) * len(_LEVEL_COLUMNS)

    def widened(row: Row) -> Row:
        return (*row[:-1], *nothing, row[-1])

    last = None
    if level is not None:
        (figures,) = ORGANIZATION_LEVEL_ROW.table([level]).rows
        last = ("", ORGANIZATION_LEVEL, *(None,) * (len(table.columns) - 3), *figures)
    return table._replace(
        columns=(*table.columns[:-1], *_LEVEL_COLUMNS, table.columns[-1]),
        rows=map(widened, table.rows),
        totals=table.totals and widened(table.totals),
        organization_level=last,
    )


def _add_level_to_groups(table: Table, level: Row | None) -> Table:
    """Return a table of groups with a row for the organization level, which has no groups."""
    if level is None:
        return table
    figures = {"user_name": ORGANIZATION_LEVEL, "events": level[0], "cost": level[-1]}
    last = ("", *(figures.get(column.name) for column in table.columns[1:]))
    return table._replace(organization_level=last)


def read_filtered_users(
    snapshot: Snapshot,
    number: int,
    period: Period,
    filters: Filters,
    *,
    user_id: str | None,
    sort: Sort,
    catalog: Catalog = BUILT_IN,
) -> list[Row]:
    """Read the rows that pass the filters: `USER_ROW`, the count of events, and the status.

    With `user_id`, only the row of that user is read.
    """
    match, _ = match_meters(filters.meters, catalog)
    sql = filtered_users_sql(
        one_user=user_id is not None,
        in_country=filters.country is not None,
        match=match,
        own=bool(catalog.own),
    )
    if user_id is None and filters.country is None:
        period = with_unused_days(snapshot, number, period)
    bound = _parameters(number, period, filters, user_id, catalog)
    read = snapshot.sums(sql, bound, COLUMNS + 2, AMOUNTS)
    rows = [(*row[:COLUMNS], sum(row[COSTS]), *row[COLUMNS:]) for row in read]
    rows = filter_rows(rows, USER_ROW, filters)
    sort_rows(rows, USER_ROW, sort)
    return rows


def read_user_groups(
    snapshot: Snapshot,
    number: int,
    period: Period,
    filters: Filters,
    *,
    user_id: str | None,
    group_by: str,
    catalog: Catalog = BUILT_IN,
) -> Groups:
    """Read the groups of each user."""
    one_user = user_id is not None
    match, _ = match_meters(filters.meters, catalog)
    if group_by == BY_COUNTRY:
        sql = countries_sql(one_user=one_user, match=match)
    else:
        sql = meters_sql(one_user=one_user, in_country=filters.country is not None, match=match)
    bound = _parameters(number, period, filters, user_id, catalog)
    rows = snapshot.sums(sql, bound, GROUP_COLUMNS, GROUP_AMOUNTS)
    if group_by == BY_COUNTRY and filters.country is not None:
        rows = [row for row in rows if row[1] == filters.country]
    return arrange_groups(rows)


def read_organization_level(
    snapshot: Snapshot,
    number: int,
    period: Period,
    filters: Filters,
    catalog: Catalog = BUILT_IN,
) -> Row:
    """Read the usage not attributed to a user, of the meters and the country in the filters.

    The row begins with the count of events, and ends with the total cost.
    """
    match, _ = match_meters(filters.meters, catalog)
    sql = organization_level_sql(in_country=filters.country is not None, match=match)
    bound = _parameters(number, period, filters, _NO_USER, catalog)
    layout = ORGANIZATION_LEVEL_ROW
    (row,) = snapshot.sums(sql, bound, layout.width, layout.amounts)
    return row


def write_organization_level(row: Row) -> msgspec.Struct:
    """Return organization-level usage as it is answered."""
    (usage,) = map(OrganizationLevel, *ORGANIZATION_LEVEL_ROW.cells([row]))
    return usage


def write_grouped_users(rows: list[Row], result: ResultSet, group_by: str | None) -> list[Any]:
    """Return rows as they are answered, each with its groups and details if there are any."""
    users, details = write_users(rows), result.details
    if group_by is not None:
        users = [
            replace(user, groups=write_groups_of(user.user_id, result, group_by)) for user in users
        ]
    if details is None:
        return users
    return [replace(user, **details.fields(user.user_id)) for user in users]


def read_user_total(
    snapshot: Snapshot,
    number: int,
    period: Period,
    filters: Filters,
    rows: list[Row],
    catalog: Catalog = BUILT_IN,
) -> Row:
    """Return the sums of rows; a knowledge base of several users counts once."""
    total, place = USER_ROW.total(rows), USER_ROW.place["kb_count"]
    users = [row[0] for row in rows if row[place]]
    if len(users) < 2:
        return total
    match, _ = match_meters(filters.meters, catalog)
    bound = _parameters(number, period, filters, None, catalog) | {"users": users}
    sql = shared_knowledge_bases_sql(in_country=filters.country is not None, match=match)
    ((count,),) = snapshot.table(sql, bound, 1)
    return (*total[:place], count, *total[place + 1 :])


def write_user_totals(total: Row) -> msgspec.Struct:
    """Return the sums of rows as they are answered."""
    _, _, *cells = USER_ROW.cells([total], CostBreakdown)
    (totals,) = map(UserTotals, *cells)
    return totals


def _parameters(
    number: int,
    period: Period,
    filters: Filters,
    user_id: str | None,
    catalog: Catalog = BUILT_IN,
) -> dict[str, Any]:
    """Return the parameters; a statement uses those that it names."""
    bound = parameters(number, period) | match_meters(filters.meters, catalog)[1]
    bound |= {} if user_id is None else user_parameters(user_id, bound)
    return bound | ({} if filters.country is None else {"country": filters.country})


BY_USER = RowsKind(_count, read_users, _report_users, _totals_of_users, users_table)
