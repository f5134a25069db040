"""How much of each budget is spent, and when it is exceeded: behind GET /v1/budgets."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.analytics.daily_costs import BudgetHolder, DailyCosts, budgeted_costs
from tollbook.analytics.outlook import Outlook, first_needed, month_of, outlook
from tollbook.analytics.pace import MODEL_DAYS
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import Column, ColumnKind, Table, text_columns
from tollbook.domain.budgets import BudgetState
from tollbook.domain.directory import zone
from tollbook.domain.events import instant_of
from tollbook.domain.exact import AmountJson, fraction, raw_amount
from tollbook.domain.periods import day_number
from tollbook.store.budgets import Budgeted
from tollbook.store.database import Snapshot

USED_PLACES = 4


class BudgetReport(msgspec.Struct, frozen=True, kw_only=True):
    """A budget in this month: how much is spent, and the day it was or will be exceeded.

    `alert_reached` is the highest of the fractions in `alert_at` that has been reached.
    """

    organization_id: str
    organization_name: str
    user_id: str | UnsetType = UNSET
    user_name: str | UnsetType = UNSET
    monthly: AmountJson
    currency: str
    month: str
    spent: AmountJson
    used: float | None
    forecast: AmountJson
    passed_on: str | None
    state: BudgetState
    alert_at: tuple[float, ...]
    alert_reached: float | None


class BudgetsReport(msgspec.Struct, frozen=True):
    """The answer: budgets by organization; the organization's own first, then those of users."""

    success: bool
    tenant_id: str
    budgets: list[BudgetReport]


class BudgetStatus(NamedTuple):
    """A budget, today in its time zone, and the outlook on its month."""

    budgeted: Budgeted
    today: date
    outlook: Outlook

    @property
    def passed_on(self) -> date | None:
        """Return the day on which the budget was or is expected to be exceeded."""
        return self.outlook.passed_on(self.budgeted.budget.monthly, month_of(self.today))

    @property
    def state(self) -> BudgetState:
        """Return whether the spent amount is within the budget."""
        return self.budgeted.budget.state(self.outlook.spent)


def days_of(listed: Iterable[Budgeted], now: int) -> dict[str, date]:
    """Return today in each of the time zones of some budgets."""
    zones = {it.organization.timezone for it in listed}
    return {it: instant_of(now).astimezone(zone(it)).date() for it in sorted(zones)}


def standings(
    snapshot: Snapshot, scope: QuestionScope, listed: list[Budgeted], now: int
) -> list[BudgetStatus]:
    """Read what is spent of each budget, and compute the outlook on its month."""
    if not listed:
        return []
    days = days_of(listed, now)
    first = first_needed(min(days.values()), MODEL_DAYS)
    costs = budgeted_costs(snapshot, scope, first, month_of(max(days.values())).end)
    return [_status_of(it, costs, days[it.organization.timezone]) for it in listed]


def _status_of(
    budgeted: Budgeted, costs: dict[BudgetHolder, DailyCosts], today: date
) -> BudgetStatus:
    holder = (budgeted.organization.number, budgeted.budget.user_id)
    return BudgetStatus(budgeted, today, outlook(costs.get(holder, {}), today, ranged=False))


def budgets_report(found: Iterable[BudgetStatus], scope: QuestionScope) -> BudgetsReport:
    """Return the answer with the status of budgets."""
    return BudgetsReport(True, scope.tenant, [budget_report(it) for it in found])


def budget_report(it: BudgetStatus) -> BudgetReport:
    """Return the status of one budget as it is answered."""
    organization, user_name, budget = it.budgeted
    passed_on = it.passed_on
    return BudgetReport(
        organization_id=organization.id,
        organization_name=organization.name,
        user_id=budget.user_id or UNSET,
        user_name=user_name if budget.user_id else UNSET,
        monthly=raw_amount(budget.monthly),
        currency=organization.currency,
        month=f"{it.today:%Y-%m}",
        spent=raw_amount(it.outlook.spent),
        used=fraction(it.outlook.spent, budget.monthly, USED_PLACES),
        forecast=raw_amount(it.outlook.forecast),
        passed_on=passed_on.isoformat() if passed_on else None,
        state=it.state,
        alert_at=budget.alert_at,
        alert_reached=budget.reached(it.outlook.spent),
    )


def budgets_table(found: Iterable[BudgetStatus], scope: QuestionScope) -> Table:
    """Return a table with a row for each budget."""
    columns = (
        Column("organization_id", ColumnKind.TEXT),
        Column("organization_name", ColumnKind.TEXT),
        Column("user_id", ColumnKind.TEXT),
        Column("user_name", ColumnKind.TEXT),
        Column("monthly", ColumnKind.AMOUNT),
        Column("currency", ColumnKind.TEXT),
        Column("month", ColumnKind.TEXT),
        Column("spent", ColumnKind.AMOUNT),
        Column("used", ColumnKind.SHARE),
        Column("forecast", ColumnKind.AMOUNT),
        Column("passed_on", ColumnKind.DAY),
        Column("state", ColumnKind.TEXT),
        Column("alert_at", ColumnKind.OBJECT),
        Column("alert_reached", ColumnKind.SHARE),
    )
    rows = [
        (
            it.budgeted.organization.id,
            it.budgeted.organization.name,
            it.budgeted.budget.user_id,
            it.budgeted.user_name if it.budgeted.budget.user_id else "",
            it.budgeted.budget.monthly,
            it.budgeted.organization.currency,
            f"{it.today:%Y-%m}",
            it.outlook.spent,
            fraction(it.outlook.spent, it.budgeted.budget.monthly, USED_PLACES),
            it.outlook.forecast,
            day_number(it.passed_on) if it.passed_on else None,
            it.state.value,
            msgspec.json.encode(it.budgeted.budget.alert_at).decode(),
            it.budgeted.budget.reached(it.outlook.spent),
        )
        for it in found
    ]
    return Table(columns, rows, constants=text_columns(tenant_id=scope.tenant))
