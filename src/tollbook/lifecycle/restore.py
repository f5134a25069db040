"""Restoring archived months: their events return to the ledger, and their files are removed."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tollbook.domain.errors import ArchiveRefused, NotFound, OutcomeUnknown, StoreUnavailable
from tollbook.domain.periods import month_text
from tollbook.lifecycle import archived_meters
from tollbook.lifecycle.archive import describe
from tollbook.lifecycle.check import SumsByKey, add_to_sums
from tollbook.lifecycle.drafts import HOST, clean_up
from tollbook.lifecycle.missing_purchases import add_purchases, missing_groups
from tollbook.store import archive_files, archives, directory, drafts, ledger, versions
from tollbook.store.archive_files import Archived
from tollbook.store.archive_reader import UnreadableArchive, locate, require_unchanged
from tollbook.store.archives import Month
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Database, Transaction
from tollbook.store.drafts import ArchiveDraft, DraftState
from tollbook.store.engine import Row, TimeLimit
from tollbook.store.events import Stored
from tollbook.store.parquet import read_file

_TRIES = 5


class RestoredPart(NamedTuple):
    """A month such as 202401 to restore, of one organization or all.

    Archives are in `folder`, or where they were written.
    """

    organization: int | None
    month: int
    folder: Path | None


class Restored(NamedTuple):
    """A month that is in the ledger again, and the files that it was in."""

    month: Month
    events: int
    files: tuple[str, ...]


class NotRestored(NamedTuple):
    """A month that stays archived, with the reason."""

    month: Month
    reason: str


class _Changed(Exception):
    """The archives of a month are no longer those that were read."""


def restore(
    database: Database, actor: Actor, wanted: RestoredPart
) -> Iterator[Restored | NotRestored]:
    """Restore a month, one organization at a time; yield each result.

    An organization whose files cannot be read is yielded with the reason, and the next one follows.
    The run may stop at any moment: each event is either archived or in the ledger, and the next run
    of `archive` removes files that were left. Raise `NotFound` when nothing of the month is
    archived.
    """
    clean_up(database, actor.tenant, wanted.folder)
    months = _months(database, actor, wanted)
    if not months:
        raise NotFound(f"no events of {month_text(wanted.month)} are archived")
    for month in months:
        try:
            done = _restore_month(database, actor, month, wanted.folder)
        except ArchiveRefused as error:
            yield NotRestored(month, error.sentence)
        else:
            if done is not None:
                yield done


def _months(database: Database, actor: Actor, wanted: RestoredPart) -> list[Month]:
    span = wanted.month, wanted.month
    with database.reading(TimeLimit.NONE) as snapshot:
        files = archive_files.files(snapshot, actor.tenant, wanted.organization, span)
        numbers = [number for number, _ in groupby(file.organization_id for file in files)]
        rows = [directory.organization_numbered(snapshot, actor.tenant, it) for it in numbers]
    return [Month(row.number, row.id, wanted.month) for row in rows]


def _restore_month(
    database: Database, actor: Actor, month: Month, folder: Path | None
) -> Restored | None:
    """Restore a month of an organization; return None when another run has done so."""
    for _ in range(_TRIES):
        files = _files_of(database, month)
        if not files:
            return None
        try:
            paths = _require_readable(files, folder)
        except ArchiveRefused:
            if _files_of(database, month) != files:  # an erasure has replaced them
                continue
            raise
        database.ensure_partitions([month.month])
        try:
            with database.writing(TimeLimit.NONE) as transaction:
                _move_in(transaction, actor, month, files, paths)
        except _Changed:
            continue
        except OutcomeUnknown:
            if not _is_done(database, month):
                continue
        _finish(database, actor.tenant, folder)
        names = tuple(file.file for file in files)
        return Restored(month, sum(file.events for file in files), names)
    raise ArchiveRefused(
        f"the archives of {describe(month)} changed each time they were read: try again"
    )


def _files_of(database: Database, month: Month) -> list[Archived]:
    with database.reading(TimeLimit.NONE) as snapshot:
        return archive_files.files_of(snapshot, month.number, month.month)


def _require_readable(files: Sequence[Archived], folder: Path | None) -> list[Path]:
    """Return the paths of files that are what was recorded."""
    paths = []
    try:
        for file in files:
            path = locate(file, folder).absolute()
            require_unchanged(file, path)
            paths.append(path)
    except UnreadableArchive as error:
        raise ArchiveRefused(error.problem) from error
    return paths


def _move_in(
    transaction: Transaction,
    actor: Actor,
    month: Month,
    files: Sequence[Archived],
    paths: Sequence[Path],
) -> None:
    """Move the events of files into the ledger; raise `_Changed` when the month has other files."""
    ledger.hold_ledgers(transaction, [month.number])
    directory.require_number(transaction, actor.tenant, month.organization_id, month.number)
    if archive_files.files_of(transaction, month.number, month.month) != files:
        raise _Changed
    archived_meters.require_same(transaction, actor.tenant, paths)
    kept = archives.sums_of(transaction, month.number, month.month)
    sums: SumsByKey = {}
    archives.move_in(transaction, month, _rows(month, paths, sums))
    missing = missing_groups(kept, sums)
    if missing is None:
        raise ArchiveRefused(
            f"the events in the files of {describe(month)} do not add up to the stored sums; "
            "nothing was restored"
        )
    if missing:
        moved_in = (Stored(*row) for rows in archives.events(transaction, month) for row in rows)
        add_purchases(transaction, month, moved_in, missing)
    stranger = archives.without_identity(transaction, month)
    if stranger is not None:
        raise ArchiveRefused(
            f"the identity of event {stranger} of {describe(month)} is not in the ledger; "
            "nothing was restored"
        )
    for file, path in zip(files, paths, strict=True):
        drafts.add(transaction, _leftover(file, path, actor.at))
    versions.touch(transaction, month.number, actor.at)
    details = {
        "files": [file.file for file in files],
        "events": sum(file.events for file in files),
    }
    what = describe(month)
    write_act(transaction, actor, "events.restore", what, details, organization=month.number)


def _rows(month: Month, paths: Sequence[Path], sums: SumsByKey) -> Iterator[Row]:
    """Read the events of files, and add each to the sums."""
    for path in paths:
        for rows in read_file(path):
            for row in rows:
                event = Stored(*row)
                if (event.organization_id, event.day // 100) != (month.number, month.month):
                    raise ArchiveRefused(
                        f"{path.name} has an event that is not of {describe(month)}; "
                        "nothing was restored"
                    )
                add_to_sums(sums, event)
                yield row


def _leftover(file: Archived, path: Path, now: int) -> ArchiveDraft:
    """Return the record of a file that is no longer an archive, until it is removed."""
    return ArchiveDraft(
        organization_id=file.organization_id,
        file=file.file,
        folder=str(path.parent),
        host=HOST,
        state=DraftState.REMOVING.value,
        recorded_at=now,
    )


def _is_done(database: Database, month: Month) -> bool:
    """Find out whether a transaction whose commit got no response has restored a month."""
    with database.writing(TimeLimit.NONE) as transaction:
        ledger.hold_ledgers(transaction, [month.number])  # waits for that transaction
        return not archive_files.files_of(transaction, month.number, month.month)


def _finish(database: Database, tenant: str, folder: Path | None) -> None:
    """Remove the files whose events are in the ledger again."""
    with suppress(StoreUnavailable):  # the next run removes them
        clean_up(database, tenant, folder)
