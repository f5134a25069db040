"""Archive files that the database does not record: listing them, and removing one."""

from collections.abc import Iterator
from pathlib import Path

from tollbook.domain.errors import ArchiveRefused
from tollbook.lifecycle.drafts import Found, find, remove_file
from tollbook.lifecycle.leftover_files import Stray, stray_at, strays_in
from tollbook.store import archive_files, drafts
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Database, Snapshot
from tollbook.store.file_locks import is_held
from tollbook.store.parquet import UNFINISHED


def unrecorded(snapshot: Snapshot, tenant: str, folder: Path | None) -> Iterator[str]:
    """Yield a sentence for each unrecorded file next to a tenant's archives, and what to do."""
    files = archive_files.every_file(snapshot)
    written = [find(draft, folder) for draft in drafts.drafts_of(snapshot, tenant)]
    yield from (draft.advice for draft in written if not draft.is_alive)
    folders = {Path(file.folder) for file in archive_files.files(snapshot, tenant)}
    folders |= {folder} if folder is not None else set()
    for place in sorted(folders):
        yield from (stray.advice for stray in _strays(snapshot, place, files))


def leftovers_in(snapshot: Snapshot, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield name and problem of each file in a folder that is not an archive of any tenant."""
    for stray in _strays(snapshot, folder, archive_files.every_file(snapshot)):
        yield stray.path.name, "the database does not record this file"
    for draft in drafts.every_draft(snapshot):
        found = find(draft, folder)
        if any(path.parent == folder.resolve() for path in found.paths) and not found.is_alive:
            yield draft.file, "an interrupted run left this file"


def _strays(snapshot: Snapshot, folder: Path, files: list[archive_files.Archived]) -> list[Stray]:
    known = {file.file for file in files} | {draft.file for draft in drafts.every_draft(snapshot)}
    return strays_in(folder, known)


def discard(database: Database, actor: Actor, path: Path) -> list[Path]:
    """Remove a file that is not an archive of the database, and its record if it is a draft.

    Return the removed files. Raise `ArchiveRefused` for any other file: an archive of any tenant, a
    file that a process is writing, and a file that does not look like an archive.
    """
    name = path.name.removesuffix(UNFINISHED)
    with database.reading() as snapshot:
        recorded = any(file.file == name for file in archive_files.every_file(snapshot))
        written = [
            draft for draft in drafts.drafts_of(snapshot, actor.tenant) if draft.file == name
        ]
    if recorded:
        raise ArchiveRefused(f"{name} is an archive, and its events are stored nowhere else")
    paths = _paths(path, [find(draft, None) for draft in written])
    if not written and not any(map(stray_at, paths)):
        raise ArchiveRefused(f"{path} does not exist or is not an archive file")
    if any(map(is_held, paths)):
        raise ArchiveRefused(f"{path} is being written: wait for the run that writes it")
    with database.writing() as transaction:
        for draft in written:
            drafts.give_up(transaction, draft)
        if any(archive_files.is_recorded(transaction, draft) for draft in written):
            raise ArchiveRefused(f"{name} is an archive, and its events are stored nowhere else")
        write_act(transaction, actor, "archive.discard", name, {"files": list(map(str, paths))})
    for path in paths:
        remove_file(path)
    with database.writing() as transaction:
        for draft in written:
            drafts.forget(transaction, draft)
    return paths


def _paths(path: Path, written: list[Found]) -> list[Path]:
    named = [path] if path.is_file() else []
    return list(dict.fromkeys([*named, *(file for draft in written for file in draft.paths)]))
