"""Add, change, rotate, test and remove the endpoints that notifications are sent to."""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tollbook.domain.addresses import Network, parsed
from tollbook.domain.destinations import Destination, InvalidUrl, is_allowed, parse_url
from tollbook.domain.directory import text_problem
from tollbook.domain.endpoint_errors import EndpointDisabled, TooManyEndpoints
from tollbook.domain.endpoints import (
    DEFAULT_OVERLAP_SECONDS,
    LONGEST_NAME,
    MOST_OF_ORGANIZATION,
    MOST_OF_TENANT,
    MOST_OVERLAP_SECONDS,
    Endpoint,
    EndpointKind,
    EndpointStatus,
    SigningSecret,
    new_endpoint_id,
    new_signing_secret,
    rotated,
    type_problems,
)
from tollbook.domain.errors import InvalidRequest, NotFound, Problem, SecretKeyMissing, refuse
from tollbook.domain.notifications import Notification, NotificationType
from tollbook.domain.sealing import Sealer, Unreadable
from tollbook.store import deliveries, endpoints
from tollbook.store.audit import Actor
from tollbook.store.audit_writer import write_act
from tollbook.store.database import Transaction
from tollbook.store.directory import OrganizationRow
from tollbook.store.notifications import add_notifications, hold_numbers

_SECOND = 1_000_000
_signing = msgspec.json.Decoder(list[SigningSecret])


class Protection(NamedTuple):
    """What encrypts the secrets of endpoints, and which networks they may be in."""

    sealer: Sealer
    networks: Sequence[Network]


class NewEndpoint(msgspec.Struct):
    """An endpoint to add: of the tenant, or of one organization. No `types` means all."""

    name: str
    url: str
    kind: EndpointKind = EndpointKind.WEBHOOK
    types: list[str] = []
    organization_id: str | None = None
    enabled: bool = True


class EndpointChange(msgspec.Struct):
    """A change of an endpoint. `skip_pending` discards what waits for it."""

    name: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    types: list[str] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    skip_pending: bool = False


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
) -> tuple[Endpoint, str | None]:
    """Add an endpoint, and return it with its secret, which only webhooks have.

    It receives what is written from now on.
    """
    sealer = _usable(protection)
    after = hold_numbers(transaction, actor.tenant)
    to = _check(new.name, new.url, new.types, protection)
    number = None if organization is None else organization.number
    _require_room(transaction, actor.tenant, number)
    identity = new_endpoint_id()
    secret = new_signing_secret() if new.kind is EndpointKind.WEBHOOK else None
    endpoint = Endpoint(
        tenant=actor.tenant,
        id=identity,
        organization=number,
        kind=new.kind,
        name=new.name,
        url=sealer.seal(to.url, identity),
        shown_url=_shown(new.kind, to),
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
    found: Endpoint,
    change: EndpointChange,
    protection: Protection,
) -> Endpoint:
    """Change an endpoint. What waits for it is sent at once, in order, or discarded."""
    last = hold_numbers(transaction, actor.tenant)
    endpoint = _renewed(transaction, found)
    given = {
        name: value
        for name, value in msgspec.structs.asdict(change).items()
        if value is not UNSET and name != "skip_pending"
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
    if "url" in given:
        sealer = _usable(protection)
        to = _check(changed.name, given["url"], types, protection)
        changed = msgspec.structs.replace(
            changed, url=sealer.seal(to.url, changed.id), shown_url=_shown(changed.kind, to)
        )
    else:
        refuse([text_problem("name", changed.name, LONGEST_NAME), *type_problems(types)])
    endpoints.change_endpoint(transaction, changed)
    if change.skip_pending:
        endpoints.discard_pending(transaction, changed.tenant, changed.id)
    endpoints.make_due(transaction, changed.tenant, changed.id, actor.at)
    details = {"changed": sorted(given), "enabled": changed.status is EndpointStatus.ENABLED}
    details |= {"skip_pending": True} if change.skip_pending else {}
    _write_act(transaction, actor, "endpoint.change", changed, details)
    return changed


def rotate_secret(
    transaction: Transaction,
    actor: Actor,
    found: Endpoint,
    overlap_seconds: int,
    protection: Protection,
) -> tuple[Endpoint, str]:
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


def remove_endpoint(transaction: Transaction, actor: Actor, found: Endpoint) -> None:
    """Remove an endpoint. What waits for it is discarded, its deliveries are kept."""
    hold_numbers(transaction, actor.tenant)
    endpoints.remove_endpoint(transaction, found.tenant, found.id)
    _write_act(transaction, actor, "endpoint.remove", found, {})


def send_test(transaction: Transaction, actor: Actor, endpoint: Endpoint) -> str:
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


def resend(transaction: Transaction, actor: Actor, endpoint: Endpoint, notification: str) -> None:
    """Send a notification once more to an endpoint, at once and out of order."""
    _require_enabled(endpoint)
    if not deliveries.mark_resent(transaction, endpoint.tenant, endpoint.id, notification):
        raise NotFound("this notification was never for this endpoint")
    details = {"notification": notification}
    _write_act(transaction, actor, "endpoint.resend", endpoint, details)


def _usable(protection: Protection) -> Sealer:
    if not protection.sealer.is_usable:
        raise SecretKeyMissing("endpoints need a secret key: set TOLLBOOK_SECRET_KEY")
    return protection.sealer


def _renewed(transaction: Transaction, found: Endpoint) -> Endpoint:
    """Return the endpoint as of this transaction, after others that change it."""
    endpoint = endpoints.find_endpoint(transaction, found.tenant, found.id)
    if endpoint is None:
        raise NotFound("Endpoint not found")
    return endpoint


def _require_enabled(endpoint: Endpoint) -> None:
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


def _status(endpoint: Endpoint, enabled: bool | None, last: int) -> dict[str, Any]:
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


def _check(name: str, url: str, types: Sequence[str], protection: Protection) -> Destination:
    """Return where a URL leads; raise `InvalidRequest` with every problem.

    A name is resolved and checked at each connection.
    """
    problems = [text_problem("name", name, LONGEST_NAME), *type_problems(types)]
    try:
        to = parse_url(url, protection.networks)
    except InvalidUrl as error:
        raise InvalidRequest.of(
            [*filter(None, problems), Problem("url", "invalid_url", f"url {error}")]
        ) from error
    address = parsed(to.host)
    if address is not None and not is_allowed(address, protection.networks):
        sentence = "url must not have a private address; TOLLBOOK_WEBHOOK_NETWORKS can allow it"
        problems.append(Problem("url", "address_not_allowed", sentence))
    refuse(problems)
    return to


def _shown(kind: EndpointKind, to: Destination) -> str:
    """Return what answers show of a URL: of a chat not the path, which is its secret."""
    return to.origin + to.path if kind is EndpointKind.WEBHOOK else to.origin


def _seal(sealer: Sealer, identity: str, found: Sequence[SigningSecret]) -> str:
    return sealer.seal(msgspec.json.encode(found).decode(), identity)


def _write_act(
    transaction: Transaction, actor: Actor, action: str, it: Endpoint, details: dict[str, Any]
) -> None:
    write_act(transaction, actor, action, f"endpoint {it.id}", details, it.organization)
