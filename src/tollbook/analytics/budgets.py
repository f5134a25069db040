"""How much of each budget is spent, and when it is exceeded: behind GET /v1/budgets."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.analytics.daily_costs import BudgetHolder, DailyCosts, budgeted_costs
from tollbook.analytics.outlook import Outlook, first_needed, month_of, outlook
from tollbook.analytics.pace import MODEL_DAYS
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import Column, ColumnKind, Table, text_columns
from tollbook.domain.budgets import BudgetPeriod, BudgetState
from tollbook.domain.directory import zone
from tollbook.domain.events import instant_of
from tollbook.domain.exact import AmountJson, fraction, raw_amount
from tollbook.domain.periods import Period, day_number
from tollbook.store.budgets import Budgeted
from tollbook.store.database import Snapshot

USED_PLACES = 4


class BudgetReport(msgspec.Struct, frozen=True, kw_only=True):
    """A budget in this period: how much is spent, and the day it was or will be exceeded.

    `alert_reached` is the highest of the fractions in `alert_at` that has been reached. A budget
    has `monthly` and `month`, `weekly` and `week` (its Monday), or `daily` and `day`. Only a
    monthly one has a forecast.
    """

    organization_id: str
    organization_name: str
    user_id: str | UnsetType = UNSET
    user_name: str | UnsetType = UNSET
    monthly: AmountJson | UnsetType = UNSET
    weekly: AmountJson | UnsetType = UNSET
    daily: AmountJson | UnsetType = UNSET
    currency: str
    month: str | UnsetType = UNSET
    week: str | UnsetType = UNSET
    day: str | UnsetType = UNSET
    spent: AmountJson
    used: float | None
    forecast: AmountJson | None
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
    """A budget, today in its time zone, what is spent, and the outlook on its month.

    A daily or weekly budget has no outlook.
    """

    budgeted: Budgeted
    today: date
    spent: int
    outlook: Outlook | None

    @property
    def passed_on(self) -> date | None:
        """Return the day on which the budget was or is expected to be exceeded."""
        if self.outlook is None:
            return None
        return self.outlook.passed_on(self.budgeted.budget.amount, month_of(self.today))

    @property
    def state(self) -> BudgetState:
        """Return whether the spent amount is within the budget."""
        return self.budgeted.budget.state(self.spent)

    @property
    def period_name(self) -> str:
        """Return the month, the Monday of the week, or the day."""
        return _NAMED[self.budgeted.budget.period](self.today)


_NAMED: dict[BudgetPeriod, Callable[[date], str]] = {
    BudgetPeriod.DAY: date.isoformat,
    BudgetPeriod.WEEK: lambda today: week_of(today).start.isoformat(),
    BudgetPeriod.MONTH: lambda today: f"{today:%Y-%m}",
}


def week_of(day: date) -> Period:
    """Return the week that a day is in, from its Monday; the first and last may be cut off."""
    monday = day.toordinal() - day.weekday()
    last = min(monday + 6, date.max.toordinal())
    return Period(date.fromordinal(max(1, monday)), date.fromordinal(last))


def days_of(listed: Iterable[Budgeted], now: int) -> dict[str, date]:
    """Return today in each of the time zones of some budgets."""
    zones = {it.organization.timezone for it in listed}
    return {it: instant_of(now).astimezone(zone(it)).date() for it in sorted(zones)}


def standings(
    snapshot: Snapshot, scope: QuestionScope, listed: list[Budgeted], now: int
) -> list[BudgetStatus]:
    """Read what is spent of each budget, and compute the outlook on the month of monthly ones."""
    if not listed:
        return []
    days = days_of(listed, now)
    first = first_needed(min(days.values()), MODEL_DAYS)
    latest = max(days.values())
    last = max(month_of(latest).end, week_of(latest).end)
    costs = budgeted_costs(snapshot, scope, first, last)
    return [_status_of(it, costs, days[it.organization.timezone]) for it in listed]


def _status_of(
    budgeted: Budgeted, costs: dict[BudgetHolder, DailyCosts], today: date
) -> BudgetStatus:
    of_holder = costs.get((budgeted.organization.number, budgeted.budget.user_id), {})
    period = budgeted.budget.period
    if period is BudgetPeriod.MONTH:
        whole = outlook(of_holder, today, ranged=False)
        return BudgetStatus(budgeted, today, whole.spent, whole)
    span = week_of(today) if period is BudgetPeriod.WEEK else Period(today, today)
    spent = sum(it.cost for day, it in of_holder.items() if span.start <= day <= span.end)
    return BudgetStatus(budgeted, today, spent, None)


def budgets_report(found: Iterable[BudgetStatus], scope: QuestionScope) -> BudgetsReport:
    """Return the answer with the status of budgets."""
    return BudgetsReport(True, scope.tenant, [budget_report(it) for it in found])


def budget_report(it: BudgetStatus) -> BudgetReport:
    """Return the status of one budget as it is answered."""
    organization, user_name, budget = it.budgeted
    passed_on = it.passed_on
    of_period: dict[str, Any] = {
        budget.period.adverb: raw_amount(budget.amount),
        budget.period.value: it.period_name,
    }
    return BudgetReport(
        organization_id=organization.id,
        organization_name=organization.name,
        user_id=budget.user_id or UNSET,
        user_name=user_name if budget.user_id else UNSET,
        currency=organization.currency,
        spent=raw_amount(it.spent),
        used=fraction(it.spent, budget.amount, USED_PLACES),
        forecast=raw_amount(it.outlook.forecast) if it.outlook else None,
        passed_on=passed_on.isoformat() if passed_on else None,
        state=it.state,
        alert_at=budget.alert_at,
        alert_reached=budget.reached(it.spent),
        **of_period,
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
        Column("weekly", ColumnKind.AMOUNT),
        Column("week", ColumnKind.TEXT),
        Column("daily", ColumnKind.AMOUNT),
        Column("day", ColumnKind.TEXT),
    )
    rows = [
        (
            it.budgeted.organization.id,
            it.budgeted.organization.name,
            it.budgeted.budget.user_id,
            it.budgeted.user_name if it.budgeted.budget.user_id else "",
            _amount_in(it, BudgetPeriod.MONTH),
            it.budgeted.organization.currency,
            _name_in(it, BudgetPeriod.MONTH),
            it.spent,
            fraction(it.spent, it.budgeted.budget.amount, USED_PLACES),
            it.outlook.forecast if it.outlook else None,
            day_number(it.passed_on) if it.passed_on else None,
            it.state.value,
            msgspec.json.encode(it.budgeted.budget.alert_at).decode(),
            it.budgeted.budget.reached(it.spent),
            _amount_in(it, BudgetPeriod.WEEK),
            _name_in(it, BudgetPeriod.WEEK),
            _amount_in(it, BudgetPeriod.DAY),
            _name_in(it, BudgetPeriod.DAY),
        )
        for it in found
    ]
    return Table(columns, rows, constants=text_columns(tenant_id=scope.tenant))


def _amount_in(it: BudgetStatus, period: BudgetPeriod) -> int | None:
    return it.budgeted.budget.amount if it.budgeted.budget.period is period else None


def _name_in(it: BudgetStatus, period: BudgetPeriod) -> str:
    return it.period_name if it.budgeted.budget.period is period else ""
