"""The statements of notifications."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from tollbook.domain.notifications import Notification
from tollbook.store.database import Transaction

_ALLOCATE = """
INSERT INTO notification_numbers (tenant_id, last_number) VALUES (:tenant, :count)
ON CONFLICT (tenant_id) DO UPDATE SET last_number = notification_numbers.last_number + :count
RETURNING last_number
"""
_ADD = """
INSERT INTO notifications (
    tenant_id, number, id, type, at, written_at, organization_id, user_id, trigger_id,
    to_tenant, to_organization, endpoint_ids, data, fanned_out
)
VALUES (
    :tenant, :number, :id, :type, :at, :written_at, :organization, :user_id, :trigger_id,
    :to_tenant, :to_organization, :endpoint_ids, :data, 0
)
ON CONFLICT DO NOTHING
"""
_tenant = attrgetter("tenant")


def add_notifications(
    transaction: Transaction, notifications: Sequence[Notification], now: int
) -> None:
    """Insert notifications in this order; those whose occasion is already stored change nothing.

    The numbers of their tenants stay locked until the commit. `now` is in microseconds since 1970.
    """
    for tenant, found in groupby(sorted(notifications, key=_tenant), _tenant):
        of_tenant = list(found)
        count = len(of_tenant)
        first = transaction.integer(_ALLOCATE, tenant=tenant, count=count) - count + 1
        rows = [_row(it, first + place, now) for place, it in enumerate(of_tenant)]
        transaction.execute_many(_ADD, rows)


def hold_numbers(transaction: Transaction, tenant: str) -> int:
    """Return the number of a tenant's last notification; none is added until the commit.

    Parallel changes of the tenant's endpoints wait for each other here.
    """
    return transaction.integer(_ALLOCATE, tenant=tenant, count=0)


def _row(it: Notification, number: int, now: int) -> dict[str, str | int | None]:
    ids = it.endpoint_ids
    return {
        "tenant": it.tenant,
        "number": number,
        "id": it.id,
        "type": it.type.value,
        "at": it.at,
        "written_at": now,
        "organization": it.organization,
        "user_id": it.user_id,
        "trigger_id": it.trigger_id,
        "to_tenant": int(it.to_tenant),
        "to_organization": int(it.to_organization),
        "endpoint_ids": None if ids is None else msgspec.json.encode(ids).decode(),
        "data": msgspec.json.encode(it.data).decode(),
    }
