"""Disable endpoints that have failed for three days, or that are gone, and notify about it."""

from collections.abc import Sequence

import msgspec

from tollbook.alerts.contacts import ensure_contact
from tollbook.alerts.sender import Sent
from tollbook.domain.deliveries import GIVEN_UP_AFTER
from tollbook.domain.endpoints import AlertEndpoint, EndpointStatus, wants
from tollbook.domain.events import instant_of
from tollbook.domain.notifications import Notification, NotificationType
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Transaction
from tollbook.store.endpoints import (
    change_endpoint,
    count_pending,
    find_endpoint,
    list_endpoints,
    make_due,
)
from tollbook.store.notifications import add_notifications

_WORKER = "alerts"
"""The key prefix of acts of the worker."""


def after_result(
    transaction: Transaction, sent: Sequence[Sent], now: int, *, has_mail: bool = False
) -> None:
    """Update each endpoint after attempts, in the order in which they were made.

    With a mail server, the contact of an organization is notified of its disabled endpoints.
    """
    for it in sent:
        lane = it.batch.lane
        endpoint = find_endpoint(transaction, lane.tenant, lane.endpoint)
        if endpoint is not None:
            _update(transaction, endpoint, it, now, has_mail=has_mail)


def _update(
    transaction: Transaction, endpoint: AlertEndpoint, it: Sent, now: int, *, has_mail: bool
) -> None:
    changed = _changed(endpoint, it, now)
    if changed != endpoint:
        change_endpoint(transaction, changed)
    if it.outcome.is_delivered and endpoint.failing_since is not None:
        make_due(transaction, endpoint.tenant, endpoint.id, now)
    if changed.status is not endpoint.status and not endpoint.is_contact:
        contact = ensure_contact(transaction, changed, now) if has_mail else ()
        _notify(transaction, changed, now, contact)


def _changed(endpoint: AlertEndpoint, it: Sent, now: int) -> AlertEndpoint:
    outcome, since = it.outcome, endpoint.failing_since
    if outcome.is_final:  # the mail server works, and other addresses may
        return msgspec.structs.replace(endpoint, last_status=outcome.status)
    status = endpoint.status
    if outcome.is_delivered:
        since = None
    elif since is None and not _is_one_rejected(it):
        since = now
    if status is EndpointStatus.ENABLED:
        if outcome.is_gone:
            status = EndpointStatus.GONE
        elif since is not None and now - since >= GIVEN_UP_AFTER:
            status = EndpointStatus.FAILING
    return msgspec.structs.replace(
        endpoint, status=status, failing_since=since, last_status=outcome.status
    )


def _is_one_rejected(it: Sent) -> bool:
    """Return whether the receiver rejects one notification that others no longer wait for.

    That alone never disables an endpoint, however long it is tried.
    """
    return it.outcome.rejects and all(delivery.progress.set_aside for delivery in it.deliveries)


def _notify(
    transaction: Transaction, endpoint: AlertEndpoint, now: int, contact: tuple[str, ...]
) -> None:
    """Write to the audit log that an endpoint is disabled, and notify its owner and the tenant."""
    since = endpoint.failing_since or now
    pending = count_pending(transaction, endpoint.tenant, endpoint.id)
    others = tuple(
        it.id
        for it in list_endpoints(transaction, endpoint.tenant)
        if it.id != endpoint.id and wants(it.types, NotificationType.ENDPOINT_DISABLED)
    )
    shown = {
        "endpoint_id": endpoint.id,
        "reason": endpoint.status.value,
        "failing_since": instant_of(since),
        "last_status": endpoint.last_status,
        "pending": pending,
    }
    add_notifications(
        transaction,
        [
            Notification(
                tenant=endpoint.tenant,
                type=NotificationType.ENDPOINT_DISABLED,
                occasion=(endpoint.id, since),
                at=now,
                data=shown,
                organization=endpoint.organization,
                to_organization=endpoint.organization is not None,
                endpoint_ids=(*others, *contact),
            )
        ],
        now,
    )
    details = {"reason": endpoint.status.value, "pending": pending}
    actor = Actor(endpoint.tenant, _WORKER, now)
    what, organization = f"endpoint {endpoint.id}", endpoint.organization
    write_act(transaction, actor, "endpoint.disable", what, details, organization)
