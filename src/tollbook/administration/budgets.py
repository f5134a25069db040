"""Set and remove budgets, each with its trigger."""

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.domain.budgets import (
    DEFAULT_ALERTS,
    Budget,
    BudgetPeriod,
    alert_problems,
    budget_amount_of,
    budget_amount_problem,
)
from tollbook.domain.errors import NotFound, Problem, refuse
from tollbook.domain.exact import amount_text
from tollbook.store import budget_triggers, budgets
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Transaction
from tollbook.store.directory import OrganizationRow


class NewBudget(msgspec.Struct):
    """A budget to set, in the currency of the organization, for one of the periods.

    As text, an amount loses no digits.
    """

    monthly: float | str | UnsetType = UNSET
    alert_at: tuple[float, ...] = DEFAULT_ALERTS
    weekly: float | str | UnsetType = UNSET
    daily: float | str | UnsetType = UNSET


def set_budget(
    transaction: Transaction,
    actor: Actor,
    organization: OrganizationRow,
    user_id: str,
    new: NewBudget,
) -> Budget:
    """Set or replace the budget of an organization or one of its users for a period."""
    period = _period_of(new)
    amount = _nanos(str(getattr(new, period.adverb)))
    problem = None if amount else budget_amount_problem(period.adverb)
    refuse([problem, *alert_problems(new.alert_at)])
    alerts = tuple(sorted(new.alert_at))
    budget = Budget(user_id, amount, alerts, actor.at, actor.at, period)
    before = budgets.set_budget(transaction, organization.number, budget)
    budget_triggers.keep(transaction, actor.tenant, organization.number, budget)
    details = {
        period.adverb: amount_text(amount),
        "alert_at": alerts,
        "before": amount_text(before.amount) if before else None,
    }
    what, number = _object(organization, user_id), organization.number
    write_act(transaction, actor, "budget.set", what, details, organization=number)
    created_at = before.created_at if before else actor.at
    return msgspec.structs.replace(budget, created_at=created_at)


def remove_budget(
    transaction: Transaction,
    actor: Actor,
    organization: OrganizationRow,
    user_id: str,
    period: BudgetPeriod = BudgetPeriod.MONTH,
) -> Budget:
    """Remove a budget and return it."""
    number = organization.number
    removed = budgets.remove_budget(transaction, number, user_id, actor.at, period)
    if removed is None:
        kind = "budget" if period is BudgetPeriod.MONTH else f"{period.adverb} budget"
        raise NotFound(f"{holder_name(organization, user_id)} has no {kind}")
    budget_triggers.remove(transaction, actor.tenant, number, removed)
    details = {"before": amount_text(removed.amount)}
    if period is not BudgetPeriod.MONTH:
        details["period"] = period.value
    what = _object(organization, user_id)
    write_act(transaction, actor, "budget.remove", what, details, organization=number)
    return removed


def holder_name(organization: OrganizationRow, user_id: str) -> str:
    """Return the name of the organization or user of a budget for a sentence."""
    return f"user {user_id} of {organization.id}" if user_id else f"organization {organization.id}"


def _period_of(new: NewBudget) -> BudgetPeriod:
    """Return the period of a new budget; raise `InvalidRequest` unless it names one."""
    given = [it for it in BudgetPeriod if getattr(new, it.adverb) is not UNSET]
    if not given:
        refuse([Problem("monthly", "missing_field", "daily, weekly or monthly is required")])
    sentence = "daily, weekly and monthly are budgets of their own: name one of them"
    refuse(Problem(it.adverb, "not_together", sentence) for it in given if len(given) > 1)
    return given[0]


def _nanos(text: str) -> int:
    """Return the amount of a budget in nanos; 0 when the text is not a valid amount."""
    try:
        return budget_amount_of(text.encode())
    except ValueError:
        return 0


def _object(organization: OrganizationRow, user_id: str) -> str:
    return f"{organization.id} {user_id}" if user_id else organization.id
