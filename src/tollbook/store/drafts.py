"""The statements for drafts: files that are not archives yet, or no longer."""

from enum import StrEnum
from typing import NamedTuple

from tollbook.store.database import Snapshot, Transaction
from tollbook.store.scope_check import ALL_TENANTS


class DraftState(StrEnum):
    """Whether a file may still become an archive, or will be removed."""

    WRITING = "writing"
    REMOVING = "removing"


class ArchiveDraft(NamedTuple):
    """A file that is not an archive, with its machine and folder."""

    organization_id: int
    file: str
    folder: str
    host: str
    state: str
    recorded_at: int


_COLUMNS = ", ".join(ArchiveDraft._fields)

DRAFTS = f"""
SELECT {", ".join(f"archive_drafts.{column}" for column in ArchiveDraft._fields)}
FROM archive_drafts
JOIN organizations ON organizations.organization_id = archive_drafts.organization_id
WHERE organizations.tenant_id = :tenant
ORDER BY archive_drafts.organization_id, archive_drafts.file
"""

_THIS = "organization_id = :organization_id AND file = :file"


def add(transaction: Transaction, draft: ArchiveDraft) -> None:
    """Record a file."""
    transaction.execute(
        f"INSERT INTO archive_drafts ({_COLUMNS}) "
        f"VALUES ({', '.join(f':{column}' for column in ArchiveDraft._fields)})",
        **draft._asdict(),
    )


def finish(transaction: Transaction, draft: ArchiveDraft) -> bool:
    """Delete the record of a file that becomes an archive; return False when it must not.

    The transaction that returns True also records the file as an archive.
    """
    return _change(transaction, f"DELETE FROM archive_drafts WHERE {_THIS}", draft)


def give_up(transaction: Transaction, draft: ArchiveDraft) -> bool:
    """Mark a file for removal; return False when it became an archive before.

    Wait for a transaction that is about to `finish` the file.
    """
    sql = f"UPDATE archive_drafts SET state = '{DraftState.REMOVING}' WHERE {_THIS}"
    return _change(transaction, sql, draft)


def _change(transaction: Transaction, sql: str, draft: ArchiveDraft) -> bool:
    changed = transaction.execute(
        f"{sql} AND state = :writing",
        organization_id=draft.organization_id,
        file=draft.file,
        writing=DraftState.WRITING.value,
    )
    return changed == 1


def forget(transaction: Transaction, draft: ArchiveDraft) -> None:
    """Delete the record of a file that has been removed."""
    transaction.execute(
        f"DELETE FROM archive_drafts WHERE {_THIS}",
        organization_id=draft.organization_id,
        file=draft.file,
    )


def drafts_of(snapshot: Snapshot, tenant: str) -> list[ArchiveDraft]:
    """List the drafts of a tenant's organizations."""
    return [ArchiveDraft(*row) for row in snapshot.rows(DRAFTS, tenant=tenant)]


def every_draft(snapshot: Snapshot) -> list[ArchiveDraft]:
    """List the drafts of all tenants."""
    rows = snapshot.rows(f"SELECT {_COLUMNS} FROM archive_drafts {ALL_TENANTS} ORDER BY file")
    return [ArchiveDraft(*row) for row in rows]


def forget_all(transaction: Transaction) -> None:
    """Delete the records of all tenants: a restored database may be a copy of one in use."""
    transaction.execute(f"DELETE FROM archive_drafts {ALL_TENANTS}")
