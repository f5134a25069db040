"""The statements of budgets."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from tollbook.domain.budgets import Budget
from tollbook.domain.exact import amount_text
from tollbook.store import versions
from tollbook.store.audit import Actor, write_act
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import Row

_BUDGET = "budgets.user_id, budgets.monthly, budgets.alerts, budgets.created_at, budgets.changed_at"


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
_COLUMNS = 12


def budgets(
    snapshot: Snapshot, tenant: str, organization: int | None = None, user_id: str | None = None
) -> list[Budgeted]:
    """List a tenant's, an organization's or a user's budgets, by organization, then by user."""
    bound = {"tenant": tenant, "organization": organization}
    sql = BUDGETS if organization is None else BUDGETS + OF_ORGANIZATION
    found = [
        Budgeted(OrganizationRow(*row[:6]), row[6], _budget(row[7:]))
        for row in snapshot.table(sql, bound, _COLUMNS)
        if user_id is None or row[7] == user_id
    ]
    return sorted(found, key=lambda it: (it.organization.id, it.budget.user_id))


def find_budget(snapshot: Snapshot, number: int, user_id: str) -> Budget | None:
    """Find the budget of an organization, or of one of its users."""
    row = snapshot.row(
        f"SELECT {_BUDGET} FROM budgets WHERE organization_id = :number AND user_id = :user",
        number=number,
        user=user_id,
    )
    return _budget(row) if row else None


def set_budget(
    transaction: Transaction,
    actor: Actor,
    organization: OrganizationRow,
    user_id: str,
    monthly: int,
    alert_at: Sequence[float],
) -> Budget:
    """Set or replace the budget of an organization or a user."""
    versions.touch(transaction, organization.number, actor.at)
    before = find_budget(transaction, organization.number, user_id)
    alerts = tuple(sorted(alert_at))
    transaction.execute(
        """
        INSERT INTO budgets (organization_id, user_id, monthly, alerts, created_at, changed_at)
        VALUES (:number, :user, :monthly, :alerts, :now, :now)
        ON CONFLICT (organization_id, user_id) DO UPDATE
        SET monthly = excluded.monthly, alerts = excluded.alerts, changed_at = excluded.changed_at
        """,
        number=organization.number,
        user=user_id,
        monthly=str(monthly),
        alerts=msgspec.json.encode(alerts).decode(),
        now=actor.at,
    )
    details = {
        "monthly": amount_text(monthly),
        "alert_at": alerts,
        "before": amount_text(before.monthly) if before else None,
    }
    what, number = _object(organization, user_id), organization.number
    write_act(transaction, actor, "budget.set", what, details, number)
    since = before.created_at if before else actor.at
    return Budget(user_id, monthly, alerts, since, actor.at)


def remove_budget(
    transaction: Transaction, actor: Actor, organization: OrganizationRow, user_id: str
) -> Budget | None:
    """Delete a budget and return it; None when there is none."""
    if find_budget(transaction, organization.number, user_id) is None:
        return None
    versions.touch(transaction, organization.number, actor.at)
    before = find_budget(transaction, organization.number, user_id)
    if before is None:  # another transaction deleted it before this one had the ledger
        return None
    transaction.execute(
        "DELETE FROM budgets WHERE organization_id = :number AND user_id = :user",
        number=organization.number,
        user=user_id,
    )
    details = {"before": amount_text(before.monthly)}
    what, number = _object(organization, user_id), organization.number
    write_act(transaction, actor, "budget.remove", what, details, number)
    return before


def _object(organization: OrganizationRow, user_id: str) -> str:
    return f"{organization.id} {user_id}" if user_id else organization.id


def _budget(row: Row) -> Budget:
    user_id, monthly, alerts, created_at, changed_at = row
    shares = tuple(map(float, msgspec.json.decode(alerts)))
    return Budget(user_id, int(monthly), shares, created_at, changed_at)
