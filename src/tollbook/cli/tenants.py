"""tollbook tenants: the platforms that share this database."""

import argparse

from tollbook.cli.choices import (
    add_number_format_option,
    command_line,
    refuse_number_format,
)
from tollbook.cli.output import Verbs, add_json_option, print_json, print_line, print_rows
from tollbook.domain.directory import DEFAULT_CURRENCY, currency_problem
from tollbook.domain.errors import AlreadyExists, InvalidRequest, NotFound
from tollbook.domain.numbers import STRICT
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.audit import write_act
from tollbook.store.database import Transaction
from tollbook.store.directory import Tenant
from tollbook.wiring import ensure_tenant, open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    nouns = verbs.add_parser("tenants", help="create, change and list tenants").add_subparsers(
        metavar="ACTION", required=True
    )
    create = nouns.add_parser("create", help="create a tenant with the default prices")
    create.add_argument("id")
    create.add_argument("--name", help="display name (default: the id)")
    change = nouns.add_parser("change", help="change a tenant's currency or number format")
    change.add_argument("id")
    for parser, run, currency, number_format in (
        (create, _create, DEFAULT_CURRENCY, STRICT),
        (change, _change, None, None),
    ):
        parser.add_argument(
            "--currency",
            default=currency,
            help="an ISO 4217 code: what questions about the whole tenant are answered in"
            + (f" (default: {currency})" if currency else ""),
        )
        add_number_format_option(parser, default=number_format)
        add_json_option(parser)
        parser.set_defaults(run=run)
    listing = nouns.add_parser("list", help="list tenants")
    add_json_option(listing)
    listing.set_defaults(run=_list)


def _create(options: argparse.Namespace, settings: Settings) -> int:
    name = options.id if options.name is None else options.name
    tenant = Tenant(options.id, name, options.currency, options.number_format)
    _refuse_problems(options)
    with open_migrated(settings).writing() as transaction:
        if not ensure_tenant(transaction, tenant.id, name):
            raise AlreadyExists(f"tenant {tenant.id} exists already")
        directory.change_tenant(transaction, tenant)
        _log(transaction, "tenant.create", tenant)
    if options.json:
        print_json(tenant._asdict())
    else:
        print_line(f"tenant {tenant.id} created")
    return 0


def _change(options: argparse.Namespace, settings: Settings) -> int:
    if options.currency is None and options.number_format is None:
        raise InvalidRequest("tenants change needs --currency or --number-format")
    _refuse_problems(options)
    with open_migrated(settings).writing() as transaction:
        found = directory.find_tenant(transaction, options.id)
        if found is None:
            raise NotFound(f"there is no tenant {options.id}")
        tenant = found._replace(
            currency=options.currency or found.currency,
            number_format=options.number_format or found.number_format,
        )
        directory.change_tenant(transaction, tenant)
        _log(transaction, "tenant.change", tenant)
    if options.json:
        print_json(tenant._asdict())
    else:
        print_line(
            f"tenant {tenant.id}: currency {tenant.currency}, number format {tenant.number_format}"
        )
    return 0


def _refuse_problems(options: argparse.Namespace) -> None:
    problem = None if options.currency is None else currency_problem(options.currency)
    if problem:
        raise InvalidRequest.of([problem])
    refuse_number_format(options.number_format)


def _log(transaction: Transaction, action: str, tenant: Tenant) -> None:
    details = {"currency": tenant.currency, "number_format": tenant.number_format}
    write_act(transaction, command_line(tenant.id), action, f"tenant {tenant.id}", details)


def _list(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        found = directory.tenants(snapshot)
    if options.json:
        print_json([it._asdict() for it in found])
    else:
        names = ("Tenant", "Name", "Currency", "Number format")
        print_rows(names, found, "no tenants yet")
    return 0
