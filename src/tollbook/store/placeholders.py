"""The statements for organizations that only events name: how many there are, and deleting them."""

from collections.abc import Iterator
from itertools import islice

from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import UNKNOWN
from tollbook.store.versions import change_token, touch

_AT_ONCE = 500
_EVERY = 0
# The one with the highest number stays: SQLite would give its number to another organization, of
# any tenant. The audit log has numbers as well.
_CANDIDATES = f"""
SELECT organization_id FROM organizations
WHERE tenant_id = :tenant AND status = '{UNKNOWN}'
    AND organization_id < (SELECT MAX(organization_id) FROM organizations)
    AND NOT EXISTS (
        SELECT 1 FROM audit_log
        WHERE audit_log.tenant_id = :tenant
            AND audit_log.organization_id = organizations.organization_id
    )
    AND (organization_id = :number OR :number = {_EVERY}) AND organization_id > :after
ORDER BY organization_id LIMIT :limit
"""
_DELETE = (
    "DELETE FROM organizations "
    f"WHERE tenant_id = :tenant AND status = '{UNKNOWN}' AND organization_id = :number"
)
# One look-up for each organization stops at its first event; a join would read all of them.
_HAS_EVENTS = "SELECT 1 FROM event_keys WHERE organization_id = :number LIMIT 1"
_ROWS = ("ledger_versions", "quarantine_counts", "unpriced_groups")


def count_unknown(snapshot: Snapshot, tenant: str) -> int:
    """Count the organizations of a tenant that only events name."""
    return snapshot.integer(
        f"SELECT COUNT(*) FROM organizations WHERE tenant_id = :tenant AND status = '{UNKNOWN}'",
        tenant=tenant,
    )


def forget(transaction: Transaction, tenant: str, number: int | None, now: int) -> int:
    """Delete some organizations that only events named and that have none; return how many.

    Each ledger is locked first, so that no commit stores events of an organization that is gone:
    the commit finds that the directory has changed.
    """
    forgotten = 0
    for candidate in islice(_without_events(transaction, tenant, number or _EVERY), _AT_ONCE):
        touch(transaction, candidate, now)
        if not any(_without_events(transaction, tenant, candidate)):
            continue
        if transaction.execute(_DELETE, tenant=tenant, number=candidate):
            forgotten += 1
            for table in _ROWS:
                sql = f"DELETE FROM {table} WHERE organization_id = :number"
                transaction.execute(sql, number=candidate)
    if forgotten:
        change_token(transaction, tenant)
    return forgotten


def _without_events(snapshot: Snapshot, tenant: str, number: int) -> Iterator[int]:
    """Yield the organizations that may be deleted, in order of their numbers."""
    after = 0
    while True:
        found = snapshot.rows(
            _CANDIDATES, tenant=tenant, number=number, after=after, limit=_AT_ONCE
        )
        for (after,) in found:
            if not _has_events(snapshot, after):
                yield after
        if len(found) < _AT_ONCE:
            return


def _has_events(snapshot: Snapshot, number: int) -> bool:
    return snapshot.row(_HAS_EVENTS, number=number) is not None
