"""The statements of budgets."""

from typing import NamedTuple

import msgspec

from tollbook.domain.budgets import Budget, BudgetPeriod
from tollbook.store import versions
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import Row

_BUDGET = (
    "budgets.user_id, budgets.amount, budgets.alerts, budgets.created_at, budgets.changed_at, "
    "budgets.period"
)


class Budgeted(NamedTuple):
    """A budget with its organization and, unless it is the organization's own, its user's name."""

    organization: OrganizationRow
    user_name: str
    budget: Budget


BUDGETS = f"""
SELECT
    organizations.organization_id, organizations.id, organizations.name, organizations.timezone,
    organizations.currency, organizations.status,
    COALESCE(users.name, ''),
    {_BUDGET}
FROM organizations
JOIN budgets ON budgets.organization_id = organizations.organization_id
LEFT JOIN users
    ON users.organization_id = budgets.organization_id AND users.id = budgets.user_id
WHERE organizations.tenant_id = :tenant
"""
OF_ORGANIZATION = "    AND organizations.organization_id = :organization\n"
_COLUMNS = 13


def budgets(
    snapshot: Snapshot, tenant: str, organization: int | None = None, user_id: str | None = None
) -> list[Budgeted]:
    """List a tenant's, an organization's or a user's budgets, by organization, user and period."""
    bound = {"tenant": tenant, "organization": organization}
    sql = BUDGETS if organization is None else BUDGETS + OF_ORGANIZATION
    found = [
        Budgeted(OrganizationRow(*row[:6]), row[6], _budget(row[7:]))
        for row in snapshot.table(sql, bound, _COLUMNS)
        if user_id is None or row[7] == user_id
    ]
    return sorted(found, key=_order)


def _order(it: Budgeted) -> tuple[str, str, int]:
    """Order monthly budgets first, as they were before there were others."""
    return it.organization.id, it.budget.user_id, -_PERIODS.index(it.budget.period)


_PERIODS = list(BudgetPeriod)
_OF_HOLDER = "organization_id = :number AND user_id = :user AND period = :period"


def find_budget(
    snapshot: Snapshot, number: int, user_id: str, period: BudgetPeriod = BudgetPeriod.MONTH
) -> Budget | None:
    """Find the budget of an organization, or of one of its users, for a period."""
    row = snapshot.row(
        f"SELECT {_BUDGET} FROM budgets WHERE {_OF_HOLDER}",
        number=number,
        user=user_id,
        period=period.value,
    )
    return _budget(row) if row else None


def has_budgets(snapshot: Snapshot, number: int) -> bool:
    """Return whether an organization or one of its users has a budget."""
    sql = "SELECT 1 FROM budgets WHERE organization_id = :number LIMIT 1"
    return snapshot.row(sql, number=number) is not None


def set_budget(transaction: Transaction, number: int, budget: Budget) -> Budget | None:
    """Insert or replace a budget, which keeps its first `created_at`; return the replaced one."""
    versions.touch(transaction, number, budget.changed_at)
    before = find_budget(transaction, number, budget.user_id, budget.period)
    transaction.execute(
        """
        INSERT INTO budgets (
            organization_id, user_id, period, amount, alerts, created_at, changed_at, since
        )
        VALUES (:number, :user, :period, :amount, :alerts, :created_at, :changed_at, :changed_at)
        ON CONFLICT (organization_id, user_id, period) DO UPDATE SET
            amount = excluded.amount, alerts = excluded.alerts, changed_at = excluded.changed_at,
            since = CASE
                WHEN budgets.amount = excluded.amount THEN budgets.since ELSE excluded.since
            END
        """,
        number=number,
        user=budget.user_id,
        period=budget.period.value,
        amount=str(budget.amount),
        alerts=msgspec.json.encode(budget.alert_at).decode(),
        created_at=budget.created_at,
        changed_at=budget.changed_at,
    )
    return before


def remove_budget(
    transaction: Transaction,
    number: int,
    user_id: str,
    now: int,
    period: BudgetPeriod = BudgetPeriod.MONTH,
) -> Budget | None:
    """Delete a budget and return it; None when there is none."""
    if find_budget(transaction, number, user_id, period) is None:
        return None
    versions.touch(transaction, number, now)
    # Another transaction may have deleted it before this one held the ledger's version.
    before = find_budget(transaction, number, user_id, period)
    transaction.execute(
        f"DELETE FROM budgets WHERE {_OF_HOLDER}",
        number=number,
        user=user_id,
        period=period.value,
    )
    return before


def _budget(row: Row) -> Budget:
    user_id, amount, alerts, created_at, changed_at, period = row
    shares = tuple(map(float, msgspec.json.decode(alerts)))
    return Budget(user_id, int(amount), shares, created_at, changed_at, BudgetPeriod(period))


def limits(snapshot: Snapshot, tenant: str) -> list[tuple[int, str, str, int, int]]:
    """List a tenant's budgets: organization, user, period, amount, and since when it is that."""
    rows = snapshot.table(
        "SELECT budgets.organization_id, budgets.user_id, budgets.period, budgets.amount, "
        "budgets.since FROM organizations JOIN budgets "
        "ON budgets.organization_id = organizations.organization_id "
        "WHERE organizations.tenant_id = :tenant",
        {"tenant": tenant},
        5,
    )
    return [
        (number, user, period, int(amount), since) for number, user, period, amount, since in rows
    ]
