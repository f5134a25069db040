"""Read notifications with what became of them at each endpoint."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tollbook.store.database import Snapshot

_FIRST = 2**62
_CHUNK = 1_000
"""Rows that one statement of a file reads."""
_LIST = """
SELECT number, id, type, at, notifications.organization_id, user_id, trigger_id, data
FROM notifications WHERE tenant_id = :tenant AND number < :before
"""
_CONDITIONS = {
    "organization": "organization_id = :organization AND to_organization >= :only_own",
    "user": "user_id = :user",
    "type": "type = :type",
    "trigger": "trigger_id = :trigger",
    "meters": "meter IN :meters",
    "start": "at >= :start",
    "end": "at < :end",
    "status": "number IN (SELECT number FROM deliveries "
    "WHERE tenant_id = :tenant AND status = :status)",
}
_DELIVERIES = """
SELECT
    deliveries.number, deliveries.endpoint_id, deliveries.sequence, deliveries.address,
    endpoints.name, endpoints.kind, deliveries.status, deliveries.attempts,
    deliveries.last_status, deliveries.last_code, deliveries.next_attempt_at,
    deliveries.delivered_at
FROM deliveries
LEFT JOIN endpoints ON endpoints.tenant_id = deliveries.tenant_id
    AND endpoints.id = deliveries.endpoint_id
WHERE deliveries.tenant_id = :tenant AND deliveries.number IN :numbers
"""
_OF_ENDPOINT = """
SELECT
    deliveries.sequence, address, notifications.id, notifications.type, deliveries.status,
    attempts, last_status, last_code, next_attempt_at, delivered_at
FROM deliveries
JOIN notifications ON notifications.tenant_id = deliveries.tenant_id
    AND notifications.number = deliveries.number
WHERE deliveries.tenant_id = :tenant AND endpoint_id = :endpoint
    AND (deliveries.sequence < :before OR (deliveries.sequence = :before AND address > :after))
ORDER BY deliveries.sequence DESC, address LIMIT :limit
"""
_ATTEMPTS = """
SELECT sequence, address, attempt, at, milliseconds, status, code, excerpt
FROM delivery_attempts
WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND sequence IN :sequences
ORDER BY sequence, address, attempt
"""
NEWEST = _FIRST
"""The place before the newest notification or delivery."""


class ListedNotification(NamedTuple):
    """A notification; `organization` is a number, `data` JSON, `at` in microseconds since 1970."""

    number: int
    id: str
    type: str
    at: int
    organization: int | None
    user_id: str | None
    trigger_id: str | None
    data: str


class ListedDelivery(NamedTuple):
    """A delivery of a notification; instants are in microseconds since 1970.

    `name` and `kind` of the endpoint are None when it was removed.
    """

    number: int
    endpoint_id: str
    sequence: int
    address: str
    name: str | None
    kind: str | None
    status: str
    attempts: int
    last_status: int | None
    last_code: str | None
    next_attempt_at: int
    delivered_at: int | None


class EndpointDelivery(NamedTuple):
    """A delivery to an endpoint, with the id and type of its notification.

    `address` is that of a mail, else empty.
    """

    sequence: int
    address: str
    notification_id: str
    type: str
    status: str
    attempts: int
    last_status: int | None
    last_code: str | None
    next_attempt_at: int
    delivered_at: int | None


class ListedAttempt(NamedTuple):
    """An attempt; `at` is in microseconds since 1970."""

    sequence: int
    address: str
    attempt: int
    at: int
    milliseconds: int
    status: int | None
    code: str | None
    excerpt: str


class NotificationFilter(NamedTuple):
    """Which notifications are listed; None is any.

    `only_own` is 1 for an organization, which sees what it owns. `start` and `end` are instants in
    microseconds since 1970, `end` not included. `meters` are types: only what is about one of them.
    """

    organization: int | None = None
    user: str | None = None
    type: str | None = None
    trigger: str | None = None
    meters: tuple[str, ...] | None = None
    start: int | None = None
    end: int | None = None
    status: str | None = None
    only_own: int = 0


def list_notifications(
    snapshot: Snapshot, tenant: str, only: NotificationFilter, before: int, limit: int
) -> list[ListedNotification]:
    """List notifications before a place, the newest first."""
    bound: dict[str, Any] = {
        name: value for name, value in only._asdict().items() if value is not None
    }
    conditions = "".join(f"AND {_CONDITIONS[name]} " for name in _CONDITIONS if name in bound)
    sql = f"{_LIST} {conditions}ORDER BY number DESC LIMIT :limit"
    if only.organization is None:
        del bound["only_own"]
    if only.meters is not None:
        bound["meters"] = list(only.meters)
    rows = snapshot.rows(sql, tenant=tenant, before=before, limit=limit, **bound)
    return [ListedNotification(*row) for row in rows]


def all_notifications(
    snapshot: Snapshot, tenant: str, only: NotificationFilter
) -> Iterator[list[ListedNotification]]:
    """Yield all notifications, the newest first, in chunks."""
    before = NEWEST
    while chunk := list_notifications(snapshot, tenant, only, before, _CHUNK):
        yield chunk
        before = chunk[-1].number


def deliveries_of(
    snapshot: Snapshot, tenant: str, numbers: Sequence[int]
) -> dict[int, list[ListedDelivery]]:
    """Return the deliveries of notifications by number."""
    found: dict[int, list[ListedDelivery]] = {number: [] for number in numbers}
    rows = snapshot.rows(_DELIVERIES, tenant=tenant, numbers=list(numbers)) if numbers else []
    for row in sorted(rows, key=lambda row: row[:4]):
        delivery = ListedDelivery(*row)
        found[delivery.number].append(delivery)
    return found


def list_deliveries(
    snapshot: Snapshot, tenant: str, endpoint: str, place: tuple[int, str], limit: int
) -> list[EndpointDelivery]:
    """List the deliveries of an endpoint after a place, the newest first, then by address."""
    before, after = place
    bound = {"tenant": tenant, "endpoint": endpoint, "before": before, "after": after}
    rows = snapshot.rows(_OF_ENDPOINT, **bound, limit=limit)
    return [EndpointDelivery(*row) for row in rows]


def attempts_of(
    snapshot: Snapshot, tenant: str, endpoint: str, sequences: Sequence[int]
) -> dict[tuple[int, str], list[ListedAttempt]]:
    """Return the attempts of deliveries by sequence and address."""
    found: dict[tuple[int, str], list[ListedAttempt]] = defaultdict(list)
    bound = {"tenant": tenant, "endpoint": endpoint, "sequences": list(sequences)}
    for row in snapshot.rows(_ATTEMPTS, **bound) if sequences else []:
        attempt = ListedAttempt(*row)
        found[attempt.sequence, attempt.address].append(attempt)
    return found
