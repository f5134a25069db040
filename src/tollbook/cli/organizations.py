"""tollbook organizations: create, change, delete and list the customers of a tenant."""

import click

from tollbook.administration.organizations import (
    NewOrganization,
    OrganizationChange,
    change_organization,
    create_organization,
    delete_organization,
    organization_from,
)
from tollbook.administration.tenants import ensure_tenant
from tollbook.cli.choices import (
    changed_email,
    command_line,
    email_options,
    number_format_option,
    organization_of,
    refuse_no_change,
    removable,
    require_yes,
    shared_options,
    status_option,
    yes_option,
)
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_result, print_rows
from tollbook.cli.parameters import CURRENCY
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.wiring import open_migrated

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
@click.option("--email", help="The e-mail address of its contact.")
@number_format_option()
@shared_options
def _create(options: Options, settings: Settings) -> int:
    """Create an organization."""
    new = NewOrganization(
        name=options.id if options.name is None else options.name,
        id=options.id,
        timezone=options.timezone,
        currency=options.currency,
        number_format=options.number_format,
        email=options.email,
    )
    actor = command_line(options.tenant)
    with open_migrated(settings).writing() as transaction:
        ensure_tenant(transaction, actor)
        organization = create_organization(transaction, actor, new)
    print_result(organization, f"organization {organization.id} created", json=options.json)
    return 0


@verb.command("change")
@_id
@click.option("--name", help="The display name.")
@click.option("--timezone", help="The IANA time zone of its days; only before its first event.")
@click.option(
    "--currency", type=CURRENCY, help="The currency of its costs; only before its first event."
)
@email_options
@status_option
@number_format_option()
@click.option(
    "--number-format-of-tenant", is_flag=True, help="Read phone numbers as the tenant does."
)
@shared_options
def _change(options: Options, settings: Settings) -> int:
    """Change an organization. Its time zone and currency only change before its first event."""
    if options.number_format_of_tenant and options.number_format is not None:
        raise click.UsageError("--number-format excludes --number-format-of-tenant")
    change = OrganizationChange(
        name=options.name,
        timezone=options.timezone,
        currency=options.currency,
        status=options.status,
        email=changed_email(options),
        number_format=removable(options.number_format, remove=options.number_format_of_tenant),
    )
    refuse_no_change(change)
    with open_migrated(settings).writing() as transaction:
        row = organization_of(transaction, options.tenant, options.id)
        changed = change_organization(transaction, command_line(options.tenant), row, change)
    sentence = (
        f"organization {changed.id}: {changed.name}, {changed.timezone}, {changed.currency}, "
        f"{changed.status}, number format {changed.number_format or 'that of its tenant'}"
    )
    print_result(changed, sentence, json=options.json)
    return 0


@verb.command("delete")
@_id
@yes_option
@shared_options
def _delete(options: Options, settings: Settings) -> int:
    """Delete an organization without events.

    Its users, budgets, keys and price books are deleted too.
    """
    require_yes(options)
    with open_migrated(settings).writing() as transaction:
        row = organization_of(transaction, options.tenant, options.id)
        deleted = delete_organization(transaction, command_line(options.tenant), row)
    print_result(deleted, f"organization {deleted.id} deleted", json=options.json)
    return 0


@verb.command("list")
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List organizations."""
    with open_migrated(settings).reading() as snapshot:
        found = list(map(organization_from, directory.organizations(snapshot, options.tenant)))
    if options.json:
        print_json(found)
    else:
        print_rows(
            (
                *("Organization", "Name", "Time zone", "Currency", "Status", "Number format"),
                "E-mail",
            ),
            (
                (*(it.id, it.name, it.timezone, it.currency), it.status, it.number_format, it.email)
                for it in found
            ),
            f"tenant {options.tenant} has no organizations yet",
        )
    return 0
