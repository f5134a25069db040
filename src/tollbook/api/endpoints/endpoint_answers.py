"""Endpoints in answers, and which of them a key may see."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from tollbook.api.openapi.parameters import Path
from tollbook.api.pipeline.access import organization_of, require_organization_key
from tollbook.domain.endpoints import AlertEndpoint, EndpointKind, EndpointStatus
from tollbook.domain.errors import NotFound
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey
from tollbook.store import endpoints
from tollbook.store.database import Snapshot
from tollbook.store.directory import owners_of_numbers
from tollbook.store.mail import list_unsubscribed

ENDPOINT_PATH = "/v1/endpoints"
ENDPOINT_TAG = "Endpoints"
OWN_ENDPOINTS = "A key of an organization sees and changes its own endpoints only."


class EndpointPath(Path, frozen=True, kw_only=True):
    """The path of an endpoint."""

    id: Annotated[str, Meta(max_length=40, examples=["end_0123456789abcdef0123456789"])]


class ShownEndpoint(msgspec.Struct, frozen=True):
    """An endpoint, without its secret; the URL of a chat is shown without its path.

    `to` has the addresses of mails, which have no URL; `unsubscribed` those that stopped them.
    """

    id: str
    name: str
    kind: EndpointKind
    url: str | None
    to: tuple[str, ...]
    unsubscribed: list[str]
    types: tuple[str, ...]
    organization_id: str | None
    status: EndpointStatus
    failing_since: datetime | None
    last_status: int | None
    created_at: datetime
    changed_at: datetime


def find_visible(snapshot: Snapshot, key: ApiKey, identity: str) -> AlertEndpoint:
    """Return an endpoint that the key may see; any other does not exist for it."""
    require_endpoint_key(key)
    for it in visible_endpoints(snapshot, key):
        if it.id == identity:
            return it
    raise NotFound("Endpoint not found")


def shown_endpoints(snapshot: Snapshot, found: list[AlertEndpoint]) -> list[ShownEndpoint]:
    """Return endpoints for an answer."""
    numbers = {it.organization for it in found if it.organization is not None}
    owners = owners_of_numbers(snapshot, numbers) if numbers else {}
    return [
        ShownEndpoint(
            id=it.id,
            name=it.name,
            kind=it.kind,
            url=it.shown_url,
            to=it.addresses,
            unsubscribed=list_unsubscribed(snapshot, it.tenant, it.id) if it.addresses else [],
            types=it.types,
            organization_id=None if it.organization is None else owners[it.organization][1],
            status=it.status,
            failing_since=instant_or_none(it.failing_since),
            last_status=it.last_status,
            created_at=instant_of(it.created_at),
            changed_at=instant_of(it.changed_at),
        )
        for it in found
    ]


def visible_endpoints(snapshot: Snapshot, key: ApiKey) -> list[AlertEndpoint]:
    """Return the endpoints that a key may see."""
    found = endpoints.list_endpoints(snapshot, key.scope.tenant_id)
    bound = key.scope.organization_id
    if bound is None:
        return found
    number = organization_of(snapshot, key, bound).number
    return [it for it in found if it.organization == number]


def instant_or_none(at: int | None) -> datetime | None:
    """Return an instant, if there is one."""
    return None if at is None else instant_of(at)


def require_endpoint_key(key: ApiKey) -> None:
    """Refuse a key that is bound to one user."""
    require_organization_key(key, "see or change endpoints")


ENDPOINT_EXAMPLE: dict[str, Any] = {
    "id": "end_0123456789abcdef0123456789",
    "name": "Billing",
    "kind": "webhook",
    "url": "https://example.com/tollbook",
    "to": [],
    "unsubscribed": [],
    "types": ["trigger.*", "budget.reached"],
    "organization_id": None,
    "status": "enabled",
    "failing_since": None,
    "last_status": 204,
    "created_at": "2024-02-01T09:00:00Z",
    "changed_at": "2024-02-01T09:00:00Z",
}
