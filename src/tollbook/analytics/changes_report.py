"""The answer and the table of changes."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.analytics.changes import ChangeRow, Changes
from tollbook.analytics.margin import (
    Purchases,
    added,
    margin_columns,
    margin_json,
    margin_of,
)
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import (
    ORGANIZATION_LEVEL,
    TOTAL_LABEL,
    Column,
    ColumnKind,
    Table,
    period_columns,
    text_columns,
)
from tollbook.domain.exact import AmountJson, divide_half_even, fraction, raw_amount
from tollbook.domain.periods import Period

CHANGE_PLACES = 4
SHARE_PLACES = 6


class Ranked(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A user or an organization, its costs in both periods, and its share of the total."""

    user_id: str | UnsetType = UNSET
    user_name: str | UnsetType = UNSET
    organization_id: str | UnsetType = UNSET
    organization_name: str | UnsetType = UNSET
    cost: AmountJson
    previous_cost: AmountJson
    difference: AmountJson
    change: float | None
    share: float | None
    buy_cost: AmountJson | UnsetType | None = UNSET
    margin: AmountJson | UnsetType | None = UNSET
    buy_known_share: float | UnsetType | None = UNSET
    previous_buy_cost: AmountJson | UnsetType | None = UNSET
    previous_margin: AmountJson | UnsetType | None = UNSET
    previous_buy_known_share: float | UnsetType | None = UNSET


class ChangedOwner(msgspec.Struct, frozen=True, gc=False):
    """A user or an organization."""

    user_id: str | UnsetType = UNSET
    user_name: str | UnsetType = UNSET
    organization_id: str | UnsetType = UNSET
    organization_name: str | UnsetType = UNSET


class OwnCost(msgspec.Struct, frozen=True):
    """Usage not attributed to a user, such as brand registration."""

    cost: AmountJson
    previous_cost: AmountJson
    buy_cost: AmountJson | UnsetType | None = UNSET
    margin: AmountJson | UnsetType | None = UNSET
    buy_known_share: float | UnsetType | None = UNSET
    previous_buy_cost: AmountJson | UnsetType | None = UNSET
    previous_margin: AmountJson | UnsetType | None = UNSET
    previous_buy_known_share: float | UnsetType | None = UNSET


class ChangesReport(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: of an organization by user, of a tenant by organization."""

    success: bool
    tenant_id: str
    organization_id: str | UnsetType = UNSET
    organization_name: str | UnsetType = UNSET
    period: dict[str, str]
    previous_period: dict[str, str]
    currency: str | None
    total_cost: AmountJson
    previous_cost: AmountJson
    change: float | None
    active_users: int | UnsetType = UNSET
    active_organizations: int | UnsetType = UNSET
    cost_per_active_user: AmountJson | UnsetType | None = UNSET
    cost_per_active_organization: AmountJson | UnsetType | None = UNSET
    without_usage: int
    organization_level: OwnCost | UnsetType = UNSET
    grew: list[Ranked]
    shrank: list[Ranked]
    top: list[Ranked]
    without_usage_users: list[ChangedOwner] | UnsetType = UNSET
    without_usage_organizations: list[ChangedOwner] | UnsetType = UNSET
    buy_cost: AmountJson | UnsetType | None = UNSET
    margin: AmountJson | UnsetType | None = UNSET
    buy_known_share: float | UnsetType | None = UNSET
    previous_buy_cost: AmountJson | UnsetType | None = UNSET
    previous_margin: AmountJson | UnsetType | None = UNSET
    previous_buy_known_share: float | UnsetType | None = UNSET


def changes_report(
    found: Changes, scope: QuestionScope, period: Period, before: Period, limit: int
) -> ChangesReport:
    """Return the answer with the first `limit` rows of each list."""
    idle = [ChangedOwner(**_identity(scope, it)) for it in found.without_usage[:limit]]
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
        grew=_ranked(scope, found, found.grew[:limit]),
        shrank=_ranked(scope, found, found.shrank[:limit]),
        top=_ranked(scope, found, found.top[:limit]),
        **_margins_of_all(found),
        **(_by_user(found, scope, idle) if scope.organization else _by_organization(found, idle)),
    )


def _by_user(found: Changes, scope: QuestionScope, idle: list[ChangedOwner]) -> dict[str, Any]:
    """Return the fields that only an organization's answer has."""
    assert scope.organization  # noqa: S101
    return {
        "organization_id": scope.organization.id,
        "organization_name": scope.organization.name,
        "active_users": len(found.active),
        "cost_per_active_user": _cost_per_active(found),
        "organization_level": OwnCost(
            raw_amount(found.own.cost),
            raw_amount(found.own.previous_cost),
            **_margins_of(found, found.own.id),
        ),
        "without_usage_users": idle,
    }


def _by_organization(found: Changes, idle: list[ChangedOwner]) -> dict[str, Any]:
    """Return the fields that only a tenant's answer has."""
    return {
        "active_organizations": len(found.active),
        "cost_per_active_organization": _cost_per_active(found),
        "without_usage_organizations": idle,
    }


def _margins_of(found: Changes, identity: str) -> dict[str, Any]:
    """Return the margins of a row in both periods, if they are asked for."""
    if found.purchases is None or found.previous_purchases is None:
        return {}
    before = found.previous_purchases.get(identity, Purchases())
    return {
        **margin_json(found.purchases.get(identity, Purchases())),
        **margin_json(before, "previous_"),
    }


def _margins_of_all(found: Changes) -> dict[str, Any]:
    if found.purchases is None or found.previous_purchases is None:
        return {}
    return {
        **margin_json(added(found.purchases.values())),
        **margin_json(added(found.previous_purchases.values()), "previous_"),
    }


def _cost_per_active(found: Changes) -> msgspec.Raw | None:
    """Return the cost per row with usage, without the organization-level cost."""
    active = len(found.active)
    return raw_amount(divide_half_even(found.cost - found.own.cost, active)) if active else None


def changes_table(
    found: Changes, scope: QuestionScope, period: Period, before: Period, *, with_totals: bool
) -> Table:
    """Return a table of all users or organizations, those that grew most first.

    Organization-level usage, if there is any, is in the last row before that of the totals.
    """
    organization = scope.organization
    whose = "user" if organization else "organization"
    columns = (
        Column(f"{whose}_id", ColumnKind.TEXT),
        Column(f"{whose}_name", ColumnKind.TEXT),
        Column("events", ColumnKind.COUNT),
        Column("cost", ColumnKind.AMOUNT),
        Column("previous_cost", ColumnKind.AMOUNT),
        Column("difference", ColumnKind.AMOUNT),
        Column("change", ColumnKind.SHARE),
        Column("share", ColumnKind.SHARE),
    )
    ordered = sorted(found.rows, key=lambda it: (-it.difference, it.id))
    if any(found.own[2:]):
        ordered.append(found.own._replace(name=ORGANIZATION_LEVEL))
    cost = found.cost
    totals = None
    if with_totals:
        whole = ChangeRow("", TOTAL_LABEL, found.events, cost, found.previous_cost)
        totals = (*_cells(whole, cost), *_margin_cells(found, None))
    subject = {"tenant_id": scope.tenant}
    if organization:
        subject |= {"organization_id": organization.id, "organization_name": organization.name}
    return Table(
        columns,
        [(*_cells(it, cost), *_margin_cells(found, it.id)) for it in ordered],
        totals,
        constants=(
            *text_columns(**subject),
            *period_columns(period),
            *period_columns(before, "previous_"),
            *text_columns(currency=scope.currency),
        ),
        marks=_MARGINS if found.purchases is not None else (),
    )


_MARGINS = (*margin_columns(), *margin_columns("previous_"))


def _margin_cells(found: Changes, identity: str | None) -> tuple[Any, ...]:
    """Return the last cells of a row, or of the totals; none unless margins are asked for."""
    if found.purchases is None or found.previous_purchases is None:
        return ()
    periods = (found.purchases, found.previous_purchases)
    return tuple(
        cell
        for by_id in periods
        for cell in margin_of(
            added(by_id.values()) if identity is None else by_id.get(identity, Purchases())
        )
    )


def _cells(row: ChangeRow, total: int) -> tuple[Any, ...]:
    return (
        row.id,
        row.name,
        row.events,
        row.cost,
        row.previous_cost,
        row.difference,
        fraction(row.difference, row.previous_cost, CHANGE_PLACES),
        fraction(row.cost, total, SHARE_PLACES),
    )


def _ranked(scope: QuestionScope, found: Changes, rows: Iterable[ChangeRow]) -> list[Ranked]:
    return [
        Ranked(
            **_identity(scope, row),
            cost=raw_amount(row.cost),
            previous_cost=raw_amount(row.previous_cost),
            difference=raw_amount(row.difference),
            change=fraction(row.difference, row.previous_cost, CHANGE_PLACES),
            share=fraction(row.cost, found.cost, SHARE_PLACES),
            **_margins_of(found, row.id),
        )
        for row in rows
    ]


def _identity(scope: QuestionScope, row: ChangeRow) -> dict[str, Any]:
    whose = "user" if scope.organization else "organization"
    return {f"{whose}_id": row.id, f"{whose}_name": row.name}
