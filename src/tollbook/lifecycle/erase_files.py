"""Replacing archive files with files that do not have a person's data."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from tollbook.domain.errors import ArchiveRefused, StoreUnavailable
from tollbook.lifecycle.drafts import Writing, drafting
from tollbook.lifecycle.erased_values import erased_attributes, erased_resource
from tollbook.store import archive_files, drafts, erasure
from tollbook.store.archive_files import Archived
from tollbook.store.database import Database, Transaction
from tollbook.store.drafts import DraftState
from tollbook.store.engine import Row, TimeLimit
from tollbook.store.events import Stored
from tollbook.store.parquet import about, read_file, write_file

_USER, _METER, _RESOURCE, _ATTRIBUTES = map(
    Stored._fields.index, ("user_id", "meter", "resource_id", "attributes")
)


class ArchivesChanged(Exception):
    """Events were archived, or files replaced, while files were read."""


class RewrittenFile(NamedTuple):
    """A new archive file without a person's data, and the file that it replaces."""

    old: Archived
    path: Path
    new: Archived
    ids: list[str]
    writing: Writing


def rewrite_files(
    database: Database,
    now: int,
    paths: Mapping[Archived, Path],
    user: str,
    names: dict[str, str],
    held: ExitStack,
) -> list[RewrittenFile]:
    """Write new files for those with events of the user; refuse when one is missing."""
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
        rewritten.append(RewrittenFile(file, path.absolute(), new, ids, writing))
    return rewritten


def _ids_in(database: Database, file: Archived, path: Path, user: str) -> list[str]:
    """List the person's events in a file."""
    try:
        return [row[2] for rows in read_file(path) for row in rows if row[_USER] == user]
    except OSError as error:
        _raise_if_replaced(database, file, error)
        raise ArchiveRefused(
            f"the archive {path} is missing, and it may hold data of this person: "
            "restore it, or name the folder of the archives"
        ) from error


def _raise_if_replaced(database: Database, file: Archived, error: Exception) -> None:
    """Raise `ArchivesChanged` when a file cannot be read because another erasure replaced it."""
    with database.reading(TimeLimit.NONE) as snapshot:
        if file not in archive_files.files_of(snapshot, file.organization_id, file.month):
            raise ArchivesChanged from error


def _erased_group(rows: list[Row], user: str, names: dict[str, str]) -> list[Row]:
    return [_erased_row(row, names) if row[_USER] == user else row for row in rows]


def _erased_row(row: Row, names: dict[str, str]) -> Row:
    changed = list(row)
    changed[_ATTRIBUTES] = erased_attributes(row[_ATTRIBUTES])
    changed[_RESOURCE] = erased_resource(row[_METER], row[_RESOURCE], names)
    return tuple(changed)


def replace_files(transaction: Transaction, now: int, rewritten: Sequence[RewrittenFile]) -> None:
    """Record new files as archives, and mark the old files for removal."""
    for file in rewritten:
        if not file.writing.finish(transaction):
            raise ArchivesChanged
        archive_files.replace_file(transaction, file.new)
        folder = str(file.path.parent)
        old = file.writing.draft._replace(
            file=file.old.file, folder=folder, state=DraftState.REMOVING.value, recorded_at=now
        )
        drafts.add(transaction, old)
        erasure.erase_reasons(transaction, file.new.organization_id, file.ids)
