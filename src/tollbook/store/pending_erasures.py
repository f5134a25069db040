"""The statements for erasures whose data may still be in the database's log of writes."""

from typing import NamedTuple

from tollbook.store.database import Database, Snapshot, Transaction
from tollbook.store.scope_check import ALL_TENANTS


class PendingErasure(NamedTuple):
    """An erased person, and the key that erased; `erased_at` is in microseconds since 1970."""

    tenant: str
    number: int
    organization_id: str
    user: str
    key_prefix: str
    erased_at: int


_PENDING = """
SELECT
    pending.tenant_id, pending.organization_id, organizations.id, pending.user_id,
    pending.key_prefix, pending.erased_at
FROM pending_erasures AS pending
JOIN organizations ON organizations.organization_id = pending.organization_id
"""


def add(transaction: Transaction, erasure: PendingErasure) -> None:
    """Record an erasure as pending; erasing again replaces the record."""
    transaction.execute(
        """
        INSERT INTO pending_erasures (tenant_id, organization_id, user_id, key_prefix, erased_at)
        VALUES (:tenant, :number, :user, :key_prefix, :erased_at)
        ON CONFLICT (tenant_id, organization_id, user_id) DO UPDATE
        SET key_prefix = excluded.key_prefix, erased_at = excluded.erased_at
        """,
        tenant=erasure.tenant,
        number=erasure.number,
        user=erasure.user,
        key_prefix=erasure.key_prefix,
        erased_at=erasure.erased_at,
    )


def finish(transaction: Transaction, erasure: PendingErasure) -> bool:
    """Delete the record of an erasure; return False when the person was erased again since."""
    found = transaction.execute(
        "DELETE FROM pending_erasures WHERE tenant_id = :tenant AND organization_id = :number "
        "AND user_id = :user AND erased_at = :erased_at",
        tenant=erasure.tenant,
        number=erasure.number,
        user=erasure.user,
        erased_at=erasure.erased_at,
    )
    return bool(found)


def is_pending(snapshot: Snapshot, tenant: str, number: int, user: str) -> bool:
    """Return whether the erasure of a person is pending."""
    row = snapshot.row(
        "SELECT 1 FROM pending_erasures WHERE tenant_id = :tenant AND organization_id = :number "
        "AND user_id = :user",
        tenant=tenant,
        number=number,
        user=user,
    )
    return row is not None


def of_tenant(snapshot: Snapshot, tenant: str) -> list[PendingErasure]:
    """Read the pending erasures of a tenant."""
    rows = snapshot.rows(f"{_PENDING} WHERE pending.tenant_id = :tenant", tenant=tenant)
    return [PendingErasure(*row) for row in rows]


def every(snapshot: Snapshot) -> list[PendingErasure]:
    """Read the pending erasures of all tenants: one log of writes has the data of all of them."""
    return [PendingErasure(*row) for row in snapshot.rows(f"{_PENDING} {ALL_TENANTS}")]


def count_all(database: Database) -> int:
    """Count the pending erasures of all tenants."""
    with database.reading() as snapshot:
        return snapshot.integer(f"SELECT COUNT(*) FROM pending_erasures {ALL_TENANTS}")
