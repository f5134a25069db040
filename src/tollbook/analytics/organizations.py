"""What each customer used and cost: the question behind GET /v1/analytics/organizations."""

from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

import msgspec

from tollbook.analytics.period_cover import SUMS, amounts, days, legs
from tollbook.analytics.resources import bits, knowledge_bases_by_organization
from tollbook.analytics.scope import QuestionScope, organizations_of
from tollbook.analytics.slices import Group
from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.domain.exact import MICROS, raw_amount, raw_quantity
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.directory import tenant_currency


class Figures(msgspec.Struct, frozen=True, gc=False):
    """The figures of a row. Amounts are exact JSON numbers."""

    users_count: int
    total_sms_sent: int
    total_sms_received: int
    total_mms_sent: int
    total_mms_received: int
    total_voice_calls: int
    total_voice_seconds: msgspec.Raw
    api_requests_count: int
    api_storage_cost: msgspec.Raw
    phone_rental_count: int
    phone_purchase_count: int
    brand_registration_count: int
    kb_count: int
    total_cost: msgspec.Raw


class Totals(Figures, frozen=True, gc=False):
    """The sums of the rows, with their currency when the rows have several."""

    currency: str | msgspec.UnsetType = msgspec.UNSET


class OrganizationUsage(msgspec.Struct, frozen=True, gc=False):
    """One organization's usage and cost, its users' and its own; `groups` when asked for."""

    organization_id: str
    organization_name: str
    users_count: int
    total_sms_sent: int
    total_sms_received: int
    total_mms_sent: int
    total_mms_received: int
    total_voice_calls: int
    total_voice_seconds: msgspec.Raw
    api_requests_count: int
    api_storage_cost: msgspec.Raw
    phone_rental_count: int
    phone_purchase_count: int
    brand_registration_count: int
    kb_count: int
    total_cost: msgspec.Raw
    currency: str | msgspec.UnsetType = msgspec.UNSET
    groups: list[Group] | msgspec.UnsetType = msgspec.UNSET


class OrganizationsReport(msgspec.Struct, frozen=True):
    """The answer, in the documented field order."""

    success: bool
    tenant_id: str
    period: dict[str, str]
    organizations: list[OrganizationUsage]


class OrganizationSums(NamedTuple):
    """An organization's sums: counts, quantities in micros, costs in nanos."""

    organization_id: str
    organization_name: str
    users: int
    sms_sent: int
    sms_received: int
    mms_sent: int
    mms_received: int
    calls: int
    seconds: int
    requests: int
    storage_cost: int
    rentals: int
    purchases: int
    brands: int
    knowledge_bases: int
    total_cost: int


_NAMES = 2
"""How many of a row's fields name the organization; the others are added up."""


def organization_rows(
    snapshot: Snapshot, scope: QuestionScope, period: Period
) -> list[OrganizationSums]:
    """Read the sums of every organization in scope, the highest cost first."""
    chosen = organizations_of(snapshot, scope)
    bound = {"numbers": [it.number for it in chosen], **days(period), **bits(period)}
    read = {row[0]: row[1:] for row in snapshot.sums(ORGANIZATIONS, bound, COLUMNS, AMOUNTS)}
    rows = [OrganizationSums(it.id, it.name, *read[it.number]) for it in chosen]
    rows.sort(key=attrgetter("organization_id"))
    rows.sort(key=attrgetter("total_cost"), reverse=True)
    currencies = {it.id: it.currency for it in chosen}
    first = tenant_currency(snapshot, scope.tenant)
    rows.sort(key=lambda it: currency_place(currencies[it.organization_id], first))
    return rows


def currency_place(currency: str, first: str) -> tuple[bool, str]:
    """Return the place of a currency in a list: `first` is the tenant's, the others by code."""
    return currency != first, currency


def currencies_of(snapshot: Snapshot, scope: QuestionScope) -> dict[str, str]:
    """Return the currency of each organization in scope, by the organization's id."""
    return {it.id: it.currency for it in organizations_of(snapshot, scope)}


def organizations_report(
    scope: QuestionScope, period: Period, rows: Iterable[OrganizationSums]
) -> OrganizationsReport:
    """Write rows as they are answered."""
    return OrganizationsReport(
        True,
        scope.tenant,
        period.to_json(),
        [usage_of(row) for row in rows],
    )


def usage_of(row: OrganizationSums) -> OrganizationUsage:
    """Write a row."""
    figures = msgspec.structs.astuple(written(row))
    return OrganizationUsage(row.organization_id, row.organization_name, *figures)


def totals_of(rows: Iterable[OrganizationSums]) -> OrganizationSums:
    """Add up rows."""
    columns = [sum(it) for it in list(zip(*rows, strict=True))[_NAMES:]]
    return OrganizationSums("", "", *(columns or [0] * (len(OrganizationSums._fields) - _NAMES)))


def totals_written(rows: Iterable[OrganizationSums], currency: str | None) -> Totals:
    """Write the sums of rows; `currency` is named when others are left out."""
    figures = msgspec.structs.asdict(written(totals_of(rows)))
    return Totals(**figures, currency=currency or msgspec.UNSET)


def written(row: OrganizationSums) -> Figures:
    """Write the figures of a row."""
    return Figures(
        row.users,
        row.sms_sent,
        row.sms_received,
        row.mms_sent,
        row.mms_received,
        row.calls,
        raw_quantity(row.seconds),
        row.requests // MICROS,
        raw_amount(row.storage_cost),
        row.rentals,
        row.purchases // MICROS,
        row.brands // MICROS,
        row.knowledge_bases,
        raw_amount(row.total_cost),
    )


def organizations_table(
    rows: Iterable[OrganizationSums], sums: OrganizationSums | None = None
) -> Table:
    """Give rows as a table, its columns named as the fields of the answer; `sums` are its last."""
    return Table(FIELDS, rows, sums and sums._replace(organization_name="Total"))


def with_currency(table: Table, currencies: dict[str, str], currency: str | None) -> Table:
    """Return a table of organizations with a last column that names the currency of each row.

    The first column holds the id. `currency` is that of the totals.
    """
    columns = (*table.columns, Column("currency", ColumnKind.TEXT))
    rows = ((*row, currencies[row[0]]) for row in table.rows)
    totals = table.totals and (*table.totals, currency or "")
    return table._replace(columns=columns, rows=rows, totals=totals)


def name_currencies(report: OrganizationsReport, currencies: dict[str, str]) -> OrganizationsReport:
    """Return a report whose rows name their currencies."""
    replace = msgspec.structs.replace
    rows = [replace(it, currency=currencies[it.organization_id]) for it in report.organizations]
    return replace(report, organizations=rows)


_KINDS = {
    "organization_id": ColumnKind.TEXT,
    "organization_name": ColumnKind.TEXT,
    "total_voice_seconds": ColumnKind.QUANTITY,
    "api_requests_count": ColumnKind.QUANTITY,
    "api_storage_cost": ColumnKind.AMOUNT,
    "phone_purchase_count": ColumnKind.QUANTITY,
    "brand_registration_count": ColumnKind.QUANTITY,
    "total_cost": ColumnKind.AMOUNT,
}
_WITHOUT_GROUPS = OrganizationUsage.__struct_fields__[:-2]
FIELDS = tuple(Column(it, _KINDS.get(it, ColumnKind.COUNT)) for it in _WITHOUT_GROUPS)
"""In the documented order, which is that of `OrganizationSums`."""

_READ = {name: SUMS[name] for name in OrganizationSums._fields if name in SUMS}
WITHIN = "organization_id IN :numbers"
COLUMNS = len(OrganizationSums._fields) - _NAMES + 1
"""The statement gives the number of the organization in the place of its names."""
AMOUNTS = amounts(OrganizationSums._fields[_NAMES - 1 :])
"""The places of quantities and costs."""


def organizations_sql(both: str, bases: str, *, sliced: bool) -> str:
    """Write the statement: each organization with the sums of both legs and its counts.

    For slices it also tells the number of events.
    """
    events, count = (
        (",\n    COALESCE(usage.events, 0)", ",\n        CAST(SUM(count) AS BIGINT) AS events")
        if sliced
        else ("", "")
    )
    sums = ",\n        ".join(f"CAST({sql} AS BIGINT) AS {name}" for name, sql in _READ.items())
    sums_or_zeros = ",\n    ".join(f"COALESCE(usage.{name}, 0)" for name in _READ)
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
{both}
    ) AS legs
    GROUP BY organization_id
) AS usage ON usage.organization_id = organizations.organization_id
LEFT JOIN (
{bases}
) AS bases ON bases.organization_id = organizations.organization_id
WHERE organizations.{WITHIN}
"""


def organization_legs(besides: str = "") -> str:
    """Write the sums of organizations that cover a period; `besides` is one more condition."""
    return legs("organization", "organization_id, meter", WITHIN, besides)


ORGANIZATIONS = organizations_sql(
    organization_legs(), knowledge_bases_by_organization(), sliced=False
)
