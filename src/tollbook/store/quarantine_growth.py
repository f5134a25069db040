"""The statements for the number of quarantined events over the last hour."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tollbook.store.database import Snapshot, Transaction
from tollbook.store.scope_check import ALL_TENANTS

COUNTS_OF_TENANTS = f"""
SELECT
    organizations.tenant_id, quarantine_counts.code,
    CAST(SUM(quarantine_counts.events) AS BIGINT)
FROM quarantine_counts
JOIN organizations ON organizations.organization_id = quarantine_counts.organization_id
GROUP BY organizations.tenant_id, quarantine_counts.code
HAVING SUM(quarantine_counts.events) > 0
ORDER BY 1, 3 DESC, 2 {ALL_TENANTS}
"""


class QuarantineCount(NamedTuple):
    """How many events of a tenant were in quarantine at an instant, in microseconds."""

    tenant: str
    at: int
    waiting: int


class Alarm(NamedTuple):
    """The last time that a tenant was notified, and whether the number has fallen to half since."""

    tenant: str
    at: int
    waiting: int
    fell: bool = False


def counts(snapshot: Snapshot) -> dict[str, dict[str, int]]:
    """Count the quarantined events of each tenant by code, the most frequent first."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for tenant, code, events in snapshot.rows(COUNTS_OF_TENANTS):
        found[tenant][code] = int(events)
    return dict(found)


def samples(snapshot: Snapshot) -> dict[str, list[QuarantineCount]]:
    """Read the samples of each tenant, the oldest first."""
    found: defaultdict[str, list[QuarantineCount]] = defaultdict(list)
    for row in snapshot.rows(
        f"SELECT tenant_id, at, waiting FROM quarantine_samples ORDER BY 1, 2 {ALL_TENANTS}"
    ):
        found[row[0]].append(QuarantineCount(*row))
    return dict(found)


def alarms(snapshot: Snapshot) -> dict[str, Alarm]:
    """Read the alarm of each tenant that was notified."""
    rows = snapshot.rows(
        f"SELECT tenant_id, at, waiting, fell FROM quarantine_alarms {ALL_TENANTS}"
    )
    return {tenant: Alarm(tenant, at, waiting, bool(fell)) for tenant, at, waiting, fell in rows}


def add_samples(transaction: Transaction, found: Iterable[QuarantineCount]) -> None:
    """Insert samples."""
    transaction.execute_many(
        "INSERT INTO quarantine_samples (tenant_id, at, waiting) VALUES (:tenant, :at, :waiting)",
        [it._asdict() for it in found],
    )


def remove_samples(transaction: Transaction, found: Sequence[QuarantineCount]) -> None:
    """Delete samples."""
    transaction.execute_many(
        "DELETE FROM quarantine_samples WHERE tenant_id = :tenant AND at = :at",
        [{"tenant": it.tenant, "at": it.at} for it in found],
    )


def put_alarms(transaction: Transaction, found: Iterable[Alarm]) -> None:
    """Store the alarms of tenants instead of those before."""
    transaction.execute_many(
        "INSERT INTO quarantine_alarms (tenant_id, at, waiting, fell) "
        "VALUES (:tenant, :at, :waiting, :fell) ON CONFLICT (tenant_id) DO UPDATE SET "
        "at = excluded.at, waiting = excluded.waiting, fell = excluded.fell",
        [{**it._asdict(), "fell": int(it.fell)} for it in found],
    )
