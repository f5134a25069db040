"""The endpoint that mails the contact of an organization when one of its endpoints is disabled."""

import msgspec

from tollbook.domain.endpoints import AlertEndpoint, EndpointKind, EndpointStatus, contact_id
from tollbook.domain.mail import is_address
from tollbook.domain.notifications import NotificationType
from tollbook.store import directory
from tollbook.store.database import Transaction
from tollbook.store.endpoints import (
    add_endpoint,
    change_endpoint,
    find_endpoint,
    list_endpoints,
)
from tollbook.store.notifications import hold_numbers


def ensure_contact(transaction: Transaction, disabled: AlertEndpoint, now: int) -> tuple[str, ...]:
    """Return the endpoint that mails the contact of a disabled endpoint's organization, if any.

    It is added, or gets the address that the organization has now. There is none when another
    endpoint of the organization mails that address already.
    """
    number = disabled.organization
    if number is None:
        return ()
    email = directory.organization_numbered(transaction, disabled.tenant, number).email
    if email is None or not is_address(email) or _is_mailed(transaction, disabled, email):
        return ()
    identity = contact_id(number)
    known = find_endpoint(transaction, disabled.tenant, identity)
    if known is None:
        after = hold_numbers(transaction, disabled.tenant)
        add_endpoint(transaction, _contact(disabled, email, after, now))
    else:
        changed = msgspec.structs.replace(
            known,
            addresses=(email,),
            status=EndpointStatus.ENABLED,
            failing_since=None,
            changed_at=now,
        )
        change_endpoint(transaction, changed)
    return (identity,)


def _is_mailed(transaction: Transaction, disabled: AlertEndpoint, email: str) -> bool:
    """Return whether another endpoint of the organization mails an address."""
    return any(
        email.lower() in map(str.lower, it.addresses)
        for it in list_endpoints(transaction, disabled.tenant)
        if it.organization == disabled.organization and it.id != disabled.id and it.receives
    )


def _contact(disabled: AlertEndpoint, email: str, after: int, now: int) -> AlertEndpoint:
    assert disabled.organization is not None  # noqa: S101  the caller has one
    return AlertEndpoint(
        tenant=disabled.tenant,
        id=contact_id(disabled.organization),
        organization=disabled.organization,
        kind=EndpointKind.MAIL,
        name="Contact",
        url=None,
        shown_url=None,
        types=(NotificationType.ENDPOINT_DISABLED.value,),
        secrets=None,
        status=EndpointStatus.ENABLED,
        after_number=after,
        sequence=0,
        failing_since=None,
        last_status=None,
        created_at=now,
        changed_at=now,
        addresses=(email,),
    )
