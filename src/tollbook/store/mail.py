"""The statements of mails: how many an address got, and who no longer wants them."""

from collections.abc import Sequence

from tollbook.store.database import Snapshot, Transaction
from tollbook.store.deliveries import DeliveryKey, Lane

# One mail may be the attempt of many deliveries, which share its instant.
_SENT = """
SELECT DISTINCT endpoint_id, at FROM delivery_attempts
WHERE tenant_id = :tenant AND address = :address AND at > :since AND code IS NULL
    AND address <> ''
ORDER BY at DESC
"""
_POSTPONE = """
UPDATE deliveries SET next_attempt_at = :until
WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND address = :address
    AND status = 'pending' AND set_aside = 0 AND next_attempt_at < :until
"""
_QUEUE = """
UPDATE deliveries SET status = 'pending', send_now = 0, set_aside = 0, next_attempt_at = :until
WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND address = :address
    AND sequence = :sequence
"""
_DISCARD_UNSUBSCRIBED = """
UPDATE deliveries SET status = 'discarded', send_now = 0
WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND status = 'pending'
    AND address IN (
        SELECT address FROM unsubscribed_addresses
        WHERE tenant_id = :tenant AND endpoint_id = :endpoint
    )
"""
_DISCARD_REMOVED = """
UPDATE deliveries SET status = 'discarded', send_now = 0
WHERE tenant_id = :tenant AND endpoint_id = :endpoint AND status = 'pending'
    AND NOT (address IN :addresses)
"""
_ADD = """
INSERT INTO unsubscribed_addresses (tenant_id, endpoint_id, address, at)
VALUES (:tenant, :endpoint, :address, :at) ON CONFLICT DO NOTHING
"""
_LIST = """
SELECT address FROM unsubscribed_addresses
WHERE tenant_id = :tenant AND endpoint_id = :endpoint ORDER BY address
"""


def sent_since(snapshot: Snapshot, lane: Lane, since: int) -> list[int]:
    """Return when an address of a tenant got mails after an instant, the newest first."""
    bound = {"tenant": lane.tenant, "address": lane.address, "since": since}
    return [at for _, at in snapshot.rows(_SENT, **bound)]


def postpone(transaction: Transaction, lane: Lane, until: int) -> None:
    """Let the mails to an address wait until an instant."""
    transaction.execute(_POSTPONE, **lane._asdict(), until=until)


def queue_until(transaction: Transaction, key: DeliveryKey, until: int) -> None:
    """Let a mail that was to be sent at once wait with the others."""
    transaction.execute(_QUEUE, **key.lane._asdict(), sequence=key.sequence, until=until)


def discard_unsubscribed(transaction: Transaction, tenant: str, endpoint: str) -> None:
    """Discard what waits for addresses that have unsubscribed."""
    transaction.execute(_DISCARD_UNSUBSCRIBED, tenant=tenant, endpoint=endpoint)


def discard_removed(
    transaction: Transaction, tenant: str, endpoint: str, addresses: Sequence[str]
) -> None:
    """Discard what waits for other addresses than those that an endpoint has now."""
    bound = {"tenant": tenant, "endpoint": endpoint, "addresses": list(addresses)}
    transaction.execute(_DISCARD_REMOVED, **bound)


def unsubscribe(transaction: Transaction, lane: Lane, at: int) -> None:
    """Store that an address no longer wants the mails of an endpoint, and discard what waits."""
    transaction.execute(_ADD, **lane._asdict(), at=at)
    discard_unsubscribed(transaction, lane.tenant, lane.endpoint)


def resubscribe(transaction: Transaction, tenant: str, endpoint: str) -> None:
    """Send mails to all addresses of an endpoint again."""
    transaction.execute(
        "DELETE FROM unsubscribed_addresses WHERE tenant_id = :tenant AND endpoint_id = :endpoint",
        tenant=tenant,
        endpoint=endpoint,
    )


def list_unsubscribed(snapshot: Snapshot, tenant: str, endpoint: str) -> list[str]:
    """List the addresses that no longer want the mails of an endpoint."""
    return [address for (address,) in snapshot.rows(_LIST, tenant=tenant, endpoint=endpoint)]
