"""tollbook event-types: map types of CloudEvents to meters."""

import click

from tollbook.administration.event_types import (
    list_event_types,
    remove_event_type,
    set_event_type,
)
from tollbook.api.endpoints.event_types import event_type_answer
from tollbook.cli.choices import command_line, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_result, print_rows
from tollbook.settings import Settings
from tollbook.wiring import open_migrated

verb = VerbGroup()
_type = click.argument("type", help="The type of CloudEvents.")


@verb.command("set")
@_type
@click.argument("meter", help="The meter of its events.")
@shared_options
def _set(options: Options, settings: Settings) -> int:
    """Map a type of CloudEvents to a meter."""
    with open_migrated(settings).writing() as transaction:
        actor = command_line(options.tenant)
        found = set_event_type(transaction, actor, options.type, options.meter)
    sentence = f"{found.name} is mapped to {found.meter}"
    print_result(event_type_answer(found), sentence, json=options.json)
    return 0


@verb.command("remove")
@_type
@shared_options
def _remove(options: Options, settings: Settings) -> int:
    """Remove the mapping of a type."""
    with open_migrated(settings).writing() as transaction:
        found = remove_event_type(transaction, command_line(options.tenant), options.type)
    print_result(event_type_answer(found), f"{found.name} is no longer mapped", json=options.json)
    return 0


@verb.command("list")
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List the mapped types."""
    with open_migrated(settings).reading() as snapshot:
        found = list_event_types(snapshot, options.tenant)
    if options.json:
        print_json([event_type_answer(it) for it in found])
    else:
        rows = ((it.name, it.meter) for it in found)
        print_rows(("Type", "Meter"), rows, "no types are mapped yet")
    return 0
