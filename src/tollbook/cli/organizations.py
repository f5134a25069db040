"""tollbook organizations: the customers of a tenant."""

import argparse

import msgspec

from tollbook.cli.choices import (
    add_number_format_option,
    add_tenant_option,
    command_line,
    organization_of,
    refuse_number_format,
)
from tollbook.cli.output import Verbs, add_json_option, print_json, print_line, print_rows
from tollbook.domain.directory import Organization, Status, new_organization_problems
from tollbook.domain.errors import AlreadyExists, InvalidRequest
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.audit import write_act
from tollbook.store.directory import OrganizationRow
from tollbook.wiring import ensure_tenant, now, open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    nouns = verbs.add_parser(
        "organizations", help="create, change and list organizations"
    ).add_subparsers(metavar="ACTION", required=True)
    create = nouns.add_parser("create", help="create an organization")
    create.add_argument("id")
    create.add_argument("--name", help="display name (default: the id)")
    create.add_argument("--timezone", default="UTC", help="IANA zone of its days (default: UTC)")
    create.add_argument("--currency", help="of its costs (default: that of the tenant)")
    add_number_format_option(create)
    change = nouns.add_parser("change", help="change how an organization writes phone numbers")
    change.add_argument("id")
    either = change.add_mutually_exclusive_group(required=True)
    add_number_format_option(either)
    either.add_argument(
        "--number-format-of-tenant", action="store_true", help="write them as the tenant does"
    )
    listing = nouns.add_parser("list", help="list organizations")
    for parser, run in ((create, _create), (change, _change), (listing, _list)):
        add_tenant_option(parser)
        add_json_option(parser)
        parser.set_defaults(run=run)


def _create(options: argparse.Namespace, settings: Settings) -> int:
    refuse_number_format(options.number_format)
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


def _change(options: argparse.Namespace, settings: Settings) -> int:
    refuse_number_format(options.number_format)
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


def _list(options: argparse.Namespace, settings: Settings) -> int:
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
