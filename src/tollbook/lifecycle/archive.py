"""Archiving: a month of an organization's events goes into a file, is checked, and then removed."""

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple
from urllib.parse import quote

from tollbook.domain.errors import ArchiveRefused
from tollbook.domain.rerating import Span
from tollbook.lifecycle.parquet import Written, digest_of, require_arrow, write_file
from tollbook.store import archives, directory, ledger, rerating_runs
from tollbook.store.archives import Archived, Month
from tollbook.store.audit import Actor, write_act
from tollbook.store.database import Database, Transaction
from tollbook.store.engine import TimeLimit

_TRIES = 5
_LONGEST_NAME = 100


class Due(NamedTuple):
    """What is to be archived: whose months, those before which one, and where to."""

    organization: int | None
    before: int
    folder: Path


def archive(database: Database, actor: Actor, due: Due) -> Iterator[Archived]:
    """Archive what is due, a month of an organization at a time; give each file when it is done.

    Stopped at any moment, what is done is done, and nothing is removed that is not in a file.
    """
    require_arrow()
    with database.reading(TimeLimit.NONE) as snapshot:
        months = archives.due(snapshot, actor.tenant, due.before, due.organization)
    for month in months:
        done = _archive_month(database, actor, month, due.folder.absolute())
        if done is not None:
            yield done


def before_months(today: int, months: int) -> int:
    """Give the month before which events are older than so many whole months."""
    year, index = divmod(today // 10_000 * 12 + today // 100 % 100 - 1 - months, 12)
    return year * 100 + index + 1


def _archive_month(database: Database, actor: Actor, month: Month, folder: Path) -> Archived | None:
    for _ in range(_TRIES):
        copy = _write(database, actor, month, folder)
        if not copy.written.rows:  # somebody else was quicker
            copy.path.unlink()
            return None
        done = None
        try:
            done = _remove(database, actor, month, copy)
        finally:
            if done is None:
                copy.path.unlink()
        if done is not None:
            return done
    raise ArchiveRefused(
        f"the events of {named(month)} changed each time they were written: try again when "
        "fewer late events come"
    )


class _Copy(NamedTuple):
    """A file, and the state of the events when they were written to it."""

    path: Path
    part: int
    state: tuple[object, ...]
    written: Written


def _write(database: Database, actor: Actor, month: Month, folder: Path) -> _Copy:
    """Write a month to its file and read that again."""
    with database.reading(TimeLimit.NONE) as snapshot:
        state = archives.state(snapshot, month)
        part = len(archives.files_of(snapshot, month.number, month.month)) + 1
        organization = directory.organization_numbered(snapshot, actor.tenant, month.number)
        path = folder / file_name(month, part)
        about = {
            "tenant": actor.tenant,
            "organization_id": month.organization_id,
            "timezone": organization.timezone,
            "currency": organization.currency,
            "month": str(month.month),
        }
        written = write_file(path, archives.events(snapshot, month), about)
    if written.rows != state[0] or digest_of(path) != written.digest:
        raise ArchiveRefused(f"{path} does not read as it was written: nothing was removed")
    return _Copy(path, part, state, written)


def _remove(database: Database, actor: Actor, month: Month, copy: _Copy) -> Archived | None:
    """Take out of the ledger what is in a file; None when that is no longer all of the month."""
    file = Archived(
        month.number,
        month.month,
        copy.part,
        copy.path.name,
        str(copy.path.parent),
        copy.written.rows,
        copy.written.bytes,
        copy.written.checksum,
        actor.at,
    )
    with database.writing(TimeLimit.NONE) as transaction:
        rerating_runs.lock_runs(transaction, actor.tenant)
        _refuse_beside_runs(transaction, actor.tenant, month)
        ledger.hold_heads(transaction, [month.number])
        if archives.state(transaction, month) != copy.state:
            return None
        archives.move_out(transaction, month, file)
        directory.touch(transaction, month.number, actor.at)
        details = {"file": file.file, "events": file.events, "checksum": file.checksum}
        write_act(transaction, actor, "events.archive", named(month), details, month.number)
    return file


def _refuse_beside_runs(transaction: Transaction, tenant: str, month: Month) -> None:
    span = Span(month.first, month.last, month.number)
    run = rerating_runs.overlapping(transaction, tenant, span, unfinished=True)
    if run is not None:
        raise ArchiveRefused(
            f"rerating run {run.id} is {run.status} and reaches {named(month)}: "
            "let it end or revert it first"
        )


def named(month: Month) -> str:
    """Name a month of an organization."""
    return f"{month.organization_id} {month.month // 100}-{month.month % 100:02d}"


def file_name(month: Month, part: int) -> str:
    """Name the file of a month; no two are alike, whoever writes them at the same time."""
    safe = quote(month.organization_id, safe="")[:_LONGEST_NAME]
    when = f"{month.month // 100}-{month.month % 100:02d}"
    return f"{safe}.{month.number}.{when}.{part}-{token_hex(3)}.parquet"
