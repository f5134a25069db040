"""End the mails of an endpoint to one of its addresses, by the link in such a mail."""

from tollbook.domain.endpoints import AlertEndpoint
from tollbook.domain.errors import NotFound
from tollbook.domain.unsubscribing import Unsubscriber
from tollbook.store import endpoints, mail
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.deliveries import Lane
from tollbook.store.notifications import hold_numbers

_BY_LINK = "mail link"
"""The key prefix of acts that the recipient of a mail did, without a key."""


def find_subscription(
    snapshot: Snapshot, unsubscriber: Unsubscriber, tenant: str, identity: str, code: str
) -> tuple[AlertEndpoint, str]:
    """Return the endpoint and the address that a link is for; raise `NotFound` for any other."""
    endpoint = endpoints.find_endpoint(snapshot, tenant, identity)
    if endpoint is not None:
        address = unsubscriber.address_of(tenant, identity, endpoint.addresses, code)
        if address is not None:
            return endpoint, address
    raise NotFound("this link is not valid, or the address no longer gets these mails")


def unsubscribe(
    transaction: Transaction,
    unsubscriber: Unsubscriber,
    tenant: str,
    identity: str,
    code: str,
    now: int,
) -> None:
    """End the mails that a link is for, until an administrator resubscribes their endpoint."""
    find_subscription(transaction, unsubscriber, tenant, identity, code)
    hold_numbers(transaction, tenant)
    endpoint, address = find_subscription(transaction, unsubscriber, tenant, identity, code)
    if address in mail.list_unsubscribed(transaction, tenant, identity):
        return
    mail.unsubscribe(transaction, Lane(tenant, identity, address), now)
    what, actor = f"endpoint {identity}", Actor(tenant, _BY_LINK, now)
    write_act(transaction, actor, "endpoint.unsubscribe", what, {}, endpoint.organization)
