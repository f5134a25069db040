"""Usage and cost by organization: the question behind GET /v1/analytics/organizations."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from tollbook.analytics.figures import AnswerKind
from tollbook.analytics.groups import Group
from tollbook.analytics.period_cover import period_cover_sql, period_parameters
from tollbook.analytics.resources import knowledge_bases_by_organization, resource_parameters
from tollbook.analytics.row_details import DETAIL_FIELDS
from tollbook.analytics.rows import RowLayout, define
from tollbook.analytics.scope import QuestionScope, organizations_of
from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow, tenant_currency
from tollbook.store.engine import Row

ORGANIZATION_ROW = RowLayout(AnswerKind.ORGANIZATION, "organization_id", "organization_name")
_CURRENCY = ("currency", str | msgspec.UnsetType, msgspec.UNSET)

Totals = define(
    "Totals",
    "The sums of the rows, with `currency` when organizations have several currencies.",
    [*ORGANIZATION_ROW.fields(), _CURRENCY, *DETAIL_FIELDS],
)
OrganizationUsage = define(
    "OrganizationUsage",
    "One organization's usage and cost, including its users'; `groups` are present if requested.",
    [
        ("organization_id", str),
        ("organization_name", str),
        *ORGANIZATION_ROW.fields(),
        _CURRENCY,
        ("groups", list[Group] | msgspec.UnsetType, msgspec.UNSET),
        *DETAIL_FIELDS,
    ],
)
OrganizationsReport = define(
    "OrganizationsReport",
    "The answer, in the documented field order.",
    [
        ("success", bool),
        ("tenant_id", str),
        ("period", dict[str, str]),
        ("organizations", list[OrganizationUsage]),  # type: ignore[valid-type]
    ],
)


def organization_rows(
    snapshot: Snapshot, scope: QuestionScope, period: Period, *, own: bool = False
) -> list[Row]:
    """Read the sums of every organization in scope, the highest cost first.

    `own` is whether the tenant has meters of its own.
    """
    organizations = organizations_of(snapshot, scope)
    bound = {
        "numbers": [it.number for it in organizations],
        **period_parameters(period),
        **resource_parameters(period),
    }
    sql = OWN_ORGANIZATIONS if own else ORGANIZATIONS
    sums = {row[0]: row[1:] for row in snapshot.sums(sql, bound, COLUMNS, AMOUNTS)}
    rows = [(it.id, it.name, *sums[it.number]) for it in organizations]
    rows.sort(key=itemgetter(ORGANIZATION_ROW.place["organization_id"]))
    rows.sort(key=itemgetter(ORGANIZATION_ROW.place["total_cost"]), reverse=True)
    sort_by_currency(rows, organizations, snapshot, scope)
    return rows


def sort_by_currency(
    rows: list[Row], organizations: list[OrganizationRow], snapshot: Snapshot, scope: QuestionScope
) -> None:
    """Sort rows in place: those in the tenant's currency first, then by currency code."""
    currencies = {it.id: it.currency for it in organizations}
    first = tenant_currency(snapshot, scope.tenant)
    rows.sort(key=lambda row: (currencies[row[0]] != first, currencies[row[0]]))


def currencies_of(snapshot: Snapshot, scope: QuestionScope) -> dict[str, str]:
    """Return the currency of each organization in scope, by the organization's id."""
    return {it.id: it.currency for it in organizations_of(snapshot, scope)}


def organizations_report(
    scope: QuestionScope, period: Period, rows: Sequence[Row]
) -> msgspec.Struct:
    """Return the answer with these rows."""
    usage = list(map(OrganizationUsage, *ORGANIZATION_ROW.cells(rows)))
    return OrganizationsReport(True, scope.tenant, period.to_json(), usage)


def write_organization_totals(total: Row, currency: str | None) -> msgspec.Struct:
    """Return the sums of rows as they are answered, with `currency` if others are left out."""
    _, _, *cells = ORGANIZATION_ROW.cells([total])
    (figures,) = zip(*cells, strict=True)
    return Totals(*figures, currency or msgspec.UNSET)


def add_currency_column(table: Table, currencies: Mapping[str, str], currency: str) -> Table:
    """Return a table of organizations with a last column for the currency.

    The first column must hold the id. `currency` is that of the totals.
    """
    columns = (*table.columns, Column("currency", ColumnKind.TEXT))
    rows = ((*row, currencies[row[0]]) for row in table.rows)
    totals = table.totals and (*table.totals, currency)
    return table._replace(columns=columns, rows=rows, totals=totals)


def name_currencies(report: Any, currencies: Mapping[str, str]) -> Any:
    """Return a report with the currency of each row."""
    replace = msgspec.structs.replace
    rows = [replace(it, currency=currencies[it.organization_id]) for it in report.organizations]
    return replace(report, organizations=rows)


WITHIN = "organization_id IN :numbers"
COLUMNS = ORGANIZATION_ROW.width - 1
"""The statement returns the number of the organization instead of its id and name."""
AMOUNTS = frozenset(place - 1 for place in ORGANIZATION_ROW.amounts)
"""The places of quantities and costs."""


def organizations_sql(cover: str, bases: str, *, with_events: bool, own: bool = False) -> str:
    """Return the statement: each organization with the sums of a period's cover and its counts.

    `with_events` adds a column at the end: the count of events. With `own`, costs include those of
    the tenant's own meters.
    """
    own_or_built_in = ORGANIZATION_ROW.own_sums if own else ORGANIZATION_ROW.sums
    events, count = (
        (",\n    COALESCE(usage.events, 0)", ",\n        CAST(SUM(count) AS BIGINT) AS events")
        if with_events
        else ("", "")
    )
    sums = ",\n        ".join(
        f"CAST({sql} AS BIGINT) AS {name}" for name, sql in own_or_built_in.items()
    )
    sums_or_zeros = ",\n    ".join(f"COALESCE(usage.{name}, 0)" for name in ORGANIZATION_ROW.sums)
    return f"""
SELECT
    organizations.organization_id,
    COALESCE(people.users, 0),
    {sums_or_zeros},
    COALESCE(bases.knowledge_bases, 0),
    COALESCE(usage.total_cost, 0){events}
FROM organizations
LEFT JOIN (
    SELECT organization_id, COUNT(*) AS users
    FROM users
    WHERE {WITHIN}
    GROUP BY organization_id
) AS people ON people.organization_id = organizations.organization_id
LEFT JOIN (
    SELECT
        organization_id,
        {sums},
        CAST(SUM(cost) AS BIGINT) AS total_cost{count}
    FROM (
{cover}
    ) AS period_cover
    GROUP BY organization_id
) AS usage ON usage.organization_id = organizations.organization_id
LEFT JOIN (
{bases}
) AS bases ON bases.organization_id = organizations.organization_id
WHERE organizations.{WITHIN}
"""


def organizations_cover_sql(condition: str = "") -> str:
    """Return the SQL of the sums of organizations that cover a period."""
    return period_cover_sql("organization", "organization_id, meter", WITHIN, condition)


ORGANIZATIONS = organizations_sql(
    organizations_cover_sql(), knowledge_bases_by_organization(), with_events=False
)
OWN_ORGANIZATIONS = organizations_sql(
    organizations_cover_sql(), knowledge_bases_by_organization(), with_events=False, own=True
)
