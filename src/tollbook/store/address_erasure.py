"""The statements that remove mail addresses: of an erased user, and of a deleted organization."""

import secrets
from collections.abc import Iterable

import msgspec

from tollbook.domain.endpoints import AlertEndpoint
from tollbook.store.database import Transaction
from tollbook.store.endpoints import change_endpoint, list_endpoints
from tollbook.store.notifications import hold_numbers

_USER_ADDRESS = """
SELECT organizations.tenant_id, users.email FROM users
JOIN organizations ON organizations.organization_id = users.organization_id
WHERE users.organization_id = :number AND users.id = :user AND users.email IS NOT NULL
"""
_ADDRESSES = """
SELECT DISTINCT address FROM deliveries WHERE tenant_id = :tenant AND address <> ''
"""
_DISCARD = """
UPDATE deliveries SET status = 'discarded', send_now = 0
WHERE tenant_id = :tenant AND address IN :addresses AND status = 'pending'
"""
# The rows stay, so that no sequence has a gap; an answer of a mail server may name the address.
_RENAME = (
    "UPDATE deliveries SET address = :erased WHERE tenant_id = :tenant AND address = :address",
    "UPDATE delivery_attempts SET address = :erased, excerpt = '' "
    "WHERE tenant_id = :tenant AND address = :address",
    "DELETE FROM unsubscribed_addresses WHERE tenant_id = :tenant AND address = :address",
)
_OF_ENDPOINTS = tuple(
    f"DELETE FROM {table} WHERE tenant_id = :tenant AND endpoint_id IN :endpoints"
    for table in ("delivery_attempts", "deliveries", "unsubscribed_addresses")
)


def erase_user_address(transaction: Transaction, number: int, user: str) -> None:
    """Remove the e-mail address of a user from all endpoints of the tenant and their deliveries.

    What waits for it is discarded. An endpoint without another address gets nothing any more.
    """
    row = transaction.row(_USER_ADDRESS, number=number, user=user)
    if row is None:
        return
    tenant, email = row
    hold_numbers(transaction, tenant)
    found: set[str] = set()
    for endpoint in list_endpoints(transaction, tenant, with_contacts=True):
        same = {it for it in endpoint.addresses if _is_same(it, email)}
        if same:
            found |= same
            change_endpoint(transaction, _without(endpoint, same))
    sent_to = (address for (address,) in transaction.rows(_ADDRESSES, tenant=tenant))
    found |= {it for it in sent_to if _is_same(it, email)}
    _rename(transaction, tenant, found)


def _rename(transaction: Transaction, tenant: str, addresses: Iterable[str]) -> None:
    for address in sorted(addresses):
        transaction.execute(_DISCARD, tenant=tenant, addresses=[address])
        erased = f"erased-{secrets.token_hex(8)}"
        for sql in _RENAME:
            names = {"erased": erased} if ":erased" in sql else {}
            transaction.execute(sql, tenant=tenant, address=address, **names)


def _is_same(address: str, email: str) -> bool:
    return address.lower() == email.lower()


def _without(endpoint: AlertEndpoint, addresses: set[str]) -> AlertEndpoint:
    kept = tuple(it for it in endpoint.addresses if it not in addresses)
    return msgspec.structs.replace(endpoint, addresses=kept)


def remove_deliveries_of(transaction: Transaction, tenant: str, number: int) -> None:
    """Delete the deliveries of an organization's endpoints, and who has unsubscribed from them."""
    found = list_endpoints(transaction, tenant, with_contacts=True)
    endpoints = [it.id for it in found if it.organization == number]
    if endpoints:
        for sql in _OF_ENDPOINTS:
            transaction.execute(sql, tenant=tenant, endpoints=endpoints)
