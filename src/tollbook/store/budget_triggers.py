"""The trigger of each budget, which is changed with it."""

from tollbook.domain.budgets import Budget
from tollbook.domain.triggers import (
    ThresholdKind,
    Trigger,
    TriggerOwner,
    TriggerPeriod,
    TriggerSource,
    WatchedFigure,
    budget_trigger_id,
    with_since,
)
from tollbook.store import triggers
from tollbook.store.database import Transaction


def keep(transaction: Transaction, tenant: str, number: int, budget: Budget) -> None:
    """Insert or replace the trigger of a budget that was set."""
    identity = budget_trigger_id(number, budget.user_id, budget.period)
    before = triggers.find_trigger(transaction, tenant, identity)
    now = budget.changed_at
    wanted = tuple(map(str, budget.alert_at))
    trigger = Trigger(
        id=identity,
        organization=number,
        user_id=budget.user_id,
        source=TriggerSource.BUDGET,
        name=f"{budget.period.adverb.capitalize()} budget",
        figure=WatchedFigure.COST,
        period=TriggerPeriod(budget.period.value),
        kind=ThresholdKind.BUDGET,
        thresholds=with_since(wanted, before.thresholds if before else (), now),
        owner=TriggerOwner.BOTH,
        created_at=before.created_at if before else now,
        changed_at=now,
        watched_from=before.watched_from if before else now,
    )
    triggers.put_trigger(transaction, tenant, trigger)


def remove(transaction: Transaction, tenant: str, number: int, budget: Budget) -> None:
    """Delete the trigger of a budget that was removed."""
    identity = budget_trigger_id(number, budget.user_id, budget.period)
    triggers.remove_triggers(transaction, tenant, [identity])
