"""tollbook tenants: the platforms that share this database."""

import argparse

from tollbook.cli.choices import (
    add_number_format_option,
    command_line,
    refuse_number_format,
)
from tollbook.cli.output import Verbs, add_json_option, print_json, print_rows
from tollbook.domain.errors import AlreadyExists, NotFound
from tollbook.domain.numbers import STRICT
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.audit import write_act
from tollbook.wiring import ensure_tenant, open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    nouns = verbs.add_parser("tenants", help="create, change and list tenants").add_subparsers(
        metavar="ACTION", required=True
    )
    create = nouns.add_parser("create", help="create a tenant with the default prices")
    create.add_argument("id")
    create.add_argument("--name", help="display name (default: the id)")
    add_number_format_option(create, default=STRICT)
    add_json_option(create)
    create.set_defaults(run=_create)
    change = nouns.add_parser("change", help="change how a tenant writes phone numbers")
    change.add_argument("id")
    add_number_format_option(change, required=True)
    add_json_option(change)
    change.set_defaults(run=_change)
    listing = nouns.add_parser("list", help="list tenants")
    add_json_option(listing)
    listing.set_defaults(run=_list)


def _create(options: argparse.Namespace, settings: Settings) -> int:
    name = options.id if options.name is None else options.name
    refuse_number_format(options.number_format)
    details = {"number_format": options.number_format}
    with open_migrated(settings).writing() as transaction:
        if not ensure_tenant(transaction, options.id, name):
            raise AlreadyExists(f"tenant {options.id} exists already")
        directory.change_tenant(transaction, options.id, options.number_format)
        write_act(
            transaction, command_line(options.id), "tenant.create", f"tenant {options.id}", details
        )
    if options.json:
        print_json({"id": options.id, "name": name, **details})
    else:
        print(f"tenant {options.id} created with the default prices")
    return 0


def _change(options: argparse.Namespace, settings: Settings) -> int:
    refuse_number_format(options.number_format)
    details = {"number_format": options.number_format}
    with open_migrated(settings).writing() as transaction:
        if not directory.change_tenant(transaction, options.id, options.number_format):
            raise NotFound(f"there is no tenant {options.id}")
        write_act(
            transaction, command_line(options.id), "tenant.change", f"tenant {options.id}", details
        )
    if options.json:
        print_json({"id": options.id, **details})
    else:
        print(f"the number format of tenant {options.id} is {options.number_format}")
    return 0


def _list(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        found = directory.tenants(snapshot)
    if options.json:
        names = ("id", "name", "number_format")
        print_json([dict(zip(names, row, strict=True)) for row in found])
    else:
        print_rows(("Tenant", "Name", "Number format"), found, "no tenants yet")
    return 0
