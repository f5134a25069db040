"""tollbook users: the people of an organization."""

import argparse
from pathlib import Path

from tollbook.cli.choices import add_tenant_option, command_line, organization_of
from tollbook.cli.output import Verbs, add_json_option, print_json, print_line, print_rows
from tollbook.domain.directory import User, new_user_problems
from tollbook.domain.errors import AlreadyExists, InvalidRequest, NotFound
from tollbook.lifecycle.erase import Person, erase
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.audit import write_act
from tollbook.wiring import now, open_migrated


def add(verbs: Verbs) -> None:
    """Offer the verb."""
    nouns = verbs.add_parser("users", help="create, list and erase users").add_subparsers(
        metavar="ACTION", required=True
    )
    erasing = nouns.add_parser(
        "erase", help="take a person's data out of every table and archive; sums stay"
    )
    create = nouns.add_parser("create", help="create a user")
    listing = nouns.add_parser("list", help="list users")
    for parser, run in ((create, _create), (listing, _list), (erasing, _erase)):
        parser.add_argument("organization", help="the id of the organization")
        add_tenant_option(parser)
        add_json_option(parser)
        parser.set_defaults(run=run)
    create.add_argument("id", help="the id that its events name the user by")
    erasing.add_argument("id", help="the id of the user")
    erasing.add_argument("--yes", action="store_true", help="yes, for ever")
    erasing.add_argument(
        "--archive", type=Path, metavar="FOLDER", help="where archives are, if they were moved"
    )
    create.add_argument("--name", help="display name (default: the id)")
    create.add_argument("--email", help="e-mail address")


def _create(options: argparse.Namespace, settings: Settings) -> int:
    user = User(options.id, options.id if options.name is None else options.name, options.email)
    problems = new_user_problems(user)
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
        print_line(f"user {user.id} created in {options.organization}")
    return 0


def _erase(options: argparse.Namespace, settings: Settings) -> int:
    database = open_migrated(settings)
    with database.reading() as snapshot:
        row = organization_of(snapshot, options.tenant, options.organization)
        if directory.find_user(snapshot, row.number, options.id) is None:
            raise NotFound(f"organization {row.id} has no user {options.id}")
    if not options.yes:
        raise InvalidRequest("what is erased is gone for ever: say --yes")
    actor = command_line(options.tenant)
    done = erase(database, actor, Person(row, options.id), options.archive)
    if options.json:
        print_json(done)
    else:
        print_line(
            f"user {options.id} of {row.id} erased from {done.events:,} events, "
            f"{done.quarantined:,} in quarantine and {done.archived_events:,} in "
            f"{done.files:,} archive files; sums are as they were"
        )
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
