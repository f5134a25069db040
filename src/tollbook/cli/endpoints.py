"""tollbook endpoints: where notifications are sent."""

import click

from tollbook.administration import endpoints as administration
from tollbook.administration.endpoints import EndpointChange, NewEndpoint, Protection
from tollbook.api.endpoints.endpoint_answers import shown_endpoints
from tollbook.cli.choices import command_line, named_organization, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_result, print_rows
from tollbook.cli.parameters import whole
from tollbook.domain.endpoints import (
    DEFAULT_OVERLAP_SECONDS,
    MOST_OVERLAP_SECONDS,
    AlertEndpoint,
    EndpointKind,
)
from tollbook.domain.errors import NotFound
from tollbook.settings import Settings
from tollbook.store import endpoints
from tollbook.store.database import Database, Snapshot
from tollbook.wiring import open_migrated, secret_keys_of
from tollbook.wiring_alerts import protection_of

verb = VerbGroup()
_id = click.argument("id", help="The id, such as end_0123456789abcdef0123456789.")
_types = click.option("--type", "type", multiple=True, help="Only this type; repeatable.")


@verb.command("add")
@click.argument("receiver", help="The URL, or the addresses of mails, separated by commas.")
@click.option("--name", default="command line", help="What the endpoint is for.")
@click.option(
    "--kind", type=click.Choice([it.value for it in EndpointKind]), default="webhook", help="Kind."
)
@_types
@click.option("--organization", help="The organization that owns it, instead of the tenant.")
@shared_options
def _add(options: Options, settings: Settings) -> int:
    """Add an endpoint, and show its secret once."""
    database = open_migrated(settings)
    is_mail = options.kind == EndpointKind.MAIL
    new = NewEndpoint(
        name=options.name,
        url=None if is_mail else options.receiver,
        to=_addresses(options.receiver) if is_mail else [],
        kind=EndpointKind(options.kind),
        types=list(options.type),
        organization_id=options.organization,
    )
    with database.writing() as transaction:
        organization = named_organization(transaction, options)
        protection = _protection(settings, database)
        actor = command_line(options.tenant)
        found, secret = administration.add_endpoint(
            transaction, actor, new, organization, protection
        )
        (shown,) = shown_endpoints(transaction, [found])
    answer = {"endpoint": shown, "secret": secret}
    print_result(answer, secret or found.id, json=options.json)
    return 0


@verb.command("change")
@_id
@click.option("--enable/--disable", "enabled", default=None, help="Send to it, or stop.")
@click.option("--name", help="What the endpoint is for.")
@click.option("--url", help="The URL, which must begin with https://.")
@click.option("--to", help="The addresses of mails, separated by commas.")
@_types
@click.option("--all-types", is_flag=True, help="Every type, instead of some.")
@click.option("--skip-pending", is_flag=True, help="Discard what waits for it.")
@click.option("--resubscribe", is_flag=True, help="Send to addresses that have unsubscribed, too.")
@shared_options
def _change(options: Options, settings: Settings) -> int:
    """Change an endpoint, enable or disable it."""
    if options.type and options.all_types:
        raise click.UsageError("--type cannot be used with --all-types")
    database = open_migrated(settings)
    given = {name: getattr(options, name) for name in ("name", "url", "enabled")}
    given["types"] = list(options.type) if options.type or options.all_types else None
    given["to"] = None if options.to is None else _addresses(options.to)
    present = {name: value for name, value in given.items() if value is not None}
    flags = {name: getattr(options, name) for name in ("skip_pending", "resubscribe")}
    change = EndpointChange(**present, **flags)
    with database.writing() as transaction:
        found = _find(transaction, options)
        protection = _protection(settings, database)
        changed = administration.change_endpoint(
            transaction, command_line(options.tenant), found, change, protection
        )
        (shown,) = shown_endpoints(transaction, [changed])
    print_result(shown, f"{changed.id} is {changed.status}", json=options.json)
    return 0


@verb.command("rotate")
@_id
@click.option(
    "--overlap-seconds",
    type=whole("number of seconds", 0, MOST_OVERLAP_SECONDS),
    default=DEFAULT_OVERLAP_SECONDS,
    help="How long the old secret also signs.",
)
@shared_options
def _rotate(options: Options, settings: Settings) -> int:
    """Make a new secret, and show it once."""
    database = open_migrated(settings)
    with database.writing() as transaction:
        found = _find(transaction, options)
        protection = _protection(settings, database)
        actor = command_line(options.tenant)
        changed, secret = administration.rotate_secret(
            transaction, actor, found, options.overlap_seconds, protection
        )
        (shown,) = shown_endpoints(transaction, [changed])
    print_result({"endpoint": shown, "secret": secret}, secret, json=options.json)
    return 0


@verb.command("test")
@_id
@shared_options
def _test(options: Options, settings: Settings) -> int:
    """Send a test message."""
    with open_migrated(settings).writing() as transaction:
        found = _find(transaction, options)
        sent = administration.send_test(transaction, command_line(options.tenant), found)
    answer = {"notification_id": sent}
    print_result(answer, f"{sent} waits for {found.id}", json=options.json)
    return 0


@verb.command("remove")
@_id
@shared_options
def _remove(options: Options, settings: Settings) -> int:
    """Remove an endpoint."""
    with open_migrated(settings).writing() as transaction:
        found = _find(transaction, options)
        (shown,) = shown_endpoints(transaction, [found])
        administration.remove_endpoint(transaction, command_line(options.tenant), found)
    print_result(shown, f"{found.id} is removed", json=options.json)
    return 0


@verb.command("list")
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List the endpoints."""
    with open_migrated(settings).reading() as snapshot:
        found = endpoints.list_endpoints(snapshot, options.tenant)
        shown = shown_endpoints(snapshot, found)
    if options.json:
        print_json(shown)
    else:
        rows = ((it.id, it.name, it.kind, it.url or ", ".join(it.to), it.status) for it in shown)
        headers = ("Id", "Name", "Kind", "Receiver", "Status")
        print_rows(headers, rows, "there are no endpoints yet")
    return 0


def _addresses(text: str) -> list[str]:
    return [it.strip() for it in text.split(",")]


def _find(snapshot: Snapshot, options: Options) -> AlertEndpoint:
    found = endpoints.find_endpoint(snapshot, options.tenant, options.id)
    if found is None:
        raise NotFound(f"tenant {options.tenant} has no endpoint {options.id}")
    return found


def _protection(settings: Settings, database: Database) -> Protection:
    return protection_of(settings, secret_keys_of(settings, database))
