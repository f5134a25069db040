"""Erasing a person: name, e-mail and numbers of a user are gone; sums and identities stay."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

import msgspec

from tollbook.domain.errors import ArchiveRefused, OutcomeUnknown, StoreUnavailable
from tollbook.domain.meters import BY_CODE
from tollbook.lifecycle.drafts import Writing, clean_up, drafting
from tollbook.lifecycle.leftover_files import refuse_strays
from tollbook.lifecycle.parquet import about, read_file, write_file
from tollbook.rating.number_formats import digits_of
from tollbook.rating.numbers import CLIENT, ERASED, SIP, kind_of, stored_digits_of
from tollbook.rating.quantity import FROM_DAY, MEDIA_BYTES, UNTIL_DAY
from tollbook.store import archives, directory, drafts, erasure, ledger, versions
from tollbook.store.archives import Archived
from tollbook.store.audit import Actor, write_act
from tollbook.store.database import Database, Transaction, translate_errors
from tollbook.store.directory import OrganizationRow
from tollbook.store.drafts import DraftState
from tollbook.store.engine import Row, TimeLimit
from tollbook.store.erasure import Detail
from tollbook.store.events import Stored

ACTION = "user.erase"
_TRIES = 5
KEPT = ("direction", MEDIA_BYTES, FROM_DAY, UNTIL_DAY)
"""Attributes that charges are replayed from, and that tell of nobody."""

_PHONE_NUMBER = 1_000_000
"""A number from here on may be somebody's telephone."""

_WAITS = "the person's data was erased, and with it what the event is priced by"
_USER, _METER, _RESOURCE, _ATTRIBUTES = map(
    Stored._fields.index, ("user_id", "meter", "resource_id", "attributes")
)
Allowed = Callable[[Transaction], None]


class Person(NamedTuple):
    """Whose data is erased: a user of an organization."""

    organization: OrganizationRow
    user: str


class Erased(msgspec.Struct):
    """What was erased from: events of the ledger, those in quarantine, archived ones, files."""

    events: int = 0
    quarantined: int = 0
    archived_events: int = 0
    files: int = 0


class _Rewritten(NamedTuple):
    """An archive file with less in it, and what it takes the place of."""

    old: Archived
    path: Path
    new: Archived
    ids: list[str]
    writing: Writing


class _Scope(NamedTuple):
    """Whose data, where the files are if not where they were written, and numbers' new names."""

    person: Person
    folder: Path | None
    names: dict[str, str]


class _Changed(Exception):
    """Events were archived, or files replaced, while the files were read."""


def erase(
    database: Database,
    actor: Actor,
    person: Person,
    folder: Path | None = None,
    allowed: Allowed | None = None,
) -> Erased:
    """Erase a person from every table and every archive file, or from none.

    Files are looked for where they were written, or in `folder`. `allowed` may refuse in the
    transaction. Erasing again erases what has come since. Raise `ArchiveRefused` when a file that
    may hold data of the person is not at hand or not recorded, and `OutcomeUnknown` when it is not
    known that all of it is erased.
    """
    names: dict[str, str] = {}
    for _ in range(_TRIES):
        try:
            done = _erase_once(database, actor, _Scope(person, folder, names), allowed)
        except _Changed:
            continue
        if done is not None:
            _finish(database, actor.tenant, folder)
            return done
    raise ArchiveRefused(
        "nothing was erased: events were archived each time that was tried; erase again when no "
        "archive run is at work"
    )


def _erase_once(
    database: Database, actor: Actor, scope: _Scope, allowed: Allowed | None
) -> Erased | None:
    """Erase in one transaction; return None when its commit turned out not to have happened."""
    person = scope.person
    number = person.organization.number
    files = _files(database, actor.tenant, scope)
    with ExitStack() as writing:
        rewritten = _rewrite_files(database, actor.at, files, scope, writing)
        with database.writing(TimeLimit.NONE) as transaction:
            if allowed is not None:
                allowed(transaction)
            transaction.secure_delete()
            ledger.hold_ledgers(transaction, [number])
            directory.require_number(transaction, actor.tenant, person.organization.id, number)
            if archives.files(transaction, actor.tenant, number) != files:
                raise _Changed
            done = _erase_rows(transaction, person, scope.names)
            _replace_files(transaction, actor.at, rewritten, done)
            versions.touch(transaction, number, actor.at)
            _write_act(transaction, actor, person, done, rewritten)
        for it in rewritten:
            it.writing.is_archived = True
    return done if all(it.writing.is_archived for it in rewritten) else None


def _files(database: Database, tenant: str, scope: _Scope) -> list[Archived]:
    """List the files to look into; refuse when there may be others, which nothing records."""
    organization = scope.person.organization
    elsewhere = clean_up(database, tenant, scope.folder)
    for it in elsewhere:
        if it.draft.organization_id == organization.number:
            raise ArchiveRefused(f"nothing was erased: {it.advice}")
    with database.reading(TimeLimit.NONE) as snapshot:
        every = archives.files(snapshot, tenant)
        known = {it.file: Path(it.folder) for it in every}
        known |= {it.file: Path(it.folder) for it in drafts.drafts_of(snapshot, tenant)}
    folders = set(known.values())
    if scope.folder is not None:
        folders.add(scope.folder)
    refuse_strays(folders, known, (tenant, organization.id))
    return [it for it in every if it.organization_id == organization.number]


def _finish(database: Database, tenant: str, folder: Path | None) -> None:
    """Remove the traces and the files of what has been erased."""
    try:
        with translate_errors():
            database.engine.flush_traces()
        clean_up(database, tenant, folder)
    except StoreUnavailable as error:
        raise OutcomeUnknown(
            "the person is erased, but files that others replaced may still be there "
            f"({error.sentence}): erase again"
        ) from error


def erased_attributes(text: str) -> str:
    """Take out of attributes what may tell of a person."""
    if not text:
        return text
    given: dict[str, Any] = msgspec.json.decode(text)
    kept = {name: value if name in KEPT else _erased(value) for name, value in given.items()}
    return msgspec.json.encode(kept, order="sorted").decode()


def _erased(value: Any) -> Any:
    if isinstance(value, str):
        return ERASED
    if isinstance(value, bool) or value is None:
        return value
    return ERASED if abs(value) >= _PHONE_NUMBER else value


def _erased_resource(meter: int, resource: str | None, names: dict[str, str]) -> str | None:
    """Give a number another name; what else is in use, such as a knowledge base, is no person."""
    kind = BY_CODE[meter]
    if resource is None or kind.organization_level or kind.needs_resource:
        return resource
    if not _is_number(resource):
        return resource
    return names.setdefault(resource, f"{ERASED}-{token_hex(8)}")


def _is_number(resource: str) -> bool:
    if stored_digits_of(resource) is not None or digits_of(resource):
        return True
    if kind_of(resource) in (SIP, CLIENT):
        return True
    return resource.isdecimal() and int(resource) >= _PHONE_NUMBER


def _erase_rows(transaction: Transaction, person: Person, names: dict[str, str]) -> Erased:
    number, user = person.organization.number, person.user
    erasure.user_fields(transaction, number, user)
    done = Erased()
    for rows in erasure.details(transaction, number, user):
        changed = [after for it in rows if (after := _without(it, names)) != it]
        erasure.replace_details(transaction, number, changed)
        done.events += len(changed)
    kept = {it: names.get(it, "") for it in erasure.resources(transaction, number, user)}
    erasure.rename_resources(transaction, number, user, {a: b for a, b in kept.items() if b})
    waiting = list(_waiting(transaction, person, names))
    erasure.replace_waiting(transaction, number, waiting, _WAITS)
    done.quarantined = len(waiting)
    return done


def _without(it: Detail, names: dict[str, str]) -> Detail:
    return it._replace(
        attributes=erased_attributes(it.attributes),
        resource_id=_erased_resource(it.meter, it.resource_id, names),
    )


def _waiting(
    transaction: Transaction, person: Person, names: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """Give the person's events in quarantine as they are to be."""
    for identity, text in erasure.waiting(transaction, person.organization.number):
        event = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        if msgspec.json.decode(event.get("user_id", b"null")) != person.user:
            continue
        attributes = bytes(event.get("attributes", b"null"))
        if attributes != b"null":
            event["attributes"] = msgspec.Raw(erased_attributes(attributes.decode()).encode())
        resource = msgspec.json.decode(event.get("resource_id", b"null"))
        if resource is not None and _is_number(resource):
            renamed = names.setdefault(resource, f"{ERASED}-{token_hex(8)}")
            event["resource_id"] = msgspec.Raw(msgspec.json.encode(renamed))
        after = msgspec.json.encode(event).decode()
        if after != text:
            yield identity, after


def _rewrite_files(
    database: Database,
    now: int,
    files: Sequence[Archived],
    scope: _Scope,
    held: ExitStack,
) -> list[_Rewritten]:
    """Write again the files that have events of the person; refuse when one is not at hand."""
    user, names = scope.person.user, scope.names
    paths = {file: (scope.folder or Path(file.folder)) / file.file for file in files}
    rewritten = []
    for file, path in paths.items():
        ids = _ids_in(database, file, path, user)
        if not ids:
            continue
        token = f"{file.part}-{token_hex(3)}"
        target = path.with_name(f"{path.name.rsplit('.', 2)[0]}.{token}.parquet").absolute()
        writing = held.enter_context(drafting(database, file.organization_id, target, now))
        groups = (_erased_group(rows, user, names) for rows in read_file(path))
        try:
            written = write_file(target, groups, about(path))
        except StoreUnavailable as error:
            _raise_if_replaced(database, file, error)
            raise
        new = file._replace(
            file=target.name,
            folder=str(target.parent),
            bytes=written.bytes,
            checksum=written.checksum,
        )
        rewritten.append(_Rewritten(file, path.absolute(), new, ids, writing))
    return rewritten


def _ids_in(database: Database, file: Archived, path: Path, user: str) -> list[str]:
    """List the person's events in a file."""
    try:
        return [row[2] for rows in read_file(path) for row in rows if row[_USER] == user]
    except OSError as error:
        _raise_if_replaced(database, file, error)
        raise ArchiveRefused(
            f"the archive {path} is not there, and it may hold data of this person: "
            "bring it back, or say in which folder the archives are"
        ) from error


def _raise_if_replaced(database: Database, file: Archived, error: Exception) -> None:
    """Raise `_Changed` when a file cannot be read because another erasure replaced it."""
    with database.reading(TimeLimit.NONE) as snapshot:
        if file not in archives.files_of(snapshot, file.organization_id, file.month):
            raise _Changed from error


def _erased_group(rows: list[Row], user: str, names: dict[str, str]) -> list[Row]:
    return [_erased_row(row, names) if row[_USER] == user else row for row in rows]


def _erased_row(row: Row, names: dict[str, str]) -> Row:
    changed = list(row)
    changed[_ATTRIBUTES] = erased_attributes(row[_ATTRIBUTES])
    changed[_RESOURCE] = _erased_resource(row[_METER], row[_RESOURCE], names)
    return tuple(changed)


def _replace_files(
    transaction: Transaction, now: int, rewritten: Sequence[_Rewritten], done: Erased
) -> None:
    for it in rewritten:
        if not it.writing.finish(transaction):
            raise _Changed
        archives.replace_file(transaction, it.new)
        folder = str(it.path.parent)
        old = it.writing.draft._replace(
            file=it.old.file, folder=folder, state=DraftState.REMOVING.value, recorded_at=now
        )
        drafts.add(transaction, old)
        erasure.erase_reasons(transaction, it.new.organization_id, it.ids)
    done.files = len(rewritten)
    done.archived_events = sum(len(it.ids) for it in rewritten)


def _write_act(
    transaction: Transaction,
    actor: Actor,
    person: Person,
    done: Erased,
    rewritten: Sequence[_Rewritten],
) -> None:
    details = {
        **msgspec.to_builtins(done),
        "replaced": [it.old.file for it in rewritten],
    }
    what = f"user {person.user} of {person.organization.id}"
    write_act(transaction, actor, ACTION, what, details, person.organization.number)
