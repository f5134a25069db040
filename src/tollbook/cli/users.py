"""tollbook users: the people of an organization."""

import click

from tollbook.cli.choices import command_line, organization_of, shared_options
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_line, print_rows
from tollbook.cli.parameters import PATH
from tollbook.domain.directory import User, new_user_problems
from tollbook.domain.errors import AlreadyExists, InvalidRequest, NotFound
from tollbook.lifecycle.erase import Person, erase
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.store.audit import write_act
from tollbook.wiring import now, open_migrated

verb = VerbGroup()
_organization = click.argument("organization", help="The id of the organization.")


@verb.command("create")
@_organization
@click.argument("id", help="The id of the user, as in events.")
@click.option("--name", show_default="the id", help="The display name.")
@click.option("--email", help="The e-mail address.")
@shared_options
def _create(options: Options, settings: Settings) -> int:
    """Create a user."""
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


@verb.command("erase")
@_organization
@click.argument("id", help="The id of the user.")
@click.option("--yes", is_flag=True, help="Confirm; erased data cannot be restored.")
@click.option(
    "--archive", type=PATH, metavar="FOLDER", help="The folder of the archives, if they were moved."
)
@shared_options
def _erase(options: Options, settings: Settings) -> int:
    """Erase personal data from tables and archives.

    Sums stay as they are.
    """
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


@verb.command("list")
@_organization
@shared_options
def _list(options: Options, settings: Settings) -> int:
    """List users."""
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
