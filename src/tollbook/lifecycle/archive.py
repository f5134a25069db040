"""Archiving: write a month of an organization's events to a file, check it, remove the events."""

from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from tollbook.domain.errors import ArchiveRefused, StoreUnavailable
from tollbook.domain.periods import month_text
from tollbook.domain.rerating import RerateRange
from tollbook.lifecycle import archived_meters
from tollbook.lifecycle.drafts import Writing, clean_up, drafting
from tollbook.lifecycle.leftover_files import safe_name
from tollbook.store import archive_files, archives, directory, ledger, rerating_runs, versions
from tollbook.store.archive_files import Archived
from tollbook.store.archives import Month
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Database, Transaction
from tollbook.store.engine import TimeLimit
from tollbook.store.parquet import WrittenFile, arrow_modules, digest_of, write_file

_TRIES = 5


class Due(NamedTuple):
    """The months to archive: of one organization or all, before a month, to a folder."""

    organization: int | None
    before: int
    folder: Path


class NotArchived(NamedTuple):
    """A month that stays in the ledger, with the reason."""

    month: Month
    reason: str

    @property
    def name(self) -> str:
        """Return the organization and the month."""
        return describe(self.month)


class _Changed(Exception):
    """The events in the ledger are not the events in the file."""


def archive(database: Database, actor: Actor, due: Due) -> Iterator[Archived | NotArchived]:
    """Archive the months that are due, one organization's month at a time; yield each result.

    A month that cannot be archived is yielded with the reason, and the next one follows. The run
    may stop at any moment: yielded months are archived, and no event is removed that is not in a
    file.
    """
    arrow_modules()
    clean_up(database, actor.tenant)
    with database.reading(TimeLimit.NONE) as snapshot:
        months = archives.due(snapshot, actor.tenant, due.before, due.organization)
    for month in months:
        try:
            done = _archive_month(database, actor, month, due.folder.absolute())
        except ArchiveRefused as error:
            yield NotArchived(month, error.sentence)
        except StoreUnavailable as error:
            if not isinstance(error.__cause__, OSError):  # the database, and not the folder
                raise
            yield NotArchived(month, error.sentence)
        else:
            if done is not None:
                yield done


def before_months(today: int, months: int) -> int:
    """Return the month before which events are older than a number of whole months."""
    year, index = divmod(today // 10_000 * 12 + today // 100 % 100 - 1 - months, 12)
    return year * 100 + index + 1


def _archive_month(database: Database, actor: Actor, month: Month, folder: Path) -> Archived | None:
    for _ in range(_TRIES):
        with database.reading(TimeLimit.NONE) as snapshot:
            part = len(archive_files.files_of(snapshot, month.number, month.month)) + 1
        path = folder / file_name(month, part)
        file = None
        try:
            with drafting(database, month.number, path, actor.at) as writing:
                copy = _write(database, actor, month, path, part)
                if copy is None:  # another run has archived it
                    return None
                file = _file_of(month, copy, actor)
                _remove(database, actor, month, copy=copy, writing=writing, file=file)
                writing.is_archived = True
        except _Changed:
            continue
        if writing.is_archived:
            return file
    raise ArchiveRefused(
        f"the events of {describe(month)} changed each time they were written: try again when "
        "fewer late events come"
    )


class _Copy(NamedTuple):
    """A file, and the state of its events when it was written."""

    path: Path
    part: int
    state: tuple[object, ...]
    written: WrittenFile


def _write(database: Database, actor: Actor, month: Month, path: Path, part: int) -> _Copy | None:
    """Write a month to its file and read the file; return None when the month has no events."""
    with database.reading(TimeLimit.NONE) as snapshot:
        state = archives.state(snapshot, actor.tenant, month)
        if not state[0]:
            return None
        if state[-1] != part - 1:
            raise _Changed
        organization = directory.organization_numbered(snapshot, actor.tenant, month.number)
        about = {
            "tenant": actor.tenant,
            "organization_id": month.organization_id,
            "timezone": organization.timezone,
            "currency": organization.currency,
            "month": str(month.month),
            **archived_meters.metadata(snapshot, actor.tenant, month),
        }
        written = write_file(path, archives.events(snapshot, month), about)
    if written.rows != state[0] or digest_of(path) != written.digest:
        raise ArchiveRefused(f"{path} has other content than was written: nothing was removed")
    return _Copy(path, part, state, written)


def _file_of(month: Month, copy: _Copy, actor: Actor) -> Archived:
    return Archived(
        organization_id=month.number,
        month=month.month,
        part=copy.part,
        file=copy.path.name,
        folder=str(copy.path.parent),
        events=copy.written.rows,
        bytes=copy.written.bytes,
        checksum=copy.written.checksum,
        archived_at=actor.at,
    )


def _remove(
    database: Database, actor: Actor, month: Month, copy: _Copy, writing: Writing, file: Archived
) -> None:
    """Remove the events of a file from the ledger; raise `_Changed` when the month has others."""
    with database.writing(TimeLimit.NONE) as transaction:
        rerating_runs.lock_runs(transaction, actor.tenant)
        _refuse_during_runs(transaction, actor.tenant, month)
        ledger.hold_ledgers(transaction, [month.number])
        directory.require_number(transaction, actor.tenant, month.organization_id, month.number)
        if archives.state(transaction, actor.tenant, month) != copy.state:
            raise _Changed
        if not writing.finish(transaction):
            raise _Changed
        archives.move_out(transaction, month, file)
        versions.touch(transaction, month.number, actor.at)
        details = {"file": file.file, "events": file.events, "checksum": file.checksum}
        write_act(
            transaction,
            actor,
            "events.archive",
            describe(month),
            details,
            organization=month.number,
        )


def _refuse_during_runs(transaction: Transaction, tenant: str, month: Month) -> None:
    span = RerateRange(month.first, month.last, month.number)
    run = rerating_runs.overlapping(transaction, tenant, span, unfinished=True)
    if run is not None:
        raise ArchiveRefused(
            f"rerating run {run.id} is {run.status} and covers {describe(month)}: "
            "let it end or revert it first"
        )


def describe(month: Month) -> str:
    """Return an organization and a month as part of a sentence."""
    return f"{month.organization_id} {month_text(month.month)}"


def file_name(month: Month, part: int) -> str:
    """Return a unique name for the file of a month, even when two runs write it at once."""
    name = f"{safe_name(month.organization_id)}.{month.number}.{month_text(month.month)}"
    return f"{name}.{part}-{token_hex(3)}.parquet"
