"""The statements of endpoints."""

from typing import Any

import msgspec

from tollbook.domain.endpoints import AlertEndpoint, EndpointKind, EndpointStatus
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.scope_check import ALL_TENANTS

_COLUMNS = (
    "tenant_id, id, organization_id, kind, name, url, shown_url, types, secrets, status, "
    "after_number, sequence, failing_since, last_status, created_at, changed_at, addresses"
)
_ADD = f"""
INSERT INTO endpoints ({_COLUMNS})
VALUES (
    :tenant, :id, :organization, :kind, :name, :url, :shown_url, :types, :secrets, :status,
    :after_number, :sequence, :failing_since, :last_status, :created_at, :changed_at,
    :addresses
)
"""
_CHANGE = """
UPDATE endpoints SET
    name = :name, url = :url, shown_url = :shown_url, types = :types, secrets = :secrets,
    status = :status, after_number = :after_number, sequence = :sequence,
    failing_since = :failing_since, last_status = :last_status, changed_at = :changed_at,
    addresses = :addresses
WHERE tenant_id = :tenant AND id = :id
"""
_OF_TENANT = f"SELECT {_COLUMNS} FROM endpoints WHERE tenant_id = :tenant ORDER BY created_at, id"
_ONE = f"SELECT {_COLUMNS} FROM endpoints WHERE tenant_id = :tenant AND id = :id"
_EVERY = f"SELECT {_COLUMNS} FROM endpoints {ALL_TENANTS}"


def list_endpoints(
    snapshot: Snapshot, tenant: str, *, with_contacts: bool = False
) -> list[AlertEndpoint]:
    """List the endpoints of a tenant and its organizations, the oldest first."""
    found = [_from_row(row) for row in snapshot.rows(_OF_TENANT, tenant=tenant)]
    return [it for it in found if with_contacts or not it.is_contact]


def list_all(snapshot: Snapshot) -> list[AlertEndpoint]:
    """List all endpoints."""
    return [_from_row(row) for row in snapshot.rows(_EVERY)]


def find_endpoint(snapshot: Snapshot, tenant: str, identity: str) -> AlertEndpoint | None:
    """Return an endpoint, or None."""
    if "\0" in identity:  # PostgreSQL refuses to look for it
        return None
    row = snapshot.row(_ONE, tenant=tenant, id=identity)
    return None if row is None else _from_row(row)


def add_endpoint(transaction: Transaction, it: AlertEndpoint) -> None:
    """Insert an endpoint. The caller keeps parallel additions of a tenant apart."""
    transaction.execute(_ADD, **_parameters(it))


def change_endpoint(transaction: Transaction, it: AlertEndpoint) -> None:
    """Store all that can change of an endpoint."""
    bound = _parameters(it)
    for name in ("organization", "kind", "created_at"):
        del bound[name]
    transaction.execute(_CHANGE, **bound)


def remove_endpoint(transaction: Transaction, tenant: str, identity: str) -> None:
    """Delete an endpoint with its reports, and discard what waits for it."""
    bound = {"tenant": tenant, "id": identity}
    for table in ("reports", "unsubscribed_addresses"):
        sql = f"DELETE FROM {table} WHERE tenant_id = :tenant AND endpoint_id = :id"
        transaction.execute(sql, **bound)
    transaction.execute("DELETE FROM endpoints WHERE tenant_id = :tenant AND id = :id", **bound)
    discard_pending(transaction, tenant, identity)


def discard_pending(transaction: Transaction, tenant: str, identity: str) -> int:
    """Discard what waits for an endpoint, and return how many deliveries that were."""
    return transaction.execute(
        "UPDATE deliveries SET status = 'discarded', send_now = 0 "
        "WHERE tenant_id = :tenant AND endpoint_id = :id AND status = 'pending'",
        tenant=tenant,
        id=identity,
    )


def count_pending(snapshot: Snapshot, tenant: str, identity: str) -> int:
    """Return how many deliveries wait for an endpoint."""
    return snapshot.integer(
        "SELECT COUNT(*) FROM deliveries "
        "WHERE tenant_id = :tenant AND endpoint_id = :id AND status = 'pending'",
        tenant=tenant,
        id=identity,
    )


def make_due(transaction: Transaction, tenant: str, identity: str, now: int) -> None:
    """Make the oldest pending delivery of an endpoint due at once."""
    transaction.execute(
        "UPDATE deliveries SET next_attempt_at = :now "
        "WHERE tenant_id = :tenant AND endpoint_id = :id AND status = 'pending' "
        "AND set_aside = 0 AND next_attempt_at > :now",
        tenant=tenant,
        id=identity,
        now=now,
    )


def _from_row(row: Row) -> AlertEndpoint:
    (
        tenant,
        identity,
        organization,
        kind,
        name,
        url,
        shown_url,
        types,
        secrets,
        status,
        after_number,
        sequence,
        failing_since,
        last_status,
        created_at,
        changed_at,
        addresses,
    ) = row
    return AlertEndpoint(
        tenant=tenant,
        id=identity,
        organization=organization,
        kind=EndpointKind(kind),
        name=name,
        url=url,
        shown_url=shown_url,
        types=tuple(msgspec.json.decode(types)),
        secrets=secrets,
        status=EndpointStatus(status),
        after_number=after_number,
        sequence=sequence,
        failing_since=failing_since,
        last_status=last_status,
        created_at=created_at,
        changed_at=changed_at,
        addresses=tuple(msgspec.json.decode(addresses)) if addresses else (),
    )


def _parameters(it: AlertEndpoint) -> dict[str, Any]:
    found = msgspec.structs.asdict(it)
    return {
        **found,
        "kind": it.kind.value,
        "status": it.status.value,
        "types": msgspec.json.encode(it.types).decode(),
        "addresses": msgspec.json.encode(it.addresses).decode() if it.addresses else None,
    }
