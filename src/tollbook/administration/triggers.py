"""Add, change and remove triggers."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from tollbook.administration.trigger_terms import (
    COST_SUFFIX,
    ChosenThresholds,
    NewTrigger,
    TriggerThresholds,
    chosen_thresholds,
    endpoints_problem,
    field_problems,
    foreign_endpoint_problem,
    require_figure,
)
from tollbook.domain.directory import currency_problem, text_problem
from tollbook.domain.errors import NotFound, Problem, refuse
from tollbook.domain.keys import KeyScope
from tollbook.domain.trigger_errors import ImmutableField, ManagedByBudget, TooManyTriggers
from tollbook.domain.triggers import (
    LONGEST_TRIGGER_NAME,
    MOST_HOURLY,
    MOST_OF_ORGANIZATION,
    MOST_THRESHOLDS,
    MOST_TRIGGERS,
    WHOLE_TENANT,
    Trigger,
    TriggerOwner,
    TriggerPeriod,
    TriggerSource,
    TriggerStatus,
    WatchedFigure,
    new_trigger_id,
    with_since,
)
from tollbook.store import directory, endpoints, meters, triggers
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Snapshot, Transaction


class TriggerChange(TriggerThresholds, kw_only=True):
    """A change of a trigger: its name, thresholds of the same kind, endpoints, and status."""

    name: str | UnsetType = UNSET
    endpoint_ids: tuple[str, ...] | UnsetType = UNSET
    status: TriggerStatus | UnsetType = UNSET


def add_trigger(
    transaction: Transaction, actor: Actor, scope: KeyScope, new: NewTrigger
) -> Trigger:
    """Add a trigger that a key of this scope may have.

    Raise `NotFound` for an unknown organization or user, `InvalidFigure` for what cannot be
    computed, and `TooManyTriggers` beyond the limits. Its endpoints must be those of its owner.
    """
    refuse(field_problems(new))
    chosen = chosen_thresholds(new, new.figure)
    number = _subject(transaction, actor.tenant, new)
    require_figure(new, chosen.kind, meters.read_catalog(transaction, actor.tenant))
    trigger = Trigger(
        id=new_trigger_id(),
        organization=number,
        user_id=new.user_id or "",
        name=new.name,
        figure=new.figure,
        category=(new.category or "").removesuffix(COST_SUFFIX),
        meter=new.meter or "",
        currency=_currency(transaction, actor.tenant, new),
        period=new.period,
        kind=chosen.kind,
        thresholds=with_since(chosen.at, (), actor.at),
        owner=_owner(scope, new),
        endpoint_ids=new.endpoint_ids,
        status=new.status,
        created_at=actor.at,
        changed_at=actor.at,
        watched_from=actor.at,
    )
    _require_endpoints(transaction, actor.tenant, trigger)
    # The token is changed first, so that parallel additions wait for each other.
    triggers.change_triggers_token(transaction, actor.tenant)
    _require_room(triggers.triggers(transaction, actor.tenant), trigger)
    triggers.put_trigger(transaction, actor.tenant, trigger)
    _write_act(transaction, actor, "trigger.add", trigger, _details(trigger))
    return trigger


def change_trigger(
    transaction: Transaction, actor: Actor, trigger: Trigger, change: TriggerChange
) -> Trigger:
    """Change a trigger; what it has fired stays."""
    _require_own(trigger)
    refuse(_change_problems(change))
    after = msgspec.structs.replace(
        trigger,
        name=trigger.name if change.name is UNSET else change.name,
        endpoint_ids=trigger.endpoint_ids if change.endpoint_ids is UNSET else change.endpoint_ids,
        status=trigger.status if change.status is UNSET else change.status,
        thresholds=_changed_thresholds(trigger, change, actor.at),
        changed_at=actor.at,
    )
    if trigger.status is TriggerStatus.PAUSED and after.status is TriggerStatus.ACTIVE:
        # Resumed, it looks at the running period only.
        after = msgspec.structs.replace(after, watched_from=actor.at)
    if change.endpoint_ids is not UNSET:
        _require_endpoints(transaction, actor.tenant, after)
    triggers.change_triggers_token(transaction, actor.tenant)
    others = [it for it in triggers.triggers(transaction, actor.tenant) if it.id != after.id]
    _require_room(others, after)
    triggers.put_trigger(transaction, actor.tenant, after)
    changed = [it for it in _CHANGEABLE if getattr(trigger, it) != getattr(after, it)]
    _write_act(transaction, actor, "trigger.change", after, {"changed": changed})
    return after


def remove_trigger(transaction: Transaction, actor: Actor, trigger: Trigger) -> Trigger:
    """Remove a trigger; what it has fired stays for the time that its periods are watched."""
    _require_own(trigger)
    triggers.remove_triggers(transaction, actor.tenant, [trigger.id])
    _write_act(transaction, actor, "trigger.remove", trigger, {})
    return trigger


_CHANGE_FIELDS = TriggerChange.__struct_fields__
_CHANGEABLE = ("name", "thresholds", "endpoint_ids", "status")


def require_changeable(names: set[str]) -> None:
    """Raise `ImmutableField` when a change names a field that cannot change."""
    fixed = sorted(names & set(NewTrigger.__struct_fields__) - set(_CHANGE_FIELDS))
    if fixed:
        sentence = f"{fixed[0]} cannot change: add another trigger"
        raise ImmutableField(sentence, [Problem(it, "immutable_field", sentence) for it in fixed])


def _subject(snapshot: Snapshot, tenant: str, new: NewTrigger) -> int:
    if new.organization_id is None:
        return WHOLE_TENANT
    row = directory.find_organization(snapshot, tenant, new.organization_id)
    if row is None or row.status == directory.UNKNOWN:
        raise NotFound("Organization not found")
    if new.user_id is not None and not directory.find_user(snapshot, row.number, new.user_id):
        raise NotFound("User not found")
    return row.number


def _currency(snapshot: Snapshot, tenant: str, new: NewTrigger) -> str:
    if new.organization_id is not None or new.figure is not WatchedFigure.COST:
        return ""
    if new.currency is None:
        return directory.tenant_currency(snapshot, tenant)
    refuse([currency_problem(new.currency)])
    return new.currency


def _owner(scope: KeyScope, new: NewTrigger) -> TriggerOwner:
    usual = TriggerOwner.TENANT if scope.organization_id is None else TriggerOwner.ORGANIZATION
    owner = usual if new.owner is UNSET else new.owner
    if scope.organization_id is not None and owner is not TriggerOwner.ORGANIZATION:
        sentence = "owner must be organization for a key of an organization"
        refuse([Problem("owner", "invalid_choice", sentence)])
    if owner is TriggerOwner.ORGANIZATION and new.organization_id is None:
        sentence = "owner must be tenant for a trigger on the whole tenant"
        refuse([Problem("owner", "invalid_choice", sentence)])
    return owner


def _require_endpoints(snapshot: Snapshot, tenant: str, trigger: Trigger) -> None:
    """Refuse endpoints that are not the owner's: they would receive nothing, or another's data."""
    if not trigger.endpoint_ids:
        return
    owner = trigger.organization if trigger.owner is TriggerOwner.ORGANIZATION else None
    of_owner = {
        it.id for it in endpoints.list_endpoints(snapshot, tenant) if it.organization == owner
    }
    refuse([foreign_endpoint_problem(it) for it in trigger.endpoint_ids if it not in of_owner])


def _require_room(others: list[Trigger], new: Trigger) -> None:
    own = [it for it in others if it.source is TriggerSource.API]
    hourly = sum(it.period is TriggerPeriod.HOUR for it in (*own, new))
    thresholds = sum(len(it.thresholds) for it in (*own, new))
    of_organization = sum(
        it.owner is TriggerOwner.ORGANIZATION and it.organization == new.organization
        for it in (*own, new)
    )
    limits = (
        (len(own) + 1, MOST_TRIGGERS, "triggers"),
        (hourly, MOST_HOURLY, "hourly triggers"),
        (thresholds, MOST_THRESHOLDS, "thresholds"),
    )
    for number, most, what in limits:
        if number > most:
            raise TooManyTriggers(f"a tenant may have at most {most} {what}")
    if new.owner is TriggerOwner.ORGANIZATION and of_organization > MOST_OF_ORGANIZATION:
        raise TooManyTriggers(f"an organization may own at most {MOST_OF_ORGANIZATION} triggers")


def _require_own(trigger: Trigger) -> None:
    if trigger.source is TriggerSource.BUDGET:
        raise ManagedByBudget("this trigger is that of a budget: change the budget instead")


def _change_problems(change: TriggerChange) -> list[Problem | None]:
    name = None
    if change.name is not UNSET:
        name = text_problem("name", change.name, LONGEST_TRIGGER_NAME)
    ids = () if change.endpoint_ids is UNSET else change.endpoint_ids
    return [name, endpoints_problem(ids)]


def _changed_thresholds(trigger: Trigger, change: TriggerChange, now: int) -> Any:
    if all(getattr(change, it) is UNSET for it in TriggerThresholds.__struct_fields__):
        return trigger.thresholds
    chosen: ChosenThresholds = chosen_thresholds(change, trigger.figure)
    if chosen.kind is not trigger.kind:
        sentence = "the kind of the thresholds cannot change: add another trigger"
        raise ImmutableField(sentence)
    return with_since(chosen.at, trigger.thresholds, now)


def _write_act(
    transaction: Transaction, actor: Actor, action: str, trigger: Trigger, details: dict[str, Any]
) -> None:
    what, number = f"trigger {trigger.id}", trigger.organization or None
    write_act(transaction, actor, action, what, details, organization=number)


def _details(trigger: Trigger) -> dict[str, Any]:
    """Return what the audit log has of a trigger: no name, which is free text."""
    names = ("user_id", "figure", "category", "meter", "currency", "period", "kind", "owner")
    return {it: str(getattr(trigger, it)) for it in names if getattr(trigger, it)}
