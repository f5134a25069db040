"""tollbook organizations: the customers of a tenant."""

import argparse

from tollbook.cli.choices import add_tenant_option, command_line, organization_of
from tollbook.cli.output import Verbs, add_json_option, print_json, print_line, print_rows
from tollbook.domain.directory import Organization, Status, new_organization_problems
from tollbook.domain.errors import AlreadyExists, InvalidRequest
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.audit import write_act
from tollbook.wiring import ensure_tenant, now, open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    nouns = verbs.add_parser("organizations", help="create and list organizations").add_subparsers(
        metavar="ACTION", required=True
    )
    create = nouns.add_parser("create", help="create an organization")
    create.add_argument("id")
    create.add_argument("--name", help="display name (default: the id)")
    create.add_argument("--timezone", default="UTC", help="IANA zone of its days (default: UTC)")
    create.add_argument("--currency", default="USD", help="of its costs (default: USD)")
    listing = nouns.add_parser("list", help="list organizations")
    for parser, run in ((create, _create), (listing, _list)):
        add_tenant_option(parser)
        add_json_option(parser)
        parser.set_defaults(run=run)


def _create(options: argparse.Namespace, settings: Settings) -> int:
    organization = Organization(
        options.id,
        options.id if options.name is None else options.name,
        options.timezone,
        options.currency,
    )
    problems = new_organization_problems(organization)
    if problems:
        raise InvalidRequest.of(problems)
    with open_migrated(settings).writing() as transaction:
        ensure_tenant(transaction, options.tenant, options.tenant)
        if not directory.add_organization(transaction, options.tenant, organization, now()):
            raise AlreadyExists(f"organization {organization.id} exists already")
        row = organization_of(transaction, options.tenant, organization.id)
        details = {"timezone": row.timezone, "currency": row.currency, "status": row.status}
        actor, what = command_line(options.tenant), f"organization {row.id}"
        write_act(transaction, actor, "organization.create", what, details, row.number)
    if options.json:
        print_json(organization)
    else:
        print_line(f"organization {organization.id} created")
    return 0


def _list(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        found = [
            Organization(row.id, row.name, row.timezone, row.currency, Status(row.status))
            for row in directory.organizations(snapshot, options.tenant)
        ]
    if options.json:
        print_json(found)
    else:
        print_rows(
            ("Organization", "Name", "Time zone", "Currency", "Status"),
            ((it.id, it.name, it.timezone, it.currency, it.status) for it in found),
            f"tenant {options.tenant} has no organizations yet",
        )
    return 0
