"""tollbook triggers: what notifies of usage and cost."""

import click
import msgspec

from tollbook.administration.trigger_terms import CATEGORIES, DeviationTerms, NewTrigger
from tollbook.administration.triggers import (
    TriggerChange,
    add_trigger,
    change_trigger,
    remove_trigger,
)
from tollbook.api.endpoints.trigger_answers import TriggerAnswer, trigger_answers
from tollbook.cli.choices import (
    amounts_option,
    command_line,
    named_organization,
    refuse_no_change,
    shared_options,
)
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_result, print_rows
from tollbook.cli.parameters import CURRENCY
from tollbook.domain.errors import NotFound
from tollbook.domain.keys import KeyScope
from tollbook.domain.triggers import (
    Direction,
    Sensitivity,
    Trigger,
    TriggerOwner,
    TriggerPeriod,
    TriggerStatus,
    WatchedFigure,
)
from tollbook.settings import Settings
from tollbook.store import triggers
from tollbook.store.database import Snapshot, Transaction
from tollbook.wiring import now, open_migrated

verb = VerbGroup()
_id = click.argument("id", help="The id of the trigger.")
_at = click.option("--at", multiple=True, help="A value to notify at; repeatable.")
_at_budget = click.option(
    "--at-budget", multiple=True, help="A fraction of the budget to notify at; repeatable."
)
_deviation = click.option(
    "--deviation",
    type=click.Choice([it.value for it in Sensitivity]),
    help="Notify when the figure differs from the usual, with this sensitivity.",
)
_direction = click.option(
    "--direction",
    type=click.Choice([it.value for it in Direction]),
    default=Direction.ABOVE.value,
    help="The side of the usual.",
)
_endpoint = click.option("--endpoint", multiple=True, help="Notify only this endpoint; repeatable.")


@verb.command("list")
@click.argument("organization", required=False, help="Only triggers on this organization.")
@amounts_option
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List triggers and how they stand."""
    with open_migrated(settings).reading() as snapshot:
        row = named_organization(snapshot, options)
        number = row.number if row else None
        found = triggers.triggers(snapshot, options.tenant)
        listed = [it for it in found if number in (None, it.organization)]
        answers = trigger_answers(snapshot, options.tenant, listed, now())
    if options.json:
        print_json({"success": True, "triggers": answers})
    else:
        columns = ("Trigger", "Name", "Subject", "Figure", "Period", "Value", "Reached", "Status")
        print_rows(columns, map(_cells, answers), "there are no triggers yet")
    return 0


def _cells(it: TriggerAnswer) -> tuple[str | None, ...]:
    state = it.state
    return (
        it.id,
        it.name,
        " ".join(filter(None, (it.organization_id, it.user_id))) or None,
        it.category or " ".join(filter(None, (it.meter, it.figure.value))),
        it.period.value,
        msgspec.json.encode(state.value).decode() if state else None,
        str(len(state.reached)) if state else None,
        it.status.value,
    )


@verb.command("add")
@click.argument("name", help="The name, which notifications carry.")
@click.option("--organization", help="An organization, instead of the whole tenant.")
@click.option("--user", help="A user of the organization.")
@click.option(
    "--figure",
    type=click.Choice([it.value for it in WatchedFigure]),
    default=WatchedFigure.COST.value,
    help="What is watched.",
)
@click.option("--category", type=click.Choice(CATEGORIES), help="Only this cost.")
@click.option("--meter", help="Only this meter.")
@click.option("--currency", type=CURRENCY, help="The currency of costs of the whole tenant.")
@click.option(
    "--period",
    type=click.Choice([it.value for it in TriggerPeriod]),
    required=True,
    help="The period that the figure is of.",
)
@_at
@_at_budget
@_deviation
@_direction
@click.option(
    "--owner",
    type=click.Choice([TriggerOwner.TENANT.value, TriggerOwner.ORGANIZATION.value]),
    default=TriggerOwner.TENANT.value,
    help="Who sees it and receives its notifications.",
)
@_endpoint
@amounts_option
@shared_options
def _add(options: Options, settings: Settings) -> int:
    """Add a trigger."""
    new = NewTrigger(
        name=options.name,
        organization_id=options.organization,
        user_id=options.user,
        figure=WatchedFigure(options.figure),
        category=options.category,
        meter=options.meter,
        currency=options.currency,
        period=TriggerPeriod(options.period),
        owner=TriggerOwner(options.owner),
        endpoint_ids=tuple(options.endpoint),
    )
    _set_thresholds(new, options)
    with open_migrated(settings).writing() as transaction:
        scope = KeyScope(options.tenant)
        trigger = add_trigger(transaction, command_line(options.tenant), scope, new)
        return _show(transaction, options, trigger, "added")


@verb.command("change")
@_id
@click.option("--name", help="Another name.")
@_at
@_at_budget
@_deviation
@_direction
@_endpoint
@click.option(
    "--status",
    type=click.Choice([it.value for it in TriggerStatus]),
    help="Pause it, or activate it again.",
)
@amounts_option
@shared_options
def _change(options: Options, settings: Settings) -> int:
    """Change a trigger; what it has notified stays."""
    change = TriggerChange()
    _set_thresholds(change, options)
    if options.name is not None:
        change.name = options.name
    if options.endpoint:
        change.endpoint_ids = tuple(options.endpoint)
    if options.status is not None:
        change.status = TriggerStatus(options.status)
    refuse_no_change(change)
    with open_migrated(settings).writing() as transaction:
        trigger = _find(transaction, options)
        actor = command_line(options.tenant)
        changed = change_trigger(transaction, actor, trigger, change)
        return _show(transaction, options, changed, "changed")


@verb.command("remove")
@_id
@amounts_option
@shared_options
def _remove(options: Options, settings: Settings) -> int:
    """Remove a trigger."""
    with open_migrated(settings).writing() as transaction:
        trigger = _find(transaction, options)
        _show(transaction, options, trigger, "removed")
        remove_trigger(transaction, command_line(options.tenant), trigger)
    return 0


def _set_thresholds(terms: NewTrigger | TriggerChange, options: Options) -> None:
    if options.at:
        terms.at = tuple(options.at)
    if options.at_budget:
        terms.at_budget = tuple(options.at_budget)
    if options.deviation is not None:
        direction = Direction(options.direction)
        terms.deviation = DeviationTerms(Sensitivity(options.deviation), direction)


def _find(snapshot: Snapshot, options: Options) -> Trigger:
    found = triggers.find_trigger(snapshot, options.tenant, options.id)
    if found is None:
        raise NotFound(f"tenant {options.tenant} has no trigger {options.id}")
    return found


def _show(transaction: Transaction, options: Options, trigger: Trigger, word: str) -> int:
    (answer,) = trigger_answers(transaction, options.tenant, [trigger], now())
    print_result(answer, f"trigger {trigger.id} {word}", json=options.json)
    return 0
