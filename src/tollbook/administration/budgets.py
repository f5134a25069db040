"""Set and remove monthly budgets."""

import msgspec

from tollbook.domain.budgets import (
    DEFAULT_ALERTS,
    Budget,
    alert_problems,
    monthly_of,
    monthly_problem,
)
from tollbook.domain.errors import NotFound, refuse
from tollbook.domain.exact import amount_text
from tollbook.store import budgets
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Transaction
from tollbook.store.directory import OrganizationRow


class NewBudget(msgspec.Struct):
    """A budget to set, in the currency of the organization. As text, `monthly` loses no digits."""

    monthly: float | str
    alert_at: tuple[float, ...] = DEFAULT_ALERTS


def set_budget(
    transaction: Transaction,
    actor: Actor,
    organization: OrganizationRow,
    user_id: str,
    new: NewBudget,
) -> Budget:
    """Set or replace the budget of an organization or one of its users."""
    monthly = _nanos(str(new.monthly))
    refuse([None if monthly else monthly_problem(), *alert_problems(new.alert_at)])
    alerts = tuple(sorted(new.alert_at))
    budget = Budget(user_id, monthly, alerts, created_at=actor.at, changed_at=actor.at)
    before = budgets.set_budget(transaction, organization.number, budget)
    details = {
        "monthly": amount_text(monthly),
        "alert_at": alerts,
        "before": amount_text(before.monthly) if before else None,
    }
    what, number = _object(organization, user_id), organization.number
    write_act(transaction, actor, "budget.set", what, details, organization=number)
    created_at = before.created_at if before else actor.at
    return msgspec.structs.replace(budget, created_at=created_at)


def remove_budget(
    transaction: Transaction, actor: Actor, organization: OrganizationRow, user_id: str
) -> Budget:
    """Remove a budget and return it."""
    removed = budgets.remove_budget(transaction, organization.number, user_id, actor.at)
    if removed is None:
        raise NotFound(f"{holder_name(organization, user_id)} has no budget")
    details = {"before": amount_text(removed.monthly)}
    what, number = _object(organization, user_id), organization.number
    write_act(transaction, actor, "budget.remove", what, details, organization=number)
    return removed


def holder_name(organization: OrganizationRow, user_id: str) -> str:
    """Return the name of the organization or user of a budget for a sentence."""
    return f"user {user_id} of {organization.id}" if user_id else f"organization {organization.id}"


def _nanos(text: str) -> int:
    """Return the amount of a budget in nanos; 0 when the text is not a valid amount."""
    try:
        return monthly_of(text.encode())
    except ValueError:
        return 0


def _object(organization: OrganizationRow, user_id: str) -> str:
    return f"{organization.id} {user_id}" if user_id else organization.id
