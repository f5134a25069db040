"""tollbook tenants: the platforms that share this database."""

import argparse

from tollbook.cli.choices import command_line
from tollbook.cli.output import Verbs, add_json_option, print_json, print_line, print_rows
from tollbook.domain.errors import AlreadyExists
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.audit import write_act
from tollbook.wiring import ensure_tenant, open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    nouns = verbs.add_parser("tenants", help="create and list tenants").add_subparsers(
        metavar="ACTION", required=True
    )
    create = nouns.add_parser("create", help="create a tenant with the default prices")
    create.add_argument("id")
    create.add_argument("--name", help="display name (default: the id)")
    add_json_option(create)
    create.set_defaults(run=_create)
    listing = nouns.add_parser("list", help="list tenants")
    add_json_option(listing)
    listing.set_defaults(run=_list)


def _create(options: argparse.Namespace, settings: Settings) -> int:
    name = options.id if options.name is None else options.name
    with open_migrated(settings).writing() as transaction:
        if not ensure_tenant(transaction, options.id, name):
            raise AlreadyExists(f"tenant {options.id} exists already")
        write_act(
            transaction, command_line(options.id), "tenant.create", f"tenant {options.id}", {}
        )
    if options.json:
        print_json({"id": options.id, "name": name})
    else:
        print_line(f"tenant {options.id} created with the default prices")
    return 0


def _list(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        found = directory.tenants(snapshot)
    if options.json:
        print_json([{"id": identity, "name": name} for identity, name in found])
    else:
        print_rows(("Tenant", "Name"), found, "no tenants yet")
    return 0
