"""Add, change, rotate, test and remove the endpoints that notifications are sent to."""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tollbook.domain.addresses import Network, parsed
from tollbook.domain.destinations import Destination, InvalidUrl, is_allowed, parse_url
from tollbook.domain.directory import text_problem
from tollbook.domain.endpoint_errors import (
    EndpointDisabled,
    MailNotConfigured,
    SecretKeyMissing,
    TooManyEndpoints,
)
from tollbook.domain.endpoints import (
    DEFAULT_OVERLAP_SECONDS,
    LONGEST_NAME,
    MOST_OF_ORGANIZATION,
    MOST_OF_TENANT,
    MOST_OVERLAP_SECONDS,
    AlertEndpoint,
    EndpointKind,
    EndpointStatus,
    SigningSecret,
    new_endpoint_id,
    new_signing_secret,
    rotated,
    type_problems,
)
from tollbook.domain.errors import InvalidRequest, NotFound, Problem, refuse
from tollbook.domain.mail import address_problems
from tollbook.domain.notifications import Notification, NotificationType
from tollbook.domain.sealing import Sealer, Unreadable
from tollbook.store import deliveries, endpoints
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Transaction
from tollbook.store.directory import OrganizationRow
from tollbook.store.mail import discard_removed, resubscribe
from tollbook.store.notifications import add_notifications, hold_numbers

_SECOND = 1_000_000
_signing = msgspec.json.Decoder(list[SigningSecret])


class Protection(NamedTuple):
    """What encrypts the secrets of endpoints, which networks they may be in, and whether mails can
    be sent.
    """

    sealer: Sealer
    networks: Sequence[Network]
    has_mail: bool = False


class NewEndpoint(msgspec.Struct):
    """An endpoint to add: of the tenant, or of one organization. No `types` means all.

    `to` has the addresses of the kind `mail`; all others have a `url`.
    """

    name: str
    url: str | None = None
    kind: EndpointKind = EndpointKind.WEBHOOK
    to: list[str] = []
    types: list[str] = []
    organization_id: str | None = None
    enabled: bool = True


class EndpointChange(msgspec.Struct):
    """A change of an endpoint. `skip_pending` discards what waits for it.

    `resubscribe` sends mails to all of its addresses again.
    """

    name: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    to: list[str] | UnsetType = UNSET
    types: list[str] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    skip_pending: bool = False
    resubscribe: bool = False


class SecretRotation(msgspec.Struct):
    """A rotation of a secret: how long the old one also signs."""

    overlap_seconds: Annotated[int, Meta(ge=0, le=MOST_OVERLAP_SECONDS)] = DEFAULT_OVERLAP_SECONDS


class Resend(msgspec.Struct):
    """A request to send a notification again: to which endpoint."""

    endpoint_id: str


def add_endpoint(
    transaction: Transaction,
    actor: Actor,
    new: NewEndpoint,
    organization: OrganizationRow | None,
    protection: Protection,
) -> tuple[AlertEndpoint, str | None]:
    """Add an endpoint, and return it with its secret, which only webhooks have.

    It receives what is written from now on.
    """
    sealer = _usable(protection)
    after = hold_numbers(transaction, actor.tenant)
    receiver = _receiver(new.kind, new.url, new.to, protection)
    refuse([*receiver.problems, *_text_problems(new.name, new.types)])
    number = None if organization is None else organization.number
    _require_room(transaction, actor.tenant, number)
    identity = new_endpoint_id()
    secret = new_signing_secret() if new.kind is EndpointKind.WEBHOOK else None
    endpoint = AlertEndpoint(
        tenant=actor.tenant,
        id=identity,
        organization=number,
        kind=new.kind,
        name=new.name,
        url=_sealed_url(sealer, identity, receiver.to),
        shown_url=_shown(new.kind, receiver.to),
        addresses=tuple(new.to),
        types=tuple(new.types),
        secrets=None if secret is None else _seal(sealer, identity, [SigningSecret(secret)]),
        status=EndpointStatus.ENABLED if new.enabled else EndpointStatus.DISABLED,
        after_number=after,
        sequence=0,
        failing_since=None,
        last_status=None,
        created_at=actor.at,
        changed_at=actor.at,
    )
    endpoints.add_endpoint(transaction, endpoint)
    details = {"kind": new.kind.value, "types": new.types, "enabled": new.enabled}
    _write_act(transaction, actor, "endpoint.create", endpoint, details)
    return endpoint, secret


def change_endpoint(
    transaction: Transaction,
    actor: Actor,
    found: AlertEndpoint,
    change: EndpointChange,
    protection: Protection,
) -> AlertEndpoint:
    """Change an endpoint. What waits for it is sent at once, in order, or discarded."""
    last = hold_numbers(transaction, actor.tenant)
    endpoint = _renewed(transaction, found)
    given = {
        name: value
        for name, value in msgspec.structs.asdict(change).items()
        if value is not UNSET and name not in ("skip_pending", "resubscribe")
    }
    types = given.get("types", endpoint.types)
    changed = msgspec.structs.replace(
        endpoint,
        name=given.get("name", endpoint.name),
        types=tuple(types),
        changed_at=actor.at,
        failing_since=None,
        **_status(endpoint, given.get("enabled"), last),
    )
    changed = _moved(changed, given, protection)
    endpoints.change_endpoint(transaction, changed)
    if "to" in given:
        discard_removed(transaction, changed.tenant, changed.id, changed.addresses)
    if change.skip_pending:
        endpoints.discard_pending(transaction, changed.tenant, changed.id)
    endpoints.make_due(transaction, changed.tenant, changed.id, actor.at)
    details = {"changed": sorted(given), "enabled": changed.status is EndpointStatus.ENABLED}
    details |= {"skip_pending": True} if change.skip_pending else {}
    if change.resubscribe:
        resubscribe(transaction, changed.tenant, changed.id)
        details["resubscribe"] = True
    _write_act(transaction, actor, "endpoint.change", changed, details)
    return changed


def rotate_secret(
    transaction: Transaction,
    actor: Actor,
    found: AlertEndpoint,
    overlap_seconds: int,
    protection: Protection,
) -> tuple[AlertEndpoint, str]:
    """Make a new secret, and return it; the one before also signs for an overlap."""
    sealer = _usable(protection)
    hold_numbers(transaction, actor.tenant)
    endpoint = _renewed(transaction, found)
    if endpoint.secrets is None:
        raise InvalidRequest(f"an endpoint of the kind {endpoint.kind} has no secret")
    try:
        before = _signing.decode(sealer.open(endpoint.secrets, endpoint.id))
    except Unreadable:
        before = []
    secret = new_signing_secret()
    after = rotated(before, secret, actor.at + overlap_seconds * _SECOND)
    sealed = _seal(sealer, endpoint.id, after)
    changed = msgspec.structs.replace(endpoint, secrets=sealed, changed_at=actor.at)
    endpoints.change_endpoint(transaction, changed)
    details = {"overlap_seconds": overlap_seconds}
    _write_act(transaction, actor, "endpoint.rotate", changed, details)
    return changed, secret


def remove_endpoint(transaction: Transaction, actor: Actor, found: AlertEndpoint) -> None:
    """Remove an endpoint. What waits for it is discarded, its deliveries are kept."""
    hold_numbers(transaction, actor.tenant)
    endpoints.remove_endpoint(transaction, found.tenant, found.id)
    _write_act(transaction, actor, "endpoint.remove", found, {})


def send_test(transaction: Transaction, actor: Actor, endpoint: AlertEndpoint) -> str:
    """Write a test message for an endpoint, which is tried once; return its id."""
    _require_enabled(endpoint)
    test = Notification(
        tenant=endpoint.tenant,
        type=NotificationType.ENDPOINT_TEST,
        occasion=(endpoint.id, actor.at),
        at=actor.at,
        data={"message": "This is a test."},
        organization=endpoint.organization,
        to_tenant=endpoint.organization is None,
        to_organization=endpoint.organization is not None,
        endpoint_ids=(endpoint.id,),
    )
    add_notifications(transaction, [test], actor.at)
    _write_act(transaction, actor, "endpoint.test", endpoint, {})
    return test.id


def resend(
    transaction: Transaction, actor: Actor, endpoint: AlertEndpoint, notification: str
) -> None:
    """Send a notification once more to an endpoint, at once and out of order."""
    _require_enabled(endpoint)
    if not deliveries.mark_resent(transaction, endpoint, notification):
        raise NotFound("this notification was never for this endpoint")
    details = {"notification": notification}
    _write_act(transaction, actor, "endpoint.resend", endpoint, details)


def _usable(protection: Protection) -> Sealer:
    if not protection.sealer.is_usable:
        raise SecretKeyMissing("endpoints need a secret key: set TOLLBOOK_SECRET_KEY")
    return protection.sealer


def _renewed(transaction: Transaction, found: AlertEndpoint) -> AlertEndpoint:
    """Return the endpoint as of this transaction, after others that change it."""
    endpoint = endpoints.find_endpoint(transaction, found.tenant, found.id)
    if endpoint is None:
        raise NotFound("Endpoint not found")
    return endpoint


def _require_enabled(endpoint: AlertEndpoint) -> None:
    if endpoint.status is not EndpointStatus.ENABLED:
        raise EndpointDisabled(f"endpoint {endpoint.id} is {endpoint.status}: enable it first")


def _require_room(transaction: Transaction, tenant: str, organization: int | None) -> None:
    found = endpoints.list_endpoints(transaction, tenant)
    if len(found) >= MOST_OF_TENANT:
        raise TooManyEndpoints(f"a tenant may have at most {MOST_OF_TENANT} endpoints")
    own = sum(it.organization == organization for it in found)
    if organization is not None and own >= MOST_OF_ORGANIZATION:
        sentence = f"an organization may have at most {MOST_OF_ORGANIZATION} endpoints"
        raise TooManyEndpoints(sentence)


def _status(endpoint: AlertEndpoint, enabled: bool | None, last: int) -> dict[str, Any]:
    """Return the status after a change, and the last notification that the endpoint never gets.

    What was written while a person had disabled it is skipped.
    """
    if enabled is None:
        return {}
    if not enabled:
        return {"status": EndpointStatus.DISABLED}
    was_disabled = endpoint.status is EndpointStatus.DISABLED
    after = last if was_disabled else endpoint.after_number
    return {"status": EndpointStatus.ENABLED, "after_number": after}


def _moved(endpoint: AlertEndpoint, given: dict[str, Any], protection: Protection) -> AlertEndpoint:
    """Return an endpoint at its new URL or addresses, if there are any; refuse invalid fields."""
    texts = _text_problems(endpoint.name, endpoint.types)
    if "url" not in given and "to" not in given:
        refuse(texts)
        return endpoint
    to = given.get("to", endpoint.addresses)
    receiver = _receiver(endpoint.kind, given.get("url"), list(to), protection)
    refuse([*receiver.problems, *texts])
    return msgspec.structs.replace(
        endpoint,
        url=_sealed_url(_usable(protection), endpoint.id, receiver.to),
        shown_url=_shown(endpoint.kind, receiver.to),
        addresses=tuple(to),
    )


def _text_problems(name: str, types: Sequence[str]) -> list[Problem | None]:
    return [text_problem("name", name, LONGEST_NAME), *type_problems(types)]


class _Receiver(NamedTuple):
    """Where a URL leads, None for mails, or the problems with it."""

    to: Destination | None
    problems: Sequence[Problem | None]


def _receiver(
    kind: EndpointKind, url: str | None, addresses: list[str], protection: Protection
) -> _Receiver:
    """Return where an endpoint of a kind is; raise `MailNotConfigured` for a mail without server.

    A name is resolved and checked at each connection.
    """
    if kind is EndpointKind.MAIL:
        if not protection.has_mail:
            raise MailNotConfigured(
                "mails need a server: set TOLLBOOK_SMTP_URL and TOLLBOOK_MAIL_FROM"
            )
        unused = None if url is None else _excluded("url", "to", kind)
        return _Receiver(None, [unused, *address_problems("to", addresses)])
    unused = _excluded("to", "url", kind) if addresses else None
    try:
        to = parse_url(url or "", protection.networks)
    except InvalidUrl as error:
        return _Receiver(None, [unused, Problem("url", "invalid_url", f"url {error}")])
    return _Receiver(to, [unused, _address_problem(to, protection)])


def _excluded(field: str, instead: str, kind: EndpointKind) -> Problem:
    sentence = f"{field} must not be set for an endpoint of the kind {kind}, which has {instead}"
    return Problem(field, "not_for_kind", sentence)


def _address_problem(to: Destination, protection: Protection) -> Problem | None:
    address = parsed(to.host)
    if address is None or is_allowed(address, protection.networks):
        return None
    sentence = "url must not have a private address; TOLLBOOK_WEBHOOK_NETWORKS can allow it"
    return Problem("url", "address_not_allowed", sentence)


def _sealed_url(sealer: Sealer, identity: str, to: Destination | None) -> str | None:
    return None if to is None else sealer.seal(to.url, identity)


def _shown(kind: EndpointKind, to: Destination | None) -> str | None:
    """Return what answers show of a URL: of a chat not the path, which is its secret."""
    if to is None:
        return None
    return to.origin + to.path if kind is EndpointKind.WEBHOOK else to.origin


def _seal(sealer: Sealer, identity: str, found: Sequence[SigningSecret]) -> str:
    return sealer.seal(msgspec.json.encode(found).decode(), identity)


def _write_act(
    transaction: Transaction, actor: Actor, action: str, it: AlertEndpoint, details: dict[str, Any]
) -> None:
    write_act(transaction, actor, action, f"endpoint {it.id}", details, it.organization)
