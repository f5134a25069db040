"""tollbook origins: register the origins of pages that show usage."""

import click

from tollbook.administration.origins import add_origin, remove_origin
from tollbook.api.endpoints.origins import origin_answer
from tollbook.cli.choices import command_line, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_result, print_rows
from tollbook.domain.events import instant_of
from tollbook.settings import Settings
from tollbook.store.origins import list_origins
from tollbook.wiring import open_migrated

verb = VerbGroup()
_origin = click.argument("origin", help="The origin, such as https://app.example.com.")


@verb.command("add")
@_origin
@shared_options
def _add(options: Options, settings: Settings) -> int:
    """Register an origin."""
    with open_migrated(settings).writing() as transaction:
        found, is_new = add_origin(transaction, command_line(options.tenant), options.origin)
    sentence = f"{found.origin} is {'registered' if is_new else 'registered already'}"
    print_result(origin_answer(found), sentence, json=options.json)
    return 0


@verb.command("remove")
@_origin
@shared_options
def _remove(options: Options, settings: Settings) -> int:
    """Remove an origin."""
    with open_migrated(settings).writing() as transaction:
        found = remove_origin(transaction, command_line(options.tenant), options.origin)
    print_result(origin_answer(found), f"{found.origin} is removed", json=options.json)
    return 0


@verb.command("list")
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List the registered origins."""
    with open_migrated(settings).reading() as snapshot:
        found = list_origins(snapshot, options.tenant)
    if options.json:
        print_json([origin_answer(it) for it in found])
    else:
        rows = ((it.origin, f"{instant_of(it.created_at):%Y-%m-%d}") for it in found)
        print_rows(("Origin", "Registered"), rows, "no origins are registered yet")
    return 0
