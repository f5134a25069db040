"""The statements for files of archived events."""

from typing import NamedTuple

from tollbook.store.database import Snapshot, Transaction
from tollbook.store.drafts import ArchiveDraft
from tollbook.store.scope_check import ALL_TENANTS


class Archived(NamedTuple):
    """A file of archived events of a month."""

    organization_id: int
    month: int
    part: int
    file: str
    folder: str
    events: int
    bytes: int
    checksum: str
    archived_at: int


ADD_FILE = f"""
INSERT INTO archived_months ({", ".join(Archived._fields)})
VALUES ({", ".join(f":{column}" for column in Archived._fields)})
"""

FILES = f"""
SELECT {", ".join(f"archived_months.{column}" for column in Archived._fields)} FROM archived_months
JOIN organizations ON organizations.organization_id = archived_months.organization_id
WHERE organizations.tenant_id = :tenant
    AND (archived_months.organization_id = :only OR :only = 0)
    AND archived_months.month BETWEEN :first_month AND :last_month
ORDER BY archived_months.organization_id, archived_months.month, archived_months.part
"""


def add(transaction: Transaction, file: Archived) -> None:
    """Record a file."""
    transaction.execute(ADD_FILE, **file._asdict())


def files(
    snapshot: Snapshot,
    tenant: str,
    organization: int | None = None,
    months: tuple[int, int] = (0, 999_999),
) -> list[Archived]:
    """List the files of a tenant's archived events, or of one organization's."""
    rows = snapshot.rows(
        FILES,
        tenant=tenant,
        only=organization or 0,
        first_month=months[0],
        last_month=months[1],
    )
    return [Archived(*row) for row in rows]


def every_file(snapshot: Snapshot) -> list[Archived]:
    """List the files of all tenants."""
    rows = snapshot.rows(
        f"SELECT {', '.join(Archived._fields)} FROM archived_months {ALL_TENANTS} "
        "ORDER BY organization_id, month, part"
    )
    return [Archived(*row) for row in rows]


def files_of(
    snapshot: Snapshot, number: int, month: int, last_month: int | None = None
) -> list[Archived]:
    """List the files of a month of an organization, or of the months up to `last_month`."""
    rows = snapshot.rows(
        f"SELECT {', '.join(Archived._fields)} FROM archived_months "
        "WHERE organization_id = :number AND month BETWEEN :month AND :last_month "
        "ORDER BY month, part",
        number=number,
        month=month,
        last_month=last_month or month,
    )
    return [Archived(*row) for row in rows]


def is_recorded(snapshot: Snapshot, file: ArchiveDraft) -> bool:
    """Return whether a draft became an archive."""
    row = snapshot.row(
        "SELECT 1 FROM archived_months WHERE organization_id = :number AND file = :file",
        number=file.organization_id,
        file=file.file,
    )
    return row is not None


def replace_file(transaction: Transaction, file: Archived) -> None:
    """Record the file that replaces another one for a part of a month."""
    transaction.execute(
        "UPDATE archived_months SET file = :file, folder = :folder, bytes = :bytes, "
        "checksum = :checksum "
        "WHERE organization_id = :organization_id AND month = :month AND part = :part",
        **file._asdict(),
    )
