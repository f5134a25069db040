"""Erasing a person: name, e-mail and numbers of a user are gone; sums and identities stay."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple

import msgspec

from tollbook.domain.errors import ArchiveRefused
from tollbook.domain.meters import BY_CODE
from tollbook.lifecycle.parquet import about, read_file, write_file
from tollbook.rating.number_formats import digits_of
from tollbook.rating.numbers import CLIENT, ERASED, SIP, kind_of, shown_of
from tollbook.rating.quantity import FROM_DAY, MEDIA_BYTES, UNTIL_DAY
from tollbook.store import archives, directory, erasure, ledger
from tollbook.store.archives import Archived
from tollbook.store.audit import Actor, Filter, acts, write_act
from tollbook.store.database import Database, Transaction
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import Row
from tollbook.store.erasure import Detail
from tollbook.store.events import Stored

ACTION = "user.erase"
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
    new: Archived
    ids: list[str]


def erase(
    database: Database,
    actor: Actor,
    person: Person,
    folder: Path | None = None,
    allowed: Allowed | None = None,
) -> Erased:
    """Erase a person from every table and every archive file, or from none.

    Files are looked for where they were written, or in `folder`. `allowed` may refuse in the
    transaction. Erasing again erases what has come since.
    """
    names: dict[str, str] = {}
    with database.reading() as snapshot:
        files = archives.files(snapshot, actor.tenant, person.organization.number)
    rewritten: list[_Rewritten] = []
    try:
        rewritten += _rewrite_files(files, person, folder, names)
        with database.writing() as transaction:
            if allowed is not None:
                allowed(transaction)
            transaction.leave_no_traces()
            number = person.organization.number
            ledger.hold_heads(transaction, [number])
            if archives.files(transaction, actor.tenant, number) != files:
                raise ArchiveRefused("events were archived meanwhile: erase again")
            done = _erase_rows(transaction, person, names)
            _replace_files(transaction, rewritten, done)
            directory.touch(transaction, number, actor.at)
            _write_act(transaction, actor, person, done, rewritten)
    except BaseException:
        for it in rewritten:
            Path(it.new.folder, it.new.file).unlink(missing_ok=True)
        raise
    database.engine.flush_traces()
    _remove_replaced(database, actor, files, folder)
    return done


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
    if shown_of(resource) is not None or digits_of(resource):
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
    files: Sequence[Archived], person: Person, folder: Path | None, names: dict[str, str]
) -> Iterator[_Rewritten]:
    """Write anew the files that have events of the person; refuse when one is not at hand."""
    paths = {file: (folder or Path(file.folder)) / file.file for file in files}
    missing = [path for path in paths.values() if not path.is_file()]
    if missing:
        raise ArchiveRefused(
            f"the archive {missing[0]} is not there, and it may hold data of this person: "
            "bring it back, or say in which folder the archives are"
        )
    for file, path in paths.items():
        ids: list[str] = []
        for rows in read_file(path):
            ids += [row[2] for row in rows if row[_USER] == person.user]
        if not ids:
            continue
        token = f"{file.part}-{token_hex(3)}"
        target = path.with_name(f"{path.name.rsplit('.', 2)[0]}.{token}.parquet")
        groups = (_erased_group(rows, person.user, names) for rows in read_file(path))
        written = write_file(target, groups, about(path))
        new = file._replace(
            file=target.name,
            folder=str(target.parent.absolute()),
            bytes=written.bytes,
            checksum=written.checksum,
        )
        yield _Rewritten(file, new, ids)


def _erased_group(rows: list[Row], user: str, names: dict[str, str]) -> list[Row]:
    return [_erased_row(row, names) if row[_USER] == user else row for row in rows]


def _erased_row(row: Row, names: dict[str, str]) -> Row:
    changed = list(row)
    changed[_ATTRIBUTES] = erased_attributes(row[_ATTRIBUTES])
    changed[_RESOURCE] = _erased_resource(row[_METER], row[_RESOURCE], names)
    return tuple(changed)


def _replace_files(transaction: Transaction, rewritten: Sequence[_Rewritten], done: Erased) -> None:
    for it in rewritten:
        archives.replace_file(transaction, it.new)
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


def _remove_replaced(
    database: Database, actor: Actor, files: Sequence[Archived], folder: Path | None
) -> None:
    """Remove files that others took the place of, those of an erasure that was cut off too."""
    folders = {folder or Path(it.folder) for it in files}
    with database.reading() as snapshot:
        recorded = {it.file for it in archives.files(snapshot, actor.tenant)}
        done = acts(snapshot, actor.tenant, Filter(action=ACTION))
    for act in done:
        for name in act.details.get("replaced", ()):
            for place in folders if name not in recorded else ():
                (place / name).unlink(missing_ok=True)
