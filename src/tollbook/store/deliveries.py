"""The statements of deliveries: the fan-out, what is due, and what came of it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tollbook.domain.deliveries import AttemptOutcome, DeliveryProgress, DeliveryStatus
from tollbook.domain.endpoints import AlertEndpoint
from tollbook.domain.payloads import StoredNotification
from tollbook.store.database import Database, Snapshot, Transaction
from tollbook.store.scope_check import ALL_TENANTS

_WAITING = f"""
SELECT tenant_id, number, type, organization_id, to_tenant, to_organization, endpoint_ids
FROM notifications WHERE fanned_out = 0 ORDER BY tenant_id, number LIMIT :limit {ALL_TENANTS}
"""
_ADD = """
INSERT INTO deliveries (
    tenant_id, endpoint_id, address, sequence, number, status, send_now, next_attempt_at,
    created_at
)
VALUES (:tenant, :endpoint, :address, :sequence, :number, 'pending', :send_now, :now, :now)
"""
_FANNED_OUT = """
UPDATE notifications SET fanned_out = 1 WHERE tenant_id = :tenant AND number = :number
"""
# The first pending delivery of each endpoint and address, where it is due.
_DUE_LANES = f"""
SELECT first.tenant_id, first.endpoint_id, first.address
FROM (
    SELECT tenant_id, endpoint_id, address, MIN(sequence) AS sequence
    FROM deliveries WHERE status = 'pending' AND set_aside = 0 AND send_now = 0
    GROUP BY tenant_id, endpoint_id, address
) AS first
JOIN deliveries ON deliveries.tenant_id = first.tenant_id
    AND deliveries.endpoint_id = first.endpoint_id AND deliveries.address = first.address
    AND deliveries.sequence = first.sequence
JOIN endpoints ON endpoints.tenant_id = first.tenant_id AND endpoints.id = first.endpoint_id
WHERE deliveries.next_attempt_at <= :now AND endpoints.status = 'enabled'
ORDER BY deliveries.next_attempt_at, first.tenant_id, first.endpoint_id
LIMIT :limit {ALL_TENANTS}
"""
# Those that no other delivery waits for.
_DUE_SINGLES = f"""
SELECT deliveries.tenant_id, endpoint_id, address, deliveries.sequence
FROM deliveries
JOIN endpoints ON endpoints.tenant_id = deliveries.tenant_id
    AND endpoints.id = deliveries.endpoint_id
WHERE endpoints.status = 'enabled' AND (
    send_now = 1
    OR (deliveries.status = 'pending' AND set_aside = 1 AND next_attempt_at <= :now)
)
ORDER BY send_now DESC, next_attempt_at LIMIT :limit {ALL_TENANTS}
"""
_DELIVERY = """
SELECT
    deliveries.sequence, deliveries.status, attempts, failures, set_aside, first_attempt_at,
    next_attempt_at, send_now, notifications.number, notifications.id, type, at, data,
    written_at
FROM deliveries
JOIN notifications ON notifications.tenant_id = deliveries.tenant_id
    AND notifications.number = deliveries.number
WHERE deliveries.tenant_id = :tenant AND endpoint_id = :endpoint AND address = :address
"""
_OF_LANE = f"""{_DELIVERY}
AND deliveries.status = 'pending' AND set_aside = 0 AND send_now = 0
ORDER BY deliveries.sequence LIMIT :limit
"""
_SINGLE = f"{_DELIVERY} AND deliveries.sequence = :sequence"
_ATTEMPT = """
INSERT INTO delivery_attempts (
    tenant_id, endpoint_id, address, sequence, attempt, at, milliseconds, status, code, excerpt
)
SELECT
    tenant_id, endpoint_id, address, sequence, :attempt, :at, :milliseconds, :status, :code,
    :excerpt
FROM deliveries
WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND address = :address
    AND sequence = :sequence
ON CONFLICT DO NOTHING
"""
# A delivery that was discarded or delivered meanwhile keeps its status.
_PROGRESS = """
UPDATE deliveries SET
    status = CASE
        WHEN status = 'pending' OR :status = 'delivered' THEN :status ELSE status END,
    attempts = :attempts, failures = :failures, set_aside = :set_aside, send_now = 0,
    first_attempt_at = :first_attempt_at, last_status = :last_status, last_code = :last_code,
    next_attempt_at = :next_attempt_at, delivered_at = COALESCE(delivered_at, :delivered_at)
WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND address = :address
    AND sequence = :sequence
"""


class WaitingNotification(NamedTuple):
    """A notification that is not fanned out yet; `endpoint_ids` is JSON or None."""

    tenant: str
    number: int
    type: str
    organization: int | None
    to_tenant: int
    to_organization: int
    endpoint_ids: str | None


class Lane(NamedTuple):
    """An endpoint, or an address of one: what goes to it goes in order."""

    tenant: str
    endpoint: str
    address: str


class DeliveryKey(NamedTuple):
    """A notification for a lane."""

    lane: Lane
    sequence: int


class DueDelivery(NamedTuple):
    """A delivery that is to be sent; `send_now` was resent or is a test."""

    key: DeliveryKey
    progress: DeliveryProgress
    send_now: bool
    notification: StoredNotification


class AttemptRow(NamedTuple):
    """What came of an attempt, which began at `at` in microseconds since 1970."""

    key: DeliveryKey
    at: int
    milliseconds: int
    outcome: AttemptOutcome
    progress: DeliveryProgress


def waiting_notifications(snapshot: Snapshot, limit: int) -> list[WaitingNotification]:
    """Return notifications that are not fanned out, each tenant's in the order written."""
    return [WaitingNotification(*row) for row in snapshot.rows(_WAITING, limit=limit)]


def add_deliveries(
    transaction: Transaction,
    found: Iterable[tuple[DeliveryKey, int, bool]],
    now: int,
) -> None:
    """Insert deliveries of notifications by their numbers; the flag sends one out of order."""
    rows = [
        {
            **key.lane._asdict(),
            "sequence": key.sequence,
            "number": number,
            "send_now": int(send_now),
            "now": now,
        }
        for key, number, send_now in found
    ]
    transaction.execute_many(_ADD, rows)


def mark_fanned_out(transaction: Transaction, found: Iterable[WaitingNotification]) -> None:
    """Mark notifications as fanned out."""
    rows = [{"tenant": it.tenant, "number": it.number} for it in found]
    transaction.execute_many(_FANNED_OUT, rows)


def due_lanes(snapshot: Snapshot, now: int, limit: int) -> list[Lane]:
    """Return the lanes of enabled endpoints whose first pending delivery is due."""
    return [Lane(*row) for row in snapshot.rows(_DUE_LANES, now=now, limit=limit)]


def due_singles(snapshot: Snapshot, now: int, limit: int) -> list[DeliveryKey]:
    """Return the deliveries that are due out of order: resent ones, tests, and those set aside."""
    rows = snapshot.rows(_DUE_SINGLES, now=now, limit=limit)
    return [DeliveryKey(Lane(*row[:3]), row[3]) for row in rows]


def deliveries_of(snapshot: Snapshot, lane: Lane, limit: int) -> list[DueDelivery]:
    """Return the first pending deliveries of a lane, in order."""
    rows = snapshot.rows(_OF_LANE, **lane._asdict(), limit=limit)
    return [_due(lane, *row) for row in rows]


def find_due(snapshot: Snapshot, key: DeliveryKey) -> list[DueDelivery]:
    """Return a delivery, or nothing."""
    rows = snapshot.rows(_SINGLE, **key.lane._asdict(), sequence=key.sequence)
    return [_due(key.lane, *row) for row in rows]


def _due(
    lane: Lane,
    sequence: int,
    status: str,
    attempts: int,
    failures: int,
    set_aside: int,
    first_attempt_at: int | None,
    next_attempt_at: int,
    send_now: int,
    *notification: object,
) -> DueDelivery:
    progress = DeliveryProgress(
        DeliveryStatus(status),
        attempts,
        failures,
        bool(set_aside),
        first_attempt_at,
        next_attempt_at,
    )
    stored = StoredNotification(lane.tenant, *notification)  # type: ignore[arg-type]
    return DueDelivery(DeliveryKey(lane, sequence), progress, bool(send_now), stored)


def record_attempts(transaction: Transaction, found: Sequence[AttemptRow]) -> None:
    """Insert attempts, and update the deliveries that they were of.

    Attempts that are recorded already, because the answer to a commit was lost, change nothing. Nor
    do those of a delivery that was deleted or whose address was erased meanwhile.
    """
    transaction.execute_many(_ATTEMPT, [_attempt(it) for it in found])
    transaction.execute_many(_PROGRESS, [_progress(it) for it in found])


def _attempt(it: AttemptRow) -> dict[str, str | int | None]:
    outcome = it.outcome
    return {
        **it.key.lane._asdict(),
        "sequence": it.key.sequence,
        "attempt": it.progress.attempts,
        "at": it.at,
        "milliseconds": it.milliseconds,
        "status": outcome.status,
        "code": None if outcome.code is None else outcome.code.value,
        "excerpt": outcome.excerpt,
    }


def _progress(it: AttemptRow) -> dict[str, str | int | None]:
    outcome, progress = it.outcome, it.progress
    return {
        **it.key.lane._asdict(),
        "sequence": it.key.sequence,
        "status": progress.status.value,
        "attempts": progress.attempts,
        "failures": progress.failures,
        "set_aside": int(progress.set_aside),
        "first_attempt_at": progress.first_attempt_at,
        "last_status": outcome.status,
        "last_code": None if outcome.code is None else outcome.code.value,
        "next_attempt_at": progress.next_attempt_at,
        "delivered_at": it.at if outcome.is_delivered else None,
    }


_RESENT = """
UPDATE deliveries SET send_now = 1
WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND address IN :addresses
    AND address NOT IN (
        SELECT address FROM unsubscribed_addresses
        WHERE tenant_id = :tenant AND endpoint_id = :endpoint
    )
    AND number = (SELECT number FROM notifications WHERE tenant_id = :tenant AND id = :notification)
"""


def mark_resent(transaction: Transaction, endpoint: AlertEndpoint, notification: str) -> bool:
    """Make a delivery due at once, out of order, or that of each address; return whether one is."""
    if not endpoint.lanes:
        return False
    found = transaction.execute(
        _RESENT,
        tenant=endpoint.tenant,
        endpoint=endpoint.id,
        addresses=list(endpoint.lanes),
        notification=notification,
    )
    return found > 0


class DeliveryBacklog(NamedTuple):
    """What waits: deliveries, the seconds since the oldest was written, and disabled endpoints."""

    pending: int
    oldest_seconds: float
    disabled_endpoints: int


_BACKLOG = f"""
SELECT COUNT(*), MIN(deliveries.created_at)
FROM deliveries JOIN endpoints ON endpoints.tenant_id = deliveries.tenant_id
    AND endpoints.id = deliveries.endpoint_id
WHERE deliveries.status = 'pending' AND endpoints.status = 'enabled' {ALL_TENANTS}
"""
_DISABLED = f"""
SELECT COUNT(*) FROM endpoints WHERE status IN ('failing', 'gone') {ALL_TENANTS}
"""


def measure_backlog(database: Database, now: int) -> DeliveryBacklog:
    """Return what waits for enabled endpoints of all tenants, for operators."""
    with database.reading() as snapshot:
        row = snapshot.row(_BACKLOG)
        disabled = snapshot.integer(_DISABLED)
    pending, oldest = row or (0, None)
    return DeliveryBacklog(pending, max(0, now - (oldest or now)) / 1_000_000, disabled)
