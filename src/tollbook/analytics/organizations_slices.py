"""The organizations answer by meter and country, with usage in groups."""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

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
    currency_place,
    organizations_cover_sql,
    organizations_report,
    organizations_sql,
)
from tollbook.analytics.period_cover import period_parameters
from tollbook.analytics.resources import bits, knowledge_bases_by_organization
from tollbook.analytics.scope import QuestionScope, organizations_of
from tollbook.analytics.slices import (
    BY_COUNTRY,
    GROUP_AMOUNTS,
    MATCHING,
    Groups,
    Slice,
    chosen,
    grouped,
    groups_of,
    meter_bits,
    shape_of,
)
from tollbook.analytics.tables import ColumnKind
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow, tenant_currency
from tollbook.store.engine import Row

ORGANIZATIONS_SHAPE = shape_of(ORGANIZATION_ROW)


def sliced_organizations(
    snapshot: Snapshot, scope: QuestionScope, period: Period, wanted: Slice
) -> list[Row]:
    """Read the rows wanted: those of `ORGANIZATION_ROW`, with the count of events and the status.

    How many users an organization has is not changed by what usage counts.
    """
    listed = organizations_of(snapshot, scope)
    sql = sliced_organizations_sql(in_country=wanted.country is not None)
    read = {
        row[0]: row[1:]
        for row in snapshot.sums(sql, _bound(listed, period, wanted), COLUMNS + 1, AMOUNTS)
    }
    rows = [(it.id, it.name, *read[it.number], it.status) for it in listed]
    found = chosen(rows, ORGANIZATIONS_SHAPE, wanted)
    if ORGANIZATIONS_SHAPE.field(wanted.sort).kind is ColumnKind.AMOUNT:
        currencies = {it.id: it.currency for it in listed}
        first = tenant_currency(snapshot, scope.tenant)
        found.sort(key=lambda row: currency_place(currencies[row[0]], first))
    return found


def organization_groups(
    snapshot: Snapshot, scope: QuestionScope, period: Period, wanted: Slice
) -> Groups:
    """Read what `group_by` asks for, by organization."""
    listed = organizations_of(snapshot, scope)
    if wanted.group_by == BY_COUNTRY:
        sql = organization_countries_sql()
    else:
        sql = organization_meters_sql(in_country=wanted.country is not None)
    names = {it.number: it.id for it in listed}
    read = snapshot.sums(sql, _bound(listed, period, wanted), 5, GROUP_AMOUNTS)
    if wanted.group_by == BY_COUNTRY and wanted.country is not None:
        read = [row for row in read if row[1] == wanted.country]
    return grouped((names[row[0]], *row[1:]) for row in read)


def sliced_report(
    scope: QuestionScope, period: Period, rows: Sequence[Row], groups: Groups, group_by: str | None
) -> Any:
    """Write sliced rows as they are answered, each with its groups when they are asked for."""
    report: Any = organizations_report(scope, period, rows)
    if group_by is None:
        return report
    replace = msgspec.structs.replace
    with_groups = [
        replace(it, groups=groups_of(groups.get(it.organization_id, ()), group_by))
        for it in report.organizations
    ]
    return replace(report, organizations=with_groups)


def _bound(listed: list[OrganizationRow], period: Period, wanted: Slice) -> dict[str, Any]:
    """Give the arguments; a statement takes those it names."""
    numbers = {"numbers": [it.number for it in listed], "meters": meter_bits(wanted.meters)}
    country = {} if wanted.country is None else {"country": wanted.country}
    return {**numbers, **period_parameters(period), **bits(period), **country}


@cache
def sliced_organizations_sql(*, in_country: bool) -> str:
    """Write the statement of organizations for slices."""
    if in_country:
        bases = country_knowledge_bases_sql("organization_id", WITHIN, MATCHING)
    else:
        bases = knowledge_bases_by_organization(MATCHING)
    return organizations_sql(_cover_sql(in_country=in_country), bases, sliced=True)


@cache
def organization_meters_sql(*, in_country: bool) -> str:
    """Write the statement for groups by meter."""
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
    """Write the statement for groups by country."""
    return countries_by_sql("organization_id", WITHIN, MATCHING)


def _cover_sql(*, in_country: bool) -> str:
    """Write the sums to add up: months and edges, or days where a country is asked for."""
    if in_country:
        return country_cover_sql("organization_id, meter", WITHIN, MATCHING)
    return organizations_cover_sql(MATCHING)
