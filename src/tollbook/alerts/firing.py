"""What a look has found: thresholds reached and cleared, written once and notified."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from tollbook.alerts.stopping import stop_at
from tollbook.alerts.watched import Amount, WatchedTenant
from tollbook.alerts.worker import Work
from tollbook.domain.events import instant_of
from tollbook.domain.exact import raw_amount, raw_quantity
from tollbook.domain.notifications import Notification, NotificationType
from tollbook.domain.trigger_periods import Span
from tollbook.domain.triggers import (
    WHOLE_TENANT,
    ThresholdKind,
    Trigger,
    TriggerOwner,
    TriggerSource,
    WatchedFigure,
)
from tollbook.store import trigger_states, triggers
from tollbook.store.database import Transaction
from tollbook.store.notifications import add_notifications
from tollbook.store.trigger_states import Baseline, ReachedThreshold
from tollbook.store.watched_sums import WatchedOrganization

MOST_WRITTEN = 500
"""The most outcomes in one transaction: others wait for its locks."""


class Usual(NamedTuple):
    """What a deviation expects, and the value from which it fires in a direction."""

    direction: str
    expected: int
    bound: int


class Crossing(NamedTuple):
    """A threshold that was reached or, with `cleared`, is no longer.

    `state` is the row that claims it. `at` is when it became true, `as_of` when the ledger changed.
    """

    trigger: Trigger
    organization: WatchedOrganization | None
    span: Span
    state: ReachedThreshold
    value: int
    at: int
    as_of: int
    amount: Amount | None = None
    usual: Usual | None = None
    forecast: int | None = None
    cleared: bool = False


class TriggersChanged(Exception):
    """Triggers, budgets or zones changed since the look began: it begins again."""


def write(work: Work, tenant: WatchedTenant, outcomes: Sequence[Crossing]) -> list[Crossing]:
    """Store outcomes and notify of them; return those that no look had stored before.

    Raise `TriggersChanged` when the tenant's triggers are not those that were looked at.
    """
    stored = []
    for at in range(0, len(outcomes), MOST_WRITTEN):
        with work.lease.writing() as transaction:
            if triggers.tokens_of(transaction, tenant.id) != tenant.tokens:
                raise TriggersChanged
            some = [it for it in outcomes[at : at + MOST_WRITTEN] if _store(transaction, it)]
            fired = [_notification(tenant, it) for it in some if it.state.notified]
            add_notifications(transaction, fired, work.clock())
            stop_at("looked")
        stop_at("fired")
        stored += some
    return stored


def freeze(work: Work, baselines: Sequence[Baseline]) -> None:
    """Store what deviations expect."""
    for at in range(0, len(baselines), MOST_WRITTEN):
        with work.lease.writing() as transaction:
            for it in baselines[at : at + MOST_WRITTEN]:
                trigger_states.freeze(transaction, it)


def _store(transaction: Transaction, it: Crossing) -> bool:
    if it.cleared:
        return trigger_states.clear(transaction, it.state, it.at)
    return trigger_states.claim(transaction, it.state)


_TYPES = {
    (TriggerSource.API, False): NotificationType.TRIGGER_REACHED,
    (TriggerSource.API, True): NotificationType.TRIGGER_CLEARED,
    (TriggerSource.BUDGET, False): NotificationType.BUDGET_REACHED,
    (TriggerSource.BUDGET, True): NotificationType.BUDGET_CLEARED,
}


def _notification(tenant: WatchedTenant, it: Crossing) -> Notification:
    trigger, owner = it.trigger, it.trigger.owner
    return Notification(
        tenant=tenant.id,
        type=_TYPES[trigger.source, it.cleared],
        occasion=(trigger.id, it.span.start, it.state.threshold),
        at=it.at,
        data=_data(it),
        organization=trigger.organization or None,
        user_id=trigger.user_id or None,
        trigger_id=trigger.id,
        meter=trigger.meter or None,
        to_tenant=owner is not TriggerOwner.ORGANIZATION,
        to_organization=owner is not TriggerOwner.TENANT,
        endpoint_ids=trigger.endpoint_ids or None,
    )


def _data(it: Crossing) -> Mapping[str, Any]:
    trigger, span = it.trigger, it.span
    start, end = span.bounds
    forecast = {} if it.forecast is None else {"forecast": raw_amount(it.forecast)}
    return {
        "trigger_id": trigger.id,
        "name": trigger.name,
        "organization_id": it.organization.id if it.organization else None,
        "user_id": trigger.user_id or None,
        "figure": trigger.figure,
        "category": f"{trigger.category}_cost" if trigger.category else None,
        "meter": trigger.meter or None,
        "currency": currency_of(trigger, it.organization),
        "period": {
            "kind": span.period,
            "name": span.name,
            "from": start,
            "to": end,
            "ended": span.end <= it.at,
        },
        "threshold": _threshold(it),
        "value": shown(trigger.figure, it.value),
        "as_of": instant_of(it.as_of).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        **forecast,
    }


def _threshold(it: Crossing) -> Mapping[str, Any]:
    figure = it.trigger.figure
    if it.usual is not None:
        return {
            "kind": ThresholdKind.DEVIATION,
            "sensitivity": it.trigger.sensitivity,
            "direction": it.usual.direction,
            "expected": shown(figure, it.usual.expected),
            "bound": shown(figure, it.usual.bound),
        }
    value = shown(figure, int(it.state.threshold))
    if it.trigger.kind is ThresholdKind.BUDGET:
        known = it.amount and {
            "fraction": float(it.amount.fraction),
            "budget": shown(figure, it.amount.budget),
        }
        return {"kind": ThresholdKind.BUDGET, **(known or {}), "value": value}
    return {"kind": ThresholdKind.VALUE, "value": value}


def currency_of(trigger: Trigger, organization: WatchedOrganization | None) -> str | None:
    """Return the currency of a trigger on cost."""
    if trigger.figure is not WatchedFigure.COST:
        return None
    return trigger.currency if trigger.organization == WHOLE_TENANT else _currency(organization)


def _currency(organization: WatchedOrganization | None) -> str | None:
    return organization.currency if organization else None


_SHOWN: dict[WatchedFigure, Callable[[int], msgspec.Raw]] = {
    WatchedFigure.COST: raw_amount,
    WatchedFigure.QUANTITY: raw_quantity,
    WatchedFigure.COUNT: lambda value: msgspec.Raw(str(value)),
}


def shown(figure: WatchedFigure, value: int) -> msgspec.Raw:
    """Return a value of a figure as an exact JSON number."""
    return _SHOWN[figure](value)
