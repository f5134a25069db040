"""The statements of notifications."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from tollbook.domain.notifications import Notification
from tollbook.store.database import Transaction
from tollbook.store.scope_check import ALL_TENANTS

_ALLOCATE = """
INSERT INTO notification_numbers (tenant_id, last_number) VALUES (:tenant, :count)
ON CONFLICT (tenant_id) DO UPDATE SET last_number = notification_numbers.last_number + :count
RETURNING last_number
"""
_ADD = """
INSERT INTO notifications (
    tenant_id, number, id, type, at, written_at, organization_id, user_id, trigger_id,
    meter, to_tenant, to_organization, endpoint_ids, data, fanned_out
)
VALUES (
    :tenant, :number, :id, :type, :at, :written_at, :organization, :user_id, :trigger_id,
    :meter, :to_tenant, :to_organization, :endpoint_ids, :data, 0
)
ON CONFLICT DO NOTHING
"""
_LAST_WRITTEN = """
SELECT written_at FROM notifications WHERE tenant_id = :tenant ORDER BY number DESC LIMIT 1
"""
_OLD = f"""
SELECT tenant_id, number FROM notifications
WHERE written_at < :before AND fanned_out = 1
ORDER BY tenant_id, number LIMIT :limit {ALL_TENANTS}
"""
_REMOVE = (
    "DELETE FROM delivery_attempts WHERE tenant_id = :tenant "
    "AND (endpoint_id, address, sequence) IN ("
    "SELECT endpoint_id, address, sequence FROM deliveries "
    "WHERE tenant_id = :tenant AND number = :number)",
    "DELETE FROM deliveries WHERE tenant_id = :tenant AND number = :number",
    "DELETE FROM notifications WHERE tenant_id = :tenant AND number = :number",
)
_TOO_OLD = f"""
SELECT tenant_id, endpoint_id, address, sequence FROM deliveries
WHERE status = 'pending' AND created_at < :before LIMIT :limit {ALL_TENANTS}
"""
_EXPIRE = """
UPDATE deliveries SET status = 'expired', send_now = 0
WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND address = :address
    AND sequence = :sequence AND status = 'pending'
"""
_tenant = attrgetter("tenant")


def add_notifications(
    transaction: Transaction, notifications: Sequence[Notification], now: int
) -> None:
    """Insert notifications in this order; those whose occasion is already stored change nothing.

    The numbers of their tenants stay locked until the commit. `now` is in microseconds since 1970;
    a server whose clock is behind stores the time of the notification before, so that those that
    are old are always the first ones.
    """
    for tenant, found in groupby(sorted(notifications, key=_tenant), _tenant):
        of_tenant = list(found)
        count = len(of_tenant)
        first = transaction.integer(_ALLOCATE, tenant=tenant, count=count) - count + 1
        last = transaction.row(_LAST_WRITTEN, tenant=tenant)
        written_at = max(now, last[0]) if last else now
        rows = [_row(it, first + place, written_at) for place, it in enumerate(of_tenant)]
        transaction.execute_many(_ADD, rows)


def hold_numbers(transaction: Transaction, tenant: str) -> int:
    """Return the number of a tenant's last notification; none is added until the commit.

    A transaction that changes an endpoint of the tenant calls this first, before reading it, so
    that changes wait for each other and none is overwritten.
    """
    return transaction.integer(_ALLOCATE, tenant=tenant, count=0)


def remove_before(transaction: Transaction, before: int, limit: int) -> int:
    """Delete notifications that were written before an instant, with all deliveries of theirs.

    Up to `limit` are deleted; return how many.
    """
    rows = transaction.rows(_OLD, before=before, limit=limit)
    found = [{"tenant": tenant, "number": number} for tenant, number in rows]
    for sql in _REMOVE:
        transaction.execute_many(sql, found)
    return len(found)


def expire_before(transaction: Transaction, before: int, limit: int) -> int:
    """Mark deliveries as expired that wait since before an instant; up to `limit`, return how many.

    They are not sent any more, also when their endpoint is enabled again.
    """
    names = ("tenant", "endpoint", "address", "sequence")
    rows = transaction.rows(_TOO_OLD, before=before, limit=limit)
    transaction.execute_many(_EXPIRE, [dict(zip(names, row, strict=True)) for row in rows])
    return len(rows)


def _row(it: Notification, number: int, written_at: int) -> dict[str, str | int | None]:
    ids = it.endpoint_ids
    return {
        "tenant": it.tenant,
        "number": number,
        "id": it.id,
        "type": it.type.value,
        "at": it.at,
        "written_at": written_at,
        "organization": it.organization,
        "user_id": it.user_id,
        "trigger_id": it.trigger_id,
        "meter": it.meter,
        "to_tenant": int(it.to_tenant),
        "to_organization": int(it.to_organization),
        "endpoint_ids": None if ids is None else msgspec.json.encode(ids).decode(),
        "data": msgspec.json.encode(it.data).decode(),
    }
