"""tollbook tenants: create, change, delete and list the platforms that share this database."""

from collections.abc import Callable

import click

from tollbook.administration.tenants import change_tenant, create_tenant, delete_tenant
from tollbook.cli.choices import (
    Body,
    command_line,
    json_option,
    number_format_option,
    require_yes,
    yes_option,
)
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_result, print_rows
from tollbook.cli.parameters import CURRENCY
from tollbook.domain.directory import DEFAULT_CURRENCY, DEFAULT_ZONE
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.numbers import STRICT
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.directory import Tenant
from tollbook.wiring import open_migrated

verb = VerbGroup()
_id = click.argument("id", help="The id of the tenant.")


def _currency_option(default: str | None = None) -> Callable[[Body], Body]:
    return click.option(
        "--currency",
        type=CURRENCY,
        default=default,
        help="The ISO 4217 code of answers about the whole tenant.",
    )


def _zone_option(default: str | None = None) -> Callable[[Body], Body]:
    return click.option(
        "--timezone",
        default=default,
        help="The IANA time zone of triggers on the whole tenant.",
    )


@verb.command("create")
@_id
@click.option("--name", show_default="the id", help="The display name.")
@_currency_option(DEFAULT_CURRENCY)
@number_format_option(STRICT)
@_zone_option(DEFAULT_ZONE)
@json_option
def _create(options: Options, settings: Settings) -> int:
    """Create a tenant. Its events are quarantined until it has prices."""
    name = options.id if options.name is None else options.name
    tenant = Tenant(options.id, name, options.currency, options.number_format, options.timezone)
    with open_migrated(settings).writing() as transaction:
        create_tenant(transaction, command_line(tenant.id), tenant)
    print_result(tenant._asdict(), f"tenant {tenant.id} created", json=options.json)
    return 0


@verb.command("change")
@_id
@_currency_option()
@number_format_option()
@_zone_option()
@json_option
def _change(options: Options, settings: Settings) -> int:
    """Change a currency, number format or time zone."""
    given = options.currency, options.number_format, options.timezone
    if given == (None, None, None):
        raise InvalidRequest("--currency, --number-format or --timezone is required")
    with open_migrated(settings).writing() as transaction:
        actor = command_line(options.id)
        tenant = change_tenant(transaction, actor, *given)
    print_result(
        tenant._asdict(),
        f"tenant {tenant.id}: currency {tenant.currency}, number format {tenant.number_format}, "
        f"time zone {tenant.timezone}",
        json=options.json,
    )
    return 0


@verb.command("delete")
@_id
@yes_option
@json_option
def _delete(options: Options, settings: Settings) -> int:
    """Delete a tenant without events.

    Everything of it is deleted except the audit log.
    """
    require_yes(options)
    with open_migrated(settings).writing() as transaction:
        tenant = delete_tenant(transaction, command_line(options.id))
    print_result(tenant._asdict(), f"tenant {tenant.id} deleted", json=options.json)
    return 0


@verb.command("list")
@json_option
def _list(options: Options, settings: Settings) -> int:
    """List tenants."""
    with open_migrated(settings).reading() as snapshot:
        found = directory.tenants(snapshot)
    if options.json:
        print_json([it._asdict() for it in found])
    else:
        names = ("Tenant", "Name", "Currency", "Number format", "Time zone")
        print_rows(names, found, "no tenants yet")
    return 0
