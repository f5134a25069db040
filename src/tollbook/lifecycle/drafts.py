"""Drafts: a file of an archive is recorded before it is written, so no file stays unknown."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from tollbook.domain.errors import OutcomeUnknown, StoreUnavailable
from tollbook.store import drafts
from tollbook.store.archive_files import is_recorded
from tollbook.store.database import Database, Transaction
from tollbook.store.drafts import ArchiveDraft, DraftState
from tollbook.store.file_locks import create_locked, is_held, lock_abandoned, sync
from tollbook.store.parquet import not_written, unfinished_of

HOST = socket.gethostname()


class Writing:
    """A file that this process writes, and whether it has become an archive."""

    def __init__(self, draft: ArchiveDraft, path: Path) -> None:
        self.draft = draft
        self.path = path
        self.is_archived = False

    def finish(self, transaction: Transaction) -> bool:
        """Delete the record of a file that becomes an archive; False when it is gone."""
        return drafts.finish(transaction, self.draft)


class Found(NamedTuple):
    """A draft, and its files on this machine."""

    draft: ArchiveDraft
    paths: Sequence[Path]

    @property
    def is_gone(self) -> bool:
        """Return whether the draft has no file here, and cannot have one anywhere else."""
        draft = self.draft
        return not self.paths and draft.host == HOST and Path(draft.folder).is_dir()

    @property
    def advice(self) -> str:
        """Return the sentence that names the file and what to do about it."""
        draft = self.draft
        return (
            f"an interrupted run left {draft.file} in {draft.folder} on {draft.host}: run this "
            "command there; if the file no longer exists, run: "
            f"tollbook archive --discard '{draft.file}' --yes"
        )

    @property
    def is_alive(self) -> bool:
        """Return whether a process is writing the file."""
        return self.draft.state == DraftState.WRITING and any(map(is_held, self.paths))


@contextmanager
def drafting(database: Database, organization: int, path: Path, now: int) -> Iterator[Writing]:
    """Record a file, and hold its lock while the block writes it and records it as an archive.

    When the block does not set `is_archived`, find out in a new transaction whether its commit has
    happened nevertheless, and remove the file only when it has not and never will. When that cannot
    be found out the file stays: the next archive or erasure removes or keeps it.
    """
    draft = ArchiveDraft(
        organization_id=organization,
        file=path.name,
        folder=str(path.parent),
        host=HOST,
        state=DraftState.WRITING.value,
        recorded_at=now,
    )
    writing = Writing(draft, path)
    with ExitStack() as held:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with database.writing() as transaction:
                drafts.add(transaction, draft)
            held.enter_context(create_locked(unfinished_of(path)))
        except OSError as error:
            raise not_written(path, error) from error
        try:
            yield writing
        except OutcomeUnknown as error:
            try:
                _settle(database, writing)
            except StoreUnavailable:
                raise OutcomeUnknown(
                    f"{error.sentence}; {path} is kept until the next archive or erasure"
                ) from error
        except BaseException:
            with suppress(StoreUnavailable):  # the next run finds the record
                _settle(database, writing)
            raise
        else:
            if not writing.is_archived:
                _settle(database, writing)


def _settle(database: Database, writing: Writing) -> None:
    """Find out whether a file became an archive; remove it when it did not."""
    draft = writing.draft
    with database.writing() as transaction:
        given_up = drafts.give_up(transaction, draft)
        writing.is_archived = not given_up and is_recorded(transaction, draft)
    if not writing.is_archived:
        _remove(database, find(draft, None))


def clean_up(database: Database, tenant: str, folder: Path | None = None) -> list[Found]:
    """Remove the files of drafts whose process has ended, and files that were replaced.

    Return drafts whose files are not here: they may be on another machine, or their folder is
    missing. `folder` is the place of files that were moved.
    """
    elsewhere = []
    with database.reading() as snapshot:
        known = drafts.drafts_of(snapshot, tenant)
    for found in (find(draft, folder) for draft in known):
        if not found.paths and not found.is_gone:
            elsewhere.append(found)
            continue
        with lock_abandoned([*found.paths]) as abandoned:
            if not abandoned:
                continue
            if _is_abandoned(database, found.draft):
                _remove(database, found)
    return elsewhere


def _is_abandoned(database: Database, draft: ArchiveDraft) -> bool:
    """Mark a draft for removal; return False when its file became an archive."""
    with database.writing() as transaction:
        drafts.give_up(transaction, draft)
        return not is_recorded(transaction, draft)


def find(draft: ArchiveDraft, folder: Path | None) -> Found:
    """Find the files of a draft where they were written, or in `folder`."""
    # Resolved, so that no file is found under two names: it could not be locked twice.
    places = {place.resolve() for place in (Path(draft.folder), folder) if place is not None}
    names = [place / draft.file for place in places]
    # A writer renames its file from the first name to the second.
    files = (path for name in names for path in (unfinished_of(name), name))
    return Found(draft, [path for path in files if path.is_file()])


def _remove(database: Database, found: Found) -> None:
    for path in found.paths:
        remove_file(path)
    with database.writing() as transaction:
        drafts.forget(transaction, found.draft)


def remove_file(path: Path) -> None:
    """Remove a file durably."""
    try:
        path.unlink(missing_ok=True)
        sync(path.parent)
    except OSError as error:
        raise StoreUnavailable(
            f"{path} could not be removed ({error.strerror}): remove it, then try again"
        ) from error
