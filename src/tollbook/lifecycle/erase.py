"""Erasing a person: a user's name, e-mail address and numbers are removed; sums stay."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

import msgspec

from tollbook.domain.errors import ArchiveRefused, OutcomeUnknown, StoreUnavailable
from tollbook.lifecycle.drafts import clean_up
from tollbook.lifecycle.erase_files import (
    ArchivesChanged,
    RewrittenFile,
    replace_files,
    rewrite_files,
)
from tollbook.lifecycle.erased_values import erased_attributes, erased_resource, is_number
from tollbook.lifecycle.leftover_files import refuse_strays
from tollbook.lifecycle.pending_erasures import finish_erasures
from tollbook.rating.numbers import ERASED
from tollbook.store import archive_files, directory, drafts, erasure, ledger, versions
from tollbook.store.archive_files import Archived
from tollbook.store.archive_reader import path_of
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Database, Transaction
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import TimeLimit
from tollbook.store.erasure import Detail
from tollbook.store.pending_erasures import PendingErasure, is_pending
from tollbook.store.pending_erasures import add as add_pending

ACTION = "user.erase"
_TRIES = 5
_PAUSES = (0.1, 0.2, 0.4)
"""Seconds between attempts to empty the log of writes, which short reads use all the time."""

_WAITS = "the person's data was erased, including what the event is priced by"
Allowed = Callable[[Transaction], None]


class Person(NamedTuple):
    """The user of an organization whose data is erased."""

    organization: OrganizationRow
    user: str


class Erased(msgspec.Struct):
    """The numbers of erased events: in the ledger, in quarantine, archived; and of files.

    `pending` means that the database's log of writes still has what was erased from the tables,
    because a long read uses it. Servers finish the erasure when the read has ended.
    """

    events: int = 0
    quarantined: int = 0
    archived_events: int = 0
    files: int = 0
    pending: bool = False


class _Scope(NamedTuple):
    """The person, the folder of archives that were moved, and the new names of numbers."""

    person: Person
    folder: Path | None
    names: dict[str, str]


def erase(
    database: Database,
    actor: Actor,
    person: Person,
    folder: Path | None = None,
    allowed: Allowed | None = None,
) -> Erased:
    """Erase a person from every table and every archive file, or from none.

    Files are read in `folder`, or where they were written. `allowed` may refuse in the transaction.
    A second erasure erases what has come since. Raise `ArchiveRefused` when a file that may hold
    data of the person is missing or not recorded, and `OutcomeUnknown` when files with the person's
    data may still exist.
    """
    names: dict[str, str] = {}
    for _ in range(_TRIES):
        try:
            done = _erase_once(database, actor, _Scope(person, folder, names), allowed)
        except ArchivesChanged:
            continue
        if done is not None:
            _finish(database, actor, folder)
            with database.reading() as snapshot:
                done.pending = is_pending(
                    snapshot, actor.tenant, person.organization.number, person.user
                )
            return done
    raise ArchiveRefused(
        "nothing was erased: events were archived during each attempt; try again when no archive "
        "run is at work"
    )


def _erase_once(
    database: Database, actor: Actor, scope: _Scope, allowed: Allowed | None
) -> Erased | None:
    """Erase in one transaction; return None when its commit did not happen."""
    person = scope.person
    number = person.organization.number
    files = _files(database, actor.tenant, scope)
    with ExitStack() as writing:
        paths = {file: path_of(file, scope.folder) for file in files}
        rewritten = rewrite_files(
            database=database,
            now=actor.at,
            paths=paths,
            user=person.user,
            names=scope.names,
            held=writing,
        )
        with database.writing(TimeLimit.NONE) as transaction:
            if allowed is not None:
                allowed(transaction)
            ledger.hold_ledgers(transaction, [number])
            directory.require_number(transaction, actor.tenant, person.organization.id, number)
            if archive_files.files(transaction, actor.tenant, number) != files:
                raise ArchivesChanged
            done = _erase_rows(transaction, person, scope.names)
            replace_files(transaction, actor.at, rewritten)
            done.files = len(rewritten)
            done.archived_events = sum(len(file.ids) for file in rewritten)
            done.pending = True  # until the log of writes has been emptied
            identity = actor.tenant, number, person.organization.id, person.user
            add_pending(transaction, PendingErasure(*identity, actor.key_prefix, actor.at))
            versions.touch(transaction, number, actor.at)
            _write_act(transaction, actor, person, done, rewritten)
        for file in rewritten:
            file.writing.is_archived = True
    return done if all(file.writing.is_archived for file in rewritten) else None


def _files(database: Database, tenant: str, scope: _Scope) -> list[Archived]:
    """List the files to read; refuse when there may be unrecorded files."""
    organization = scope.person.organization
    elsewhere = clean_up(database, tenant, scope.folder)
    for missing in elsewhere:
        if missing.draft.organization_id == organization.number:
            raise ArchiveRefused(f"nothing was erased: {missing.advice}")
    with database.reading(TimeLimit.NONE) as snapshot:
        every = archive_files.files(snapshot, tenant)
        known = {file.file: Path(file.folder) for file in every}
        known |= {draft.file: Path(draft.folder) for draft in drafts.drafts_of(snapshot, tenant)}
    folders = set(known.values())
    if scope.folder is not None:
        folders.add(scope.folder)
    refuse_strays(folders, known, (tenant, organization.id))
    return [file for file in every if file.organization_id == organization.number]


def _finish(database: Database, actor: Actor, folder: Path | None) -> None:
    """Remove traces of the erased data from the log of writes, and the replaced files."""
    try:
        for pause in _PAUSES:
            if finish_erasures(database, actor.at, actor.tenant):
                break
            time.sleep(pause)
        clean_up(database, actor.tenant, folder)
    except StoreUnavailable as error:
        raise OutcomeUnknown(
            "the person is erased, but replaced files may still exist "
            f"({error.sentence}): erase again"
        ) from error


def _erase_rows(transaction: Transaction, person: Person, names: dict[str, str]) -> Erased:
    number, user = person.organization.number, person.user
    erasure.user_fields(transaction, number, user)
    done = Erased()
    for rows in erasure.details(transaction, number, user):
        changed = [after for row in rows if (after := _without(row, names)) != row]
        erasure.replace_details(transaction, number, changed)
        done.events += len(changed)
    resources = erasure.resources(transaction, number, user)
    renamed = {resource: names[resource] for resource in resources & names.keys()}
    erasure.rename_resources(transaction, number, user, renamed)
    waiting = list(_waiting(transaction, person, names))
    erasure.replace_waiting(transaction, number, waiting, _WAITS)
    done.quarantined = len(waiting)
    return done


def _without(detail: Detail, names: dict[str, str]) -> Detail:
    return detail._replace(
        attributes=erased_attributes(detail.attributes),
        resource_id=erased_resource(detail.meter, detail.resource_id, names),
    )


def _waiting(
    transaction: Transaction, person: Person, names: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the person's events in quarantine without the person's data."""
    number, user = person.organization.number, person.user
    for identity, text in erasure.waiting(transaction, number, user):
        event = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        attributes = bytes(event.get("attributes", b"null"))
        if attributes != b"null":
            event["attributes"] = msgspec.Raw(erased_attributes(attributes.decode()).encode())
        resource = msgspec.json.decode(event.get("resource_id", b"null"))
        if resource is not None and is_number(resource):
            renamed = names.setdefault(resource, f"{ERASED}-{token_hex(8)}")
            event["resource_id"] = msgspec.Raw(msgspec.json.encode(renamed))
        after = msgspec.json.encode(event).decode()
        if after != text:
            yield identity, after


def _write_act(
    transaction: Transaction,
    actor: Actor,
    person: Person,
    done: Erased,
    rewritten: Sequence[RewrittenFile],
) -> None:
    details = {
        **msgspec.to_builtins(done),
        "replaced": [file.old.file for file in rewritten],
    }
    what = f"user {person.user} of {person.organization.id}"
    number = person.organization.number
    write_act(transaction, actor, ACTION, what, details, organization=number)
