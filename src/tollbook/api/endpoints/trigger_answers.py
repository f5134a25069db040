"""Triggers as they are answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.administration.trigger_terms import COST_SUFFIX, DeviationTerms
from tollbook.alerts.firing import currency_of, shown
from tollbook.alerts.trigger_status import RunningStatus, running_statuses
from tollbook.domain.events import instant_of
from tollbook.domain.exact import AmountJson
from tollbook.domain.triggers import (
    Direction,
    ThresholdKind,
    Trigger,
    TriggerOwner,
    TriggerPeriod,
    TriggerSource,
    TriggerStatus,
    WatchedFigure,
)
from tollbook.store.database import Snapshot


class StatePeriod(msgspec.Struct, frozen=True, kw_only=True):
    """The running period of a trigger; all time has neither start nor end."""

    name: str
    start: str | None = msgspec.field(name="from")
    end: str | None = msgspec.field(name="to")


class TriggerState(msgspec.Struct, frozen=True, kw_only=True):
    """How a trigger stands in its running period.

    `reached` and `cleared` are thresholds, or directions of a deviation. A deviation is `learning`
    while it has less than 28 days of history.
    """

    period: StatePeriod
    value: AmountJson
    as_of: datetime | None
    reached: list[Any]
    cleared: list[Any]
    learning: bool


class TriggerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger with its state."""

    id: str
    source: TriggerSource
    name: str
    organization_id: str | None
    user_id: str | None
    figure: WatchedFigure
    category: str | None
    meter: str | None
    currency: str | None
    period: TriggerPeriod
    at: list[Any] | UnsetType = UNSET
    at_budget: list[float] | UnsetType = UNSET
    deviation: DeviationTerms | UnsetType = UNSET
    owner: TriggerOwner
    endpoint_ids: tuple[str, ...]
    status: TriggerStatus
    created_at: datetime
    changed_at: datetime
    state: TriggerState | None


def trigger_answers(
    snapshot: Snapshot, tenant: str, found: Sequence[Trigger], now: int
) -> list[TriggerAnswer]:
    """Return triggers with how they stand."""
    statuses = running_statuses(snapshot, tenant, found, now)
    return [_answer(it, statuses.get(it.id)) for it in found]


def _answer(trigger: Trigger, status: RunningStatus | None) -> TriggerAnswer:
    organization = status.organization if status else None
    return TriggerAnswer(
        id=trigger.id,
        source=trigger.source,
        name=trigger.name,
        organization_id=organization.id if organization else None,
        user_id=trigger.user_id or None,
        figure=trigger.figure,
        category=f"{trigger.category}{COST_SUFFIX}" if trigger.category else None,
        meter=trigger.meter or None,
        currency=currency_of(trigger, organization),
        period=trigger.period,
        owner=trigger.owner,
        endpoint_ids=trigger.endpoint_ids,
        status=trigger.status,
        created_at=instant_of(trigger.created_at),
        changed_at=instant_of(trigger.changed_at),
        state=_state(trigger, status) if status else None,
        **_thresholds(trigger),
    )


def _thresholds(trigger: Trigger) -> dict[str, Any]:
    if trigger.kind is ThresholdKind.VALUE:
        return {"at": [shown(trigger.figure, int(it.at)) for it in trigger.thresholds]}
    if trigger.kind is ThresholdKind.BUDGET:
        return {"at_budget": [float(it.at) for it in trigger.thresholds]}
    directions = trigger.directions
    direction = directions[0] if len(directions) == 1 else Direction.BOTH
    return {"deviation": DeviationTerms(trigger.sensitivity, direction)}


def _state(trigger: Trigger, status: RunningStatus) -> TriggerState:
    start, end = status.span.bounds

    def thresholds(some: Sequence[str]) -> list[Any]:
        if trigger.kind is ThresholdKind.DEVIATION:
            return sorted(some)
        return [shown(trigger.figure, it) for it in sorted(map(int, some))]

    return TriggerState(
        period=StatePeriod(name=status.span.name, start=start, end=end),
        value=shown(trigger.figure, status.value),
        as_of=instant_of(status.as_of) if status.as_of else None,
        reached=thresholds(status.reached),
        cleared=thresholds(status.cleared),
        learning=status.learning,
    )
