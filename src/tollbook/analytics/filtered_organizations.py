"""Usage and cost by organization, filtered by meter and country, with groups."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from tollbook.analytics.filters import (
    MATCH_METERS,
    Filters,
    Sort,
    filter_rows,
    meter_bits,
    sort_rows,
)
from tollbook.analytics.groups import (
    BY_COUNTRY,
    GROUP_AMOUNTS,
    GROUP_COLUMNS,
    Groups,
    arrange_groups,
    write_groups,
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
)
from tollbook.analytics.scope import QuestionScope, count_subjects, organizations_of, summed_scope
from tollbook.analytics.tables import (
    ColumnKind,
    Table,
    period_columns,
    text_columns,
)
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import Row


def _count(snapshot: Snapshot, scope: QuestionScope) -> int:
    return 1 if scope.organization else count_subjects(snapshot, scope)


def read_organizations(snapshot: Snapshot, question: RowsQuestion) -> ResultSet:
    """Read the rows of organizations, with the sums of those in one currency."""
    scope, period, filters, group_by = *question[:3], question.group_by
    if question.is_plain:
        rows = organization_rows(snapshot, scope, period)
    else:
        rows = read_filtered_organizations(snapshot, scope, period, filters, question.sort)
    groups: Groups = {}
    if group_by is not None:
        groups = read_organization_groups(snapshot, scope, period, filters, group_by)
    if not question.with_extras:
        return ResultSet(rows, groups)
    summed = summed_scope(snapshot, scope)
    ids = currencies_of(snapshot, summed)
    return ResultSet(
        rows,
        groups,
        total=ORGANIZATION_ROW.total([row for row in rows if row[0] in ids]),
        currencies=currencies_of(snapshot, scope),
        summed_currency=None if summed == scope else summed.currency,
    )


def _report_organizations(question: RowsQuestion, result: ResultSet, rows: list[Row]) -> Any:
    return grouped_organizations_report(
        question.scope, question.period, rows, result.groups, question.group_by
    )


def _totals_of_organizations(result: ResultSet) -> dict[str, Any]:
    assert result.total  # noqa: S101  the sums were read
    return {"totals": write_organization_totals(result.total, result.summed_currency)}


def organizations_table(
    question: RowsQuestion, result: ResultSet, selection: ReportedRows
) -> Table:
    """Return organizations, or their groups, as a table that names the currency of each row."""
    constants = (*text_columns(tenant_id=question.scope.tenant), *period_columns(question.period))
    table = rows_table(ORGANIZATION_ROW, question, result, selection)
    of_totals = result.summed_currency or next(iter(result.currencies.values()), "")
    return add_currency_column(table, result.currencies, of_totals)._replace(constants=constants)


def read_filtered_organizations(
    snapshot: Snapshot, scope: QuestionScope, period: Period, filters: Filters, sort: Sort
) -> list[Row]:
    """Read the rows that pass the filters: `ORGANIZATION_ROW`, the count of events, and the status.

    The count of an organization's users is that of all users, whatever the filters.
    """
    organizations = organizations_of(snapshot, scope)
    sql = filtered_organizations_sql(in_country=filters.country is not None)
    bound = _parameters(organizations, period, filters)
    sums = {row[0]: row[1:] for row in snapshot.sums(sql, bound, COLUMNS + 1, AMOUNTS)}
    read = [(it.id, it.name, *sums[it.number], it.status) for it in organizations]
    rows = filter_rows(read, ORGANIZATION_ROW, filters)
    sort_rows(rows, ORGANIZATION_ROW, sort)
    if ORGANIZATION_ROW.kinds[sort.field] is ColumnKind.AMOUNT:
        sort_by_currency(rows, organizations, snapshot, scope)
    return rows


def read_organization_groups(
    snapshot: Snapshot, scope: QuestionScope, period: Period, filters: Filters, group_by: str
) -> Groups:
    """Read the groups of each organization."""
    organizations = organizations_of(snapshot, scope)
    if group_by == BY_COUNTRY:
        sql = organization_countries_sql()
    else:
        sql = organization_meters_sql(in_country=filters.country is not None)
    ids = {it.number: it.id for it in organizations}
    bound = _parameters(organizations, period, filters)
    rows = snapshot.sums(sql, bound, GROUP_COLUMNS, GROUP_AMOUNTS)
    if group_by == BY_COUNTRY and filters.country is not None:
        rows = [row for row in rows if row[1] == filters.country]
    return arrange_groups((ids[row[0]], *row[1:]) for row in rows)


def grouped_organizations_report(
    scope: QuestionScope, period: Period, rows: Sequence[Row], groups: Groups, group_by: str | None
) -> Any:
    """Return the answer with filtered rows, each with its groups if there are any."""
    report: Any = organizations_report(scope, period, rows)
    if group_by is None:
        return report
    replace = msgspec.structs.replace
    with_groups = [
        replace(it, groups=write_groups(groups.get(it.organization_id, ()), group_by))
        for it in report.organizations
    ]
    return replace(report, organizations=with_groups)


def _parameters(
    organizations: list[OrganizationRow], period: Period, filters: Filters
) -> dict[str, Any]:
    """Return the parameters; a statement uses those that it names."""
    return {
        "numbers": [it.number for it in organizations],
        "meters": meter_bits(filters.meters),
        **period_parameters(period),
        **resource_parameters(period),
        **({} if filters.country is None else {"country": filters.country}),
    }


@cache
def filtered_organizations_sql(*, in_country: bool) -> str:
    """Return the statement of organizations that also reads the count of events."""
    if in_country:
        bases = country_knowledge_bases_sql("organization_id", WITHIN, MATCH_METERS)
    else:
        bases = knowledge_bases_by_organization(MATCH_METERS)
    return organizations_sql(_cover_sql(in_country=in_country), bases, with_events=True)


@cache
def organization_meters_sql(*, in_country: bool) -> str:
    """Return the statement for groups by meter."""
    return f"""
SELECT
    organization_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
{_cover_sql(in_country=in_country)}
) AS period_cover
GROUP BY organization_id, meter
"""


@cache
def organization_countries_sql() -> str:
    """Return the statement for groups by country."""
    return countries_by_sql("organization_id", WITHIN, MATCH_METERS)


def _cover_sql(*, in_country: bool) -> str:
    """Return the SQL of the sums to add up: months and edges, or days if a country is given."""
    if in_country:
        return country_cover_sql("organization_id, meter", WITHIN, MATCH_METERS)
    return organizations_cover_sql(MATCH_METERS)


BY_ORGANIZATION = RowsKind(
    _count, read_organizations, _report_organizations, _totals_of_organizations, organizations_table
)
