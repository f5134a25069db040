"""tollbook users: the people of an organization."""

import argparse

from tollbook.cli.choices import add_tenant_option, command_line, organization_of
from tollbook.cli.output import Verbs, add_json_option, print_json, print_rows
from tollbook.domain.directory import User, user_problems
from tollbook.domain.errors import AlreadyExists, InvalidRequest
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.audit import write_act
from tollbook.wiring import now, open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    nouns = verbs.add_parser("users", help="create and list users").add_subparsers(
        metavar="ACTION", required=True
    )
    create = nouns.add_parser("create", help="create a user")
    listing = nouns.add_parser("list", help="list users")
    for parser, run in ((create, _create), (listing, _list)):
        parser.add_argument("organization")
        add_tenant_option(parser)
        add_json_option(parser)
        parser.set_defaults(run=run)
    create.add_argument("id")
    create.add_argument("--name", help="display name (default: the id)")
    create.add_argument("--email")


def _create(options: argparse.Namespace, settings: Settings) -> int:
    user = User(options.id, options.id if options.name is None else options.name, options.email)
    problems = user_problems(user)
    if problems:
        raise InvalidRequest.of(problems)
    with open_migrated(settings).writing() as transaction:
        row = organization_of(transaction, options.tenant, options.organization)
        if not directory.add_user(transaction, row.number, user, now()):
            raise AlreadyExists(f"user {user.id} exists already in {row.id}")
        actor, details = command_line(options.tenant), {"status": user.status}
        write_act(transaction, actor, "user.create", f"user {user.id}", details, row.number)
    if options.json:
        print_json(user)
    else:
        print(f"user {user.id} created in {options.organization}")
    return 0


def _list(options: argparse.Namespace, settings: Settings) -> int:
    with open_migrated(settings).reading() as snapshot:
        row = organization_of(snapshot, options.tenant, options.organization)
        found = directory.users(snapshot, row.number)
    if options.json:
        print_json(found)
    else:
        print_rows(
            ("User", "Name", "E-mail", "Status"),
            ((it.id, it.name, it.email, it.status) for it in found),
            f"organization {options.organization} has no users yet",
        )
    return 0
