"""Usage and cost by organization, filtered by meter and country, with groups."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec.structs import replace

from tollbook.analytics.filters import (
    MATCH_METERS,
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
from tollbook.analytics.in_country import (
    countries_by_sql,
    country_cover_sql,
    country_knowledge_bases_sql,
)
from tollbook.analytics.organizations import (
    AMOUNTS,
    COLUMNS,
    ORGANIZATION_ROW,
    WITHIN,
    add_currency_column,
    currencies_of,
    organization_rows,
    organizations_cover_sql,
    organizations_report,
    organizations_sql,
    sort_by_currency,
    write_organization_totals,
)
from tollbook.analytics.period_cover import period_parameters
from tollbook.analytics.resources import knowledge_bases_by_organization, resource_parameters
from tollbook.analytics.result_set import (
    ReportedRows,
    ResultSet,
    RowsKind,
    RowsQuestion,
    rows_table,
    write_groups_of,
)
from tollbook.analytics.row_details import (
    DetailsQuestion,
    RowDetails,
    add_details,
    is_sorted_by_margin,
    read_details,
    sort_by_margin,
    with_total,
)
from tollbook.analytics.scope import QuestionScope, count_subjects, organizations_of, summed_scope
from tollbook.analytics.tables import (
    ColumnKind,
    Table,
    period_columns,
    text_columns,
)
from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import Row
from tollbook.store.meters import read_catalog


def _count(snapshot: Snapshot, scope: QuestionScope) -> int:
    return 1 if scope.organization else count_subjects(snapshot, scope)


def read_organizations(snapshot: Snapshot, question: RowsQuestion) -> ResultSet:
    """Read the rows of organizations, with the sums of those in one currency."""
    scope, period, filters, group_by = *question[:3], question.group_by
    catalog = read_catalog(snapshot, scope.tenant)
    details = _read_details(snapshot, question, catalog)
    if question.is_plain:
        rows = organization_rows(snapshot, scope, period, own=bool(catalog.own))
    else:
        rows = _read_sorted(snapshot, question, catalog, details)
    groups: Groups = {}
    if group_by is not None:
        groups = read_organization_groups(snapshot, scope, period, filters, group_by, catalog)
    if not question.with_extras:
        return ResultSet(rows, groups, catalog=catalog, details=details)
    summed = summed_scope(snapshot, scope)
    ids = currencies_of(snapshot, summed)
    of_total = [row for row in rows if row[0] in ids]
    return ResultSet(
        rows,
        groups,
        total=ORGANIZATION_ROW.total(of_total),
        currencies=currencies_of(snapshot, scope),
        summed_currency=None if summed == scope else summed.currency,
        catalog=catalog,
        details=with_total(details, (row[0] for row in of_total)),
    )


def _read_sorted(
    snapshot: Snapshot, question: RowsQuestion, catalog: Catalog, details: RowDetails | None
) -> list[Row]:
    """Read the rows that pass the filters, in their order."""
    scope, period, filters, sort = question[:4]
    if details is None or not is_sorted_by_margin(sort):
        return read_filtered_organizations(snapshot, scope, period, filters, sort, catalog)
    rows = read_filtered_organizations(snapshot, scope, period, filters, Sort(), catalog)
    sort_by_margin(rows, details, sort)
    if sort.field != "buy_known_share":
        sort_by_currency(rows, organizations_of(snapshot, scope), snapshot, scope)
    return rows


def _read_details(
    snapshot: Snapshot, question: RowsQuestion, catalog: Catalog
) -> RowDetails | None:
    if not any(question.wanted):
        return None
    ids = {it.number: it.id for it in organizations_of(snapshot, question.scope)}
    return read_details(
        snapshot,
        DetailsQuestion(
            key="organization_id",
            parameters={"numbers": list(ids), **period_parameters(question.period)},
            wanted=question.wanted,
            filters=question.filters,
            group_by=question.group_by,
            catalog=catalog,
            ids=ids,
        ),
    )


def _report_organizations(question: RowsQuestion, result: ResultSet, rows: list[Row]) -> Any:
    return grouped_organizations_report(
        question.scope, question.period, rows, result, question.group_by
    )


def _totals_of_organizations(result: ResultSet) -> dict[str, Any]:
    assert result.total  # noqa: S101  the sums were read
    totals = write_organization_totals(result.total, result.summed_currency)
    if result.details is not None:
        totals = replace(totals, **result.details.total_fields)
    return {"totals": totals}


def organizations_table(
    question: RowsQuestion, result: ResultSet, selection: ReportedRows
) -> Table:
    """Return organizations, or their groups, as a table that names the currency of each row."""
    constants = (*text_columns(tenant_id=question.scope.tenant), *period_columns(question.period))
    table = rows_table(ORGANIZATION_ROW, question, result, selection)
    of_totals = result.summed_currency or next(iter(result.currencies.values()), "")
    table = add_currency_column(table, result.currencies, of_totals)
    return add_details(table._replace(constants=constants), result.details, question.group_by)


def read_filtered_organizations(
    snapshot: Snapshot,
    scope: QuestionScope,
    period: Period,
    filters: Filters,
    sort: Sort,
    catalog: Catalog = BUILT_IN,
) -> list[Row]:
    """Read the rows that pass the filters: `ORGANIZATION_ROW`, the count of events, and the status.

    The count of an organization's users is that of all users, whatever the filters.
    """
    organizations = organizations_of(snapshot, scope)
    match, _ = match_meters(filters.meters, catalog)
    sql = filtered_organizations_sql(
        in_country=filters.country is not None, match=match, own=bool(catalog.own)
    )
    bound = _parameters(organizations, period, filters, catalog)
    sums = {row[0]: row[1:] for row in snapshot.sums(sql, bound, COLUMNS + 1, AMOUNTS)}
    read = [(it.id, it.name, *sums[it.number], it.status) for it in organizations]
    rows = filter_rows(read, ORGANIZATION_ROW, filters)
    sort_rows(rows, ORGANIZATION_ROW, sort)
    if ORGANIZATION_ROW.kinds[sort.field] is ColumnKind.AMOUNT:
        sort_by_currency(rows, organizations, snapshot, scope)
    return rows


def read_organization_groups(
    snapshot: Snapshot,
    scope: QuestionScope,
    period: Period,
    filters: Filters,
    group_by: str,
    catalog: Catalog = BUILT_IN,
) -> Groups:
    """Read the groups of each organization."""
    organizations = organizations_of(snapshot, scope)
    match, _ = match_meters(filters.meters, catalog)
    if group_by == BY_COUNTRY:
        sql = organization_countries_sql(match)
    else:
        sql = organization_meters_sql(in_country=filters.country is not None, match=match)
    ids = {it.number: it.id for it in organizations}
    bound = _parameters(organizations, period, filters, catalog)
    rows = snapshot.sums(sql, bound, GROUP_COLUMNS, GROUP_AMOUNTS)
    if group_by == BY_COUNTRY and filters.country is not None:
        rows = [row for row in rows if row[1] == filters.country]
    return arrange_groups((ids[row[0]], *row[1:]) for row in rows)


def grouped_organizations_report(
    scope: QuestionScope,
    period: Period,
    rows: Sequence[Row],
    result: ResultSet,
    group_by: str | None,
) -> Any:
    """Return the answer with filtered rows, each with its groups and details if there are any."""
    report: Any = organizations_report(scope, period, rows)
    details, written = result.details, report.organizations
    if group_by is not None:
        written = [
            replace(it, groups=write_groups_of(it.organization_id, result, group_by))
            for it in written
        ]
    if details is not None:
        written = [replace(it, **details.fields(it.organization_id)) for it in written]
    return replace(report, organizations=written)


def _parameters(
    organizations: list[OrganizationRow],
    period: Period,
    filters: Filters,
    catalog: Catalog = BUILT_IN,
) -> dict[str, Any]:
    """Return the parameters; a statement uses those that it names."""
    return {
        "numbers": [it.number for it in organizations],
        **match_meters(filters.meters, catalog)[1],
        **period_parameters(period),
        **resource_parameters(period),
        **({} if filters.country is None else {"country": filters.country}),
    }


@cache
def filtered_organizations_sql(
    *, in_country: bool, match: str = MATCH_METERS, own: bool = False
) -> str:
    """Return the statement of organizations that also reads the count of events."""
    if in_country:
        bases = country_knowledge_bases_sql("organization_id", WITHIN, match)
    else:
        bases = knowledge_bases_by_organization(match)
    cover = _cover_sql(match, in_country=in_country)
    return organizations_sql(cover, bases, with_events=True, own=own)


@cache
def organization_meters_sql(*, in_country: bool, match: str = MATCH_METERS) -> str:
    """Return the statement for groups by meter."""
    return f"""
SELECT
    organization_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
{_cover_sql(match, in_country=in_country)}
) AS period_cover
GROUP BY organization_id, meter
"""


@cache
def organization_countries_sql(match: str = MATCH_METERS) -> str:
    """Return the statement for groups by country."""
    return countries_by_sql("organization_id", WITHIN, match)


def _cover_sql(match: str, *, in_country: bool) -> str:
    """Return the SQL of the sums to add up: months and edges, or days if a country is given."""
    if in_country:
        return country_cover_sql("organization_id, meter", WITHIN, match)
    return organizations_cover_sql(match)


BY_ORGANIZATION = RowsKind(
    _count, read_organizations, _report_organizations, _totals_of_organizations, organizations_table
)
