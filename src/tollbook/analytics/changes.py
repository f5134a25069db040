"""Who grew and who shrank most: the question behind GET /v1/analytics/changes."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.analytics.period_cover import EDGES, cover_parameters
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.domain.exact import divide_half_even, fraction, raw_amount
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.directory import UNKNOWN

CHANGE_PLACES = 4
SHARE_PLACES = 6


class Ranked(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A user or an organization, its costs in both periods, and its share of the total."""

    user_id: str | UnsetType = UNSET
    user_name: str | UnsetType = UNSET
    organization_id: str | UnsetType = UNSET
    organization_name: str | UnsetType = UNSET
    cost: msgspec.Raw
    previous_cost: msgspec.Raw
    difference: msgspec.Raw
    change: float | None
    share: float | None


class Named(msgspec.Struct, frozen=True, gc=False):
    """A user or an organization."""

    user_id: str | UnsetType = UNSET
    user_name: str | UnsetType = UNSET
    organization_id: str | UnsetType = UNSET
    organization_name: str | UnsetType = UNSET


class OwnCost(msgspec.Struct, frozen=True):
    """What is no user's: the organization's own usage, such as brand registration."""

    cost: msgspec.Raw
    previous_cost: msgspec.Raw


class ChangesReport(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: of an organization by user, of a tenant by organization."""

    success: bool
    tenant_id: str
    organization_id: str | UnsetType = UNSET
    organization_name: str | UnsetType = UNSET
    period: dict[str, str]
    previous_period: dict[str, str]
    currency: str | None
    total_cost: msgspec.Raw
    previous_cost: msgspec.Raw
    change: float | None
    active_users: int | UnsetType = UNSET
    active_organizations: int | UnsetType = UNSET
    cost_per_active_user: msgspec.Raw | UnsetType | None = UNSET
    cost_per_active_organization: msgspec.Raw | UnsetType | None = UNSET
    without_usage: int
    organization_level: OwnCost | UnsetType = UNSET
    grew: list[Ranked]
    shrank: list[Ranked]
    top: list[Ranked]
    without_usage_users: list[Named] | UnsetType = UNSET
    without_usage_organizations: list[Named] | UnsetType = UNSET


class ChangeRow(NamedTuple):
    """A user's or an organization's sums of two periods: `events` of the later one."""

    id: str
    name: str
    events: int
    cost: int
    previous_cost: int

    @property
    def difference(self) -> int:
        """Give by how much the cost grew."""
        return self.cost - self.previous_cost


class Changes(NamedTuple):
    """What was read: a row for each user or organization, and one for what is no user's."""

    rows: list[ChangeRow]
    own: ChangeRow

    @property
    def cost(self) -> int:
        """Give the cost of everything."""
        return sum(it.cost for it in (*self.rows, self.own))

    @property
    def previous_cost(self) -> int:
        """Give what everything cost in the period before."""
        return sum(it.previous_cost for it in (*self.rows, self.own))

    @property
    def active(self) -> list[ChangeRow]:
        """List those with usage."""
        return [it for it in self.rows if it.events > 0]

    @property
    def without_usage(self) -> list[ChangeRow]:
        """List those without usage, by id."""
        return sorted((it for it in self.rows if it.events <= 0), key=lambda it: it.id)

    @property
    def grew(self) -> list[ChangeRow]:
        """List those whose cost grew, the most first."""
        grown = (it for it in self.rows if it.difference > 0)
        return sorted(grown, key=lambda it: (-it.difference, it.id))

    @property
    def shrank(self) -> list[ChangeRow]:
        """List those whose cost shrank, the most first."""
        shrunk = (it for it in self.rows if it.difference < 0)
        return sorted(shrunk, key=lambda it: (it.difference, it.id))

    @property
    def top(self) -> list[ChangeRow]:
        """List those that cost something, the dearest first."""
        costly = (it for it in self.rows if it.cost > 0)
        return sorted(costly, key=lambda it: (-it.cost, it.id))


_NOBODY = ChangeRow("", "", 0, 0, 0)


def changes(snapshot: Snapshot, scope: QuestionScope, period: Period, before: Period) -> Changes:
    """Read the sums of two periods, by user of an organization or by organization of a tenant."""
    bound = parameters(scope, period, before)
    sql = USER_CHANGES if scope.organization else ORGANIZATION_CHANGES
    rows = [ChangeRow(*row) for row in snapshot.sums(sql, bound, len(ChangeRow._fields), (3, 4))]
    if not scope.organization:
        return Changes(rows, _NOBODY)
    return Changes([it for it in rows if it.id], next(it for it in rows if not it.id))


def changes_report(
    found: Changes, scope: QuestionScope, period: Period, before: Period, limit: int
) -> ChangesReport:
    """Answer with the first `limit` of each list."""
    idle = [Named(**_identity(scope, it)) for it in found.without_usage[:limit]]
    return ChangesReport(
        success=True,
        tenant_id=scope.tenant,
        period=period.to_json(),
        previous_period=before.to_json(),
        currency=scope.currency,
        total_cost=raw_amount(found.cost),
        previous_cost=raw_amount(found.previous_cost),
        change=fraction(found.cost - found.previous_cost, found.previous_cost, CHANGE_PLACES),
        without_usage=len(found.without_usage),
        grew=_ranked(scope, found.grew[:limit], found.cost),
        shrank=_ranked(scope, found.shrank[:limit], found.cost),
        top=_ranked(scope, found.top[:limit], found.cost),
        **(_by_user(found, scope, idle) if scope.organization else _by_organization(found, idle)),
    )


def _by_user(found: Changes, scope: QuestionScope, idle: list[Named]) -> dict[str, Any]:
    """Give the fields that only an organization's answer has."""
    assert scope.organization  # noqa: S101
    return {
        "organization_id": scope.organization.id,
        "organization_name": scope.organization.name,
        "active_users": len(found.active),
        "cost_per_active_user": _each(found),
        "organization_level": OwnCost(
            raw_amount(found.own.cost), raw_amount(found.own.previous_cost)
        ),
        "without_usage_users": idle,
    }


def _by_organization(found: Changes, idle: list[Named]) -> dict[str, Any]:
    """Give the fields that only a tenant's answer has."""
    return {
        "active_organizations": len(found.active),
        "cost_per_active_organization": _each(found),
        "without_usage_organizations": idle,
    }


def _each(found: Changes) -> msgspec.Raw | None:
    """Divide what is somebody's by those with usage."""
    active = len(found.active)
    return raw_amount(divide_half_even(found.cost - found.own.cost, active)) if active else None


def changes_table(found: Changes, scope: QuestionScope) -> Table:
    """Give every user or organization as a row, whoever grew most first."""
    whose = "user" if scope.organization else "organization"
    columns = (
        Column(f"{whose}_id", ColumnKind.TEXT),
        Column(f"{whose}_name", ColumnKind.TEXT),
        Column("cost", ColumnKind.AMOUNT),
        Column("previous_cost", ColumnKind.AMOUNT),
        Column("difference", ColumnKind.AMOUNT),
        Column("change", ColumnKind.SHARE),
        Column("share", ColumnKind.SHARE),
    )
    ordered = sorted(found.rows, key=lambda it: (-it.difference, it.id))
    total = found.cost
    return Table(columns, [_cells(it, total) for it in ordered])


def _cells(row: ChangeRow, total: int) -> tuple[Any, ...]:
    return (
        row.id,
        row.name,
        row.cost,
        row.previous_cost,
        row.difference,
        fraction(row.difference, row.previous_cost, CHANGE_PLACES),
        fraction(row.cost, total, SHARE_PLACES),
    )


def _ranked(scope: QuestionScope, rows: Iterable[ChangeRow], total: int) -> list[Ranked]:
    return [
        Ranked(
            **_identity(scope, row),
            cost=raw_amount(row.cost),
            previous_cost=raw_amount(row.previous_cost),
            difference=raw_amount(row.difference),
            change=fraction(row.difference, row.previous_cost, CHANGE_PLACES),
            share=fraction(row.cost, total, SHARE_PLACES),
        )
        for row in rows
    ]


def _identity(scope: QuestionScope, row: ChangeRow) -> dict[str, Any]:
    whose = "user" if scope.organization else "organization"
    return {f"{whose}_id": row.id, f"{whose}_name": row.name}


def parameters(scope: QuestionScope, period: Period, before: Period) -> dict[str, Any]:
    """Give the arguments of the statements; those of the period before have its prefix."""
    whose: dict[str, Any] = {"organization": scope.number}
    if scope.organization is None:
        whose = {"tenant": scope.tenant, "currency": scope.currency or "", "unknown": UNKNOWN}
    return {**whose, **cover_parameters(period), **cover_parameters(before, "previous_")}


def _changes_sql(people: str, by: str, months: str, days: str, where: str) -> str:
    """Write the statement: everybody, with the sums of both periods."""
    parts = "\n    UNION ALL\n".join(
        part
        for prefix in ("", "previous_")
        for part in (
            _part_sql(by, months, where + _MONTHS.format(prefix), prefix),
            *(
                _part_sql(by, days, where + _DAYS.format(prefix + edge), prefix, prefix + edge)
                for edge in EDGES
            ),
        )
    )
    return f"""
WITH period_cover (whose, count, cost, previous_cost) AS (
{parts}
)
SELECT
    people.id, people.name,
    COALESCE(usage.count, 0), COALESCE(usage.cost, 0), COALESCE(usage.previous_cost, 0)
FROM (
{people}
) AS people
LEFT JOIN (
    SELECT
        whose,
        CAST(SUM(count) AS BIGINT) AS count,
        CAST(SUM(cost) AS BIGINT) AS cost,
        CAST(SUM(previous_cost) AS BIGINT) AS previous_cost
    FROM period_cover
    GROUP BY whose
) AS usage ON usage.whose = people.whose
"""


_MONTHS = "sums.month BETWEEN :{0}first_month AND :{0}last_month"
_DAYS = "sums.month = :{0}_month\n        AND sums.day BETWEEN :{0}_start AND :{0}_end"


def _part_sql(by: str, table: str, where: str, prefix: str, edge: str = "") -> str:
    """Return the SQL of one part of the cover. Only the later period has a count."""
    sign = f" * :{edge}_sign" if edge else ""
    count, cost = f"CAST(SUM(sums.count){sign} AS BIGINT)", f"CAST(SUM(sums.cost){sign} AS BIGINT)"
    figures = f"0, 0,\n        {cost}" if prefix else f"{count},\n        {cost}, 0"
    return f"""\
    SELECT
        {by}, {figures}
    FROM {table}
    WHERE {where}
    GROUP BY {by}"""


_EVERY_USER = """\
    SELECT id, name, id AS whose FROM users WHERE organization_id = :organization
    UNION ALL
    SELECT '', '', ''"""
_EVERY_ORGANIZATION = """\
    SELECT id, name, organization_id AS whose
    FROM organizations
    WHERE tenant_id = :tenant AND currency = :currency AND status <> :unknown"""
_JOINED = """\
organizations
    JOIN {0} AS sums ON sums.organization_id = organizations.organization_id"""

USER_CHANGES = _changes_sql(
    _EVERY_USER,
    "sums.user_id",
    "usage_monthly AS sums",
    "usage_daily AS sums",
    "sums.organization_id = :organization\n        AND ",
)
ORGANIZATION_CHANGES = _changes_sql(
    _EVERY_ORGANIZATION,
    "sums.organization_id",
    _JOINED.format("organization_monthly"),
    _JOINED.format("organization_daily"),
    "organizations.tenant_id = :tenant AND organizations.currency = :currency\n        AND ",
)
