"""Give each notification to the endpoints that it concerns, in the order written."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from tollbook.alerts.stopping import stop_at
from tollbook.alerts.worker import Work
from tollbook.domain.endpoints import AlertEndpoint, EndpointStatus, wants
from tollbook.domain.notifications import NotificationType
from tollbook.store import endpoints
from tollbook.store.database import Transaction
from tollbook.store.deliveries import (
    DeliveryKey,
    Lane,
    WaitingNotification,
    add_deliveries,
    mark_fanned_out,
    waiting_notifications,
)
from tollbook.store.mail import discard_unsubscribed
from tollbook.store.notifications import hold_numbers

_MOST_AT_ONCE = 500
_PAUSE = 0.5


def fan_out(work: Work) -> float:
    """Fan out the notifications that wait, up to 500 in a transaction."""
    with work.database.reading() as snapshot:
        if not waiting_notifications(snapshot, 1):
            return _PAUSE
    stop_at("written")
    with work.lease.writing() as transaction:
        found = waiting_notifications(transaction, _MOST_AT_ONCE)
        for tenant, of_tenant in groupby(found, lambda it: it.tenant):
            _fan_out(transaction, tenant, list(of_tenant), work.clock())
        mark_fanned_out(transaction, found)
    stop_at("fanned out")
    for it in found:
        work.counts.notification(it.type)
    return 0.0 if len(found) == _MOST_AT_ONCE else _PAUSE


def _fan_out(
    transaction: Transaction, tenant: str, found: Sequence[WaitingNotification], now: int
) -> None:
    """Add the deliveries of a tenant's notifications; each endpoint's sequence has no gaps."""
    hold_numbers(transaction, tenant)
    for endpoint in endpoints.list_endpoints(transaction, tenant, with_contacts=True):
        concerned = [it for it in found if is_for(endpoint, it)]
        if concerned:
            add_deliveries(transaction, _deliveries(endpoint, concerned), now)
            if endpoint.addresses:
                discard_unsubscribed(transaction, tenant, endpoint.id)
            sequence = endpoint.sequence + len(concerned)
            changed = msgspec.structs.replace(endpoint, sequence=sequence)
            endpoints.change_endpoint(transaction, changed)


def _deliveries(
    endpoint: AlertEndpoint, found: Sequence[WaitingNotification]
) -> Iterator[tuple[DeliveryKey, int, bool]]:
    lanes = [Lane(endpoint.tenant, endpoint.id, address) for address in endpoint.lanes]
    for sequence, it in enumerate(found, endpoint.sequence + 1):
        is_test = it.type == NotificationType.ENDPOINT_TEST
        for lane in lanes:
            yield DeliveryKey(lane, sequence), it.number, is_test


def is_for(endpoint: AlertEndpoint, it: WaitingNotification) -> bool:
    """Return whether a notification goes to an endpoint.

    An endpoint gets what its owner may see, and nothing that was written before it was made or
    while a person had disabled it.
    """
    if not endpoint.lanes:  # the addresses were erased
        return False
    if endpoint.status is EndpointStatus.DISABLED or it.number <= endpoint.after_number:
        return False
    if endpoint.organization is None:
        if not it.to_tenant:
            return False
    elif not it.to_organization or endpoint.organization != it.organization:
        return False
    if it.endpoint_ids is not None:
        return endpoint.id in msgspec.json.decode(it.endpoint_ids)
    return wants(endpoint.types, it.type)
