"""tollbook users: create, change, delete, list and erase the users of an organization."""

import click

from tollbook.administration.users import (
    NewUser,
    UserChange,
    change_user,
    create_user,
    delete_user,
)
from tollbook.cli.choices import (
    changed_email,
    command_line,
    email_options,
    organization_of,
    permission_option,
    refuse_no_change,
    require_yes,
    shared_options,
    status_option,
    user_of,
    yes_option,
)
from tollbook.cli.command import Options, VerbGroup
from tollbook.cli.output import print_json, print_result, print_rows
from tollbook.cli.parameters import PATH
from tollbook.domain.directory import UserPermission
from tollbook.domain.errors import InvalidRequest
from tollbook.lifecycle.erase import Person, erase
from tollbook.settings import Settings
from tollbook.store import directory
from tollbook.wiring import open_migrated

_PENDING = (
    "PENDING: the database's log of writes still has the data, because a long read such as an "
    "export uses it; a running server finishes the erasure when the read has ended, or erase again"
)

verb = VerbGroup()
_organization = click.argument("organization", help="The id of the organization.")


@verb.command("create")
@_organization
@click.argument("id", help="The id of the user, as in events.")
@click.option("--name", show_default="the id", help="The display name.")
@click.option("--email", help="The e-mail address.")
@permission_option
@shared_options
def _create(options: Options, settings: Settings) -> int:
    """Create a user."""
    name = options.id if options.name is None else options.name
    permission = options.permission or UserPermission.USER
    new = NewUser(name, options.id, options.email, permission=permission)
    with open_migrated(settings).writing() as transaction:
        row = organization_of(transaction, options.tenant, options.organization)
        user = create_user(transaction, command_line(options.tenant), row, new)
    print_result(user, f"user {user.id} created in {row.id}", json=options.json)
    return 0


@verb.command("change")
@_organization
@click.argument("id", help="The id of the user.")
@click.option("--name", help="The display name.")
@email_options
@status_option
@permission_option
@shared_options
def _change(options: Options, settings: Settings) -> int:
    """Change a user."""
    change = UserChange(
        name=options.name,
        email=changed_email(options),
        status=options.status,
        permission=options.permission,
    )
    refuse_no_change(change)
    with open_migrated(settings).writing() as transaction:
        row = organization_of(transaction, options.tenant, options.organization)
        user = user_of(transaction, row, options.id)
        changed = change_user(transaction, command_line(options.tenant), row, user, change)
    sentence = (
        f"user {changed.id} of {row.id}: {changed.name}, {changed.status}, {changed.permission}"
    )
    print_result(changed, sentence, json=options.json)
    return 0


@verb.command("delete")
@_organization
@click.argument("id", help="The id of the user.")
@yes_option
@shared_options
def _delete(options: Options, settings: Settings) -> int:
    """Delete a user that no event names, with its budget and its keys."""
    require_yes(options)
    with open_migrated(settings).writing() as transaction:
        row = organization_of(transaction, options.tenant, options.organization)
        user = user_of(transaction, row, options.id)
        delete_user(transaction, command_line(options.tenant), row, user)
    print_result(user, f"user {user.id} of {row.id} deleted", json=options.json)
    return 0


@verb.command("erase")
@_organization
@click.argument("id", help="The id of the user.")
@click.option("--yes", is_flag=True, help="Confirm; erased data cannot be restored.")
@click.option(
    "--archive",
    type=PATH,
    metavar="FOLDER",
    show_default="TOLLBOOK_ARCHIVE_FOLDER, or where they were written",
    help="The folder of the archives, if they were moved.",
)
@shared_options
def _erase(options: Options, settings: Settings) -> int:
    """Erase personal data from tables and archives.

    Sums do not change.
    """
    database = open_migrated(settings)
    with database.reading() as snapshot:
        row = organization_of(snapshot, options.tenant, options.organization)
        user_of(snapshot, row, options.id)
    if not options.yes:
        raise InvalidRequest("erased data cannot be restored; confirm with --yes")
    actor, folder = command_line(options.tenant), options.archive or settings.archives
    result = erase(database, actor, Person(row, options.id), folder)
    state = _PENDING if result.pending else "sums are unchanged"
    print_result(
        result,
        f"user {options.id} of {row.id} erased from {result.events:,} events, "
        f"{result.quarantined:,} in quarantine and {result.archived_events:,} in "
        f"{result.files:,} archive files; {state}",
        json=options.json,
    )
    return 1 if result.pending else 0


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
            ("User", "Name", "E-mail", "Status", "Permission"),
            ((it.id, it.name, it.email, it.status, it.permission) for it in found),
            f"organization {options.organization} has no users yet",
        )
    return 0
