"""tollbook organizations: the customers of a tenant."""

import click
import msgspec

from tollbook.cli.choices import (
    command_line,
    number_format_option,
    organization_of,
    shared_options,
)
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_line, print_rows
from tollbook.cli.parameters import CURRENCY
from tollbook.domain.directory import Organization, Status, new_organization_problems
from tollbook.domain.errors import AlreadyExists, InvalidRequest
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.audit import write_act
from tollbook.store.directory import OrganizationRow
from tollbook.wiring import ensure_tenant, now, open_migrated

verb = VerbGroup()
_id = click.argument("id", help="The id of the organization.")


@verb.command("create")
@_id
@click.option("--name", show_default="the id", help="The display name.")
@click.option("--timezone", default="UTC", help="The IANA time zone of its days.")
@click.option(
    "--currency",
    type=CURRENCY,
    show_default="that of the tenant",
    help="The currency of its costs.",
)
@number_format_option()
@shared_options
def _create(options: Options, settings: Settings) -> int:
    """Create an organization."""
    with open_migrated(settings).writing() as transaction:
        ensure_tenant(transaction, options.tenant, options.tenant)
        own = directory.tenant_currency(transaction, options.tenant)
        organization = Organization(
            options.id,
            options.id if options.name is None else options.name,
            options.timezone,
            own if options.currency is None else options.currency,
            number_format=options.number_format,
        )
        problems = new_organization_problems(organization)
        if problems:
            raise InvalidRequest.of(problems)
        if not directory.add_organization(transaction, options.tenant, organization, now()):
            raise AlreadyExists(f"organization {organization.id} exists already")
        row = organization_of(transaction, options.tenant, organization.id)
        details = {
            "timezone": row.timezone,
            "currency": row.currency,
            "status": row.status,
            "number_format": row.number_format,
        }
        actor, what = command_line(options.tenant), f"organization {row.id}"
        write_act(transaction, actor, "organization.create", what, details, row.number)
    if options.json:
        print_json(organization)
    else:
        print_line(f"organization {organization.id} created")
    return 0


@verb.command("change")
@_id
@number_format_option()
@click.option(
    "--number-format-of-tenant", is_flag=True, help="Read phone numbers as the tenant does."
)
@shared_options
def _change(options: Options, settings: Settings) -> int:
    """Change how phone numbers of an organization are read."""
    if options.number_format_of_tenant == (options.number_format is not None):
        raise click.UsageError("either --number-format or --number-format-of-tenant is required")
    with open_migrated(settings).writing() as transaction:
        row = organization_of(transaction, options.tenant, options.id)
        changed = msgspec.structs.replace(_organization(row), number_format=options.number_format)
        directory.change_organization(transaction, row.number, changed, now())
        details = {"changed": ["number_format"], "number_format": changed.number_format}
        actor, what = command_line(options.tenant), f"organization {row.id}"
        write_act(transaction, actor, "organization.change", what, details, row.number)
    if options.json:
        print_json(changed)
    else:
        written = changed.number_format or "that of its tenant"
        print_line(f"the number format of organization {changed.id} is {written}")
    return 0


def _organization(row: OrganizationRow) -> Organization:
    return Organization(
        row.id, row.name, row.timezone, row.currency, Status(row.status), row.number_format
    )


@verb.command("list")
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List organizations."""
    with open_migrated(settings).reading() as snapshot:
        found = list(map(_organization, directory.organizations(snapshot, options.tenant)))
    if options.json:
        print_json(found)
    else:
        print_rows(
            ("Organization", "Name", "Time zone", "Currency", "Status", "Number format"),
            (
                (it.id, it.name, it.timezone, it.currency, it.status, it.number_format or "")
                for it in found
            ),
            f"tenant {options.tenant} has no organizations yet",
        )
    return 0
