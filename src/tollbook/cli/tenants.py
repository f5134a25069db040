"""tollbook tenants: the platforms that share this database."""

import argparse

from tollbook.cli.choices import command_line
from tollbook.cli.output import Verbs, add_json_option, print_json, print_rows
from tollbook.domain.directory import currency_problem
from tollbook.domain.errors import AlreadyExists, InvalidRequest, NotFound
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.audit import write_act
from tollbook.store.database import Transaction
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
    create.add_argument("--currency", default="USD", help="of its answers (default: USD)")
    change = nouns.add_parser("change", help="change the currency of a tenant")
    change.add_argument("id")
    change.add_argument("--currency", required=True, help="an ISO 4217 code such as EUR")
    add_json_option(change)
    change.set_defaults(run=_change)
    listing = nouns.add_parser("list", help="list tenants")
    add_json_option(listing)
    listing.set_defaults(run=_list)


def _create(options: argparse.Namespace, settings: Settings) -> int:
    name = options.id if options.name is None else options.name
    _require_currency(options.currency)
    with open_migrated(settings).writing() as transaction:
        if not ensure_tenant(transaction, options.id, name):
            raise AlreadyExists(f"tenant {options.id} exists already")
        directory.change_tenant(transaction, options.id, options.currency)
        _log(transaction, options, "tenant.create")
    if options.json:
        print_json({"id": options.id, "name": name, "currency": options.currency})
    else:
        print(f"tenant {options.id} created with the default prices")
    return 0


def _change(options: argparse.Namespace, settings: Settings) -> int:
    _require_currency(options.currency)
    with open_migrated(settings).writing() as transaction:
        if not directory.change_tenant(transaction, options.id, options.currency):
            raise NotFound(f"there is no tenant {options.id}")
        _log(transaction, options, "tenant.change")
    if options.json:
        print_json({"id": options.id, "currency": options.currency})
    else:
        print(f"tenant {options.id} answers in {options.currency}")
    return 0


def _log(transaction: Transaction, options: argparse.Namespace, action: str) -> None:
    details = {"currency": options.currency}
    write_act(transaction, command_line(options.id), action, f"tenant {options.id}", details)


def _require_currency(currency: str) -> None:
    problem = currency_problem(currency)
    if problem:
        raise InvalidRequest.of([problem])


def _list(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        found = [
            (identity, name, directory.tenant_currency(snapshot, identity))
            for identity, name in directory.tenants(snapshot)
        ]
    if options.json:
        print_json([dict(zip(("id", "name", "currency"), row, strict=True)) for row in found])
    else:
        print_rows(("Tenant", "Name", "Currency"), found, "no tenants yet")
    return 0
