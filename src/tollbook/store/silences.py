"""The statements of silences: when events were received, by hour, and what was notified."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tollbook.domain.keys import Permission
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.scope_check import ALL_TENANTS

WHOLE_TENANT = 0
"""The number of a subject that is a whole tenant."""
_RECEIVED = f"""
SELECT organizations.tenant_id, organizations.organization_id, organizations.id,
    ledger_versions.received_at
FROM organizations
JOIN ledger_versions ON ledger_versions.organization_id = organizations.organization_id
WHERE organizations.status = 'active' AND ledger_versions.received_at > 0 {ALL_TENANTS}
"""
_ADD_HOUR = """
INSERT INTO received_hours (tenant_id, organization_id, day, hours)
VALUES (:tenant, :number, :day, :hours)
ON CONFLICT (tenant_id, organization_id, day)
DO UPDATE SET hours = received_hours.hours | excluded.hours
"""
_HOURS = """
SELECT organization_id, day, hours FROM received_hours
WHERE tenant_id = :tenant AND organization_id IN :numbers
"""
_SENDERS = """
SELECT organization_id, permissions, last_used_at FROM api_keys
WHERE tenant_id = :tenant AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
"""


class SilenceSubject(NamedTuple):
    """An organization by its number, or the whole tenant."""

    tenant: str
    number: int


class LastReceipts(NamedTuple):
    """When the last events of a subject were received, in microseconds since 1970.

    `id` is None for the whole tenant.
    """

    subject: SilenceSubject
    id: str | None
    received_at: int


class SendingKey(NamedTuple):
    """A key that may send events: its organization, None for the tenant, and its last use.

    The last use is in microseconds since 1970, 0 without any.
    """

    organization: int | None
    last_used_at: int


def last_receipts(snapshot: Snapshot) -> list[LastReceipts]:
    """Return when the last events were received, of each organization and of each tenant."""
    found = [
        LastReceipts(SilenceSubject(tenant, number), identity, received_at)
        for tenant, number, identity, received_at in snapshot.table(_RECEIVED, {}, 4)
    ]
    newest: defaultdict[str, int] = defaultdict(int)
    for it in found:
        newest[it.subject.tenant] = max(newest[it.subject.tenant], it.received_at)
    return found + [
        LastReceipts(SilenceSubject(it, WHOLE_TENANT), None, at) for it, at in newest.items()
    ]


def add_hours(transaction: Transaction, found: Iterable[tuple[SilenceSubject, int]]) -> None:
    """Store hours, counted since 1970 in UTC, in which events were received."""
    rows = [
        {"tenant": tenant, "number": number, "day": hour // 24, "hours": 1 << hour % 24}
        for (tenant, number), hour in found
    ]
    transaction.execute_many(_ADD_HOUR, rows)


def remove_hours_before(transaction: Transaction, day: int) -> None:
    """Delete the hours of all days before one, which is counted since 1970."""
    sql = f"DELETE FROM received_hours WHERE day < :day {ALL_TENANTS}"
    transaction.execute(sql, day=day)


def hours_of(
    snapshot: Snapshot, tenant: str, numbers: Sequence[int]
) -> dict[int, list[tuple[int, int]]]:
    """Return when events were received, by number of the organization.

    Each pair is a day, counted since 1970 in UTC, and its hours as bits.
    """
    found: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, day, hours in snapshot.rows(_HOURS, tenant=tenant, numbers=list(numbers)):
        found[number].append((day, hours))
    return dict(found)


def silences(snapshot: Snapshot) -> dict[SilenceSubject, int]:
    """Return the silences that were notified, each with its start in microseconds."""
    sql = f"SELECT tenant_id, organization_id, since FROM silences {ALL_TENANTS}"
    return {SilenceSubject(tenant, number): since for tenant, number, since in snapshot.rows(sql)}


def add_silences(transaction: Transaction, found: Iterable[LastReceipts]) -> None:
    """Store that silences were notified."""
    transaction.execute_many(
        "INSERT INTO silences (tenant_id, organization_id, since) "
        "VALUES (:tenant, :number, :since)",
        [{**it.subject._asdict(), "since": it.received_at} for it in found],
    )


def remove_silences(transaction: Transaction, found: Iterable[SilenceSubject]) -> None:
    """Delete silences that have ended."""
    transaction.execute_many(
        "DELETE FROM silences WHERE tenant_id = :tenant AND organization_id = :number",
        [it._asdict() for it in found],
    )


def senders(snapshot: Snapshot, tenant: str, now: int) -> list[SendingKey]:
    """List a tenant's valid keys that may send events."""
    rows = snapshot.rows(_SENDERS, tenant=tenant, now=now)
    return [
        SendingKey(organization, last_used_at or 0)
        for organization, permissions, last_used_at in rows
        if Permission.WRITE_EVENTS in permissions.split()
    ]
