"""Where notifications are sent: /v1/endpoints."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta
from starlette.responses import Response

from tollbook.administration import endpoints as administration
from tollbook.administration.endpoints import EndpointChange, NewEndpoint, SecretRotation
from tollbook.api.openapi.endpoint import ApiRequest, AsyncRequest, Body, Endpoint
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import about, text, whole_number
from tollbook.api.openapi.parameters import Path, Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import organization_of, require_organization_key
from tollbook.api.pipeline.cursors import read_place, write_cursor
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.api.pipeline.services import Services
from tollbook.domain.deliveries import AttemptCode, DeliveryStatus
from tollbook.domain.endpoint_errors import EndpointDisabled, TooManyEndpoints
from tollbook.domain.endpoints import Endpoint as StoredEndpoint
from tollbook.domain.endpoints import EndpointKind, EndpointStatus
from tollbook.domain.errors import NotFound, SecretKeyMissing
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey, Permission, RateLimit
from tollbook.domain.limit_errors import RateLimited
from tollbook.store import endpoints
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import owners_of_numbers
from tollbook.store.notification_list import (
    NEWEST,
    EndpointDelivery,
    ListedAttempt,
    attempts_of,
)
from tollbook.store.notification_list import list_deliveries as stored_deliveries

MOST_MESSAGES_PER_MINUTE = 10
"""Tests and resends by a key, together."""
_USUAL_LIMIT = 100


class EndpointPath(Path, frozen=True, kw_only=True):
    """The path of an endpoint."""

    id: Annotated[str, Meta(max_length=40, examples=["end_0123456789abcdef0123456789"])]


class DeliveriesQuery(Query, frozen=True, kw_only=True):
    """The query of the deliveries of an endpoint."""

    limit: Annotated[
        int | None,
        whole_number(),
        about(f"The most deliveries; {_USUAL_LIMIT} by default.", _USUAL_LIMIT),
    ] = None
    cursor: Annotated[str | None, text(4_000), about("The `next_cursor` of the page before.")] = (
        None
    )


class ShownEndpoint(msgspec.Struct, frozen=True):
    """An endpoint, without its secret; the URL of a chat is shown without its path."""

    id: str
    name: str
    kind: EndpointKind
    url: str
    types: tuple[str, ...]
    organization_id: str | None
    status: EndpointStatus
    failing_since: datetime | None
    last_status: int | None
    created_at: datetime
    changed_at: datetime


class ShownAttempt(msgspec.Struct, frozen=True):
    """An attempt: when, for how long, and what came of it."""

    number: int
    at: datetime
    milliseconds: int
    status: int | None
    code: AttemptCode | None
    excerpt: str


class ShownDelivery(msgspec.Struct, frozen=True):
    """A delivery to an endpoint."""

    sequence: int
    notification_id: str
    type: str
    status: DeliveryStatus
    last_status: int | None
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    attempts: list[ShownAttempt]


def list_endpoints(request: ApiRequest, snapshot: Snapshot) -> Response:
    """List the endpoints that the key may see."""
    _require(request.key)
    found = _visible(snapshot, request.key)
    return json_response({"success": True, "endpoints": shown_endpoints(snapshot, found)})


def get_endpoint(request: ApiRequest[Query, EndpointPath], snapshot: Snapshot) -> Response:
    """Show an endpoint."""
    return _one(snapshot, find_visible(snapshot, request.key, request.path.id))


def post_endpoint(request: ApiRequest, transaction: Transaction) -> Response:
    """Add an endpoint, and show its secret once."""
    _require(request.key)
    new = read_body(request.body, NewEndpoint)
    identity = new.organization_id or request.key.scope.organization_id
    organization = organization_of(transaction, request.key, identity) if identity else None
    endpoint, secret = administration.add_endpoint(
        transaction, request.actor, new, organization, request.services.protection
    )
    return _one(transaction, endpoint, 201, secret=secret)


def patch_endpoint(request: ApiRequest[Query, EndpointPath], transaction: Transaction) -> Response:
    """Change an endpoint."""
    found = find_visible(transaction, request.key, request.path.id)
    change = read_body(request.body, EndpointChange)
    changed = administration.change_endpoint(
        transaction, request.actor, found, change, request.services.protection
    )
    return _one(transaction, changed)


def delete_endpoint(request: ApiRequest[Query, EndpointPath], transaction: Transaction) -> Response:
    """Remove an endpoint."""
    found = find_visible(transaction, request.key, request.path.id)
    answer = _one(transaction, found)
    administration.remove_endpoint(transaction, request.actor, found)
    return answer


def post_secret_rotation(
    request: ApiRequest[Query, EndpointPath], transaction: Transaction
) -> Response:
    """Make a new secret, and show it once."""
    found = find_visible(transaction, request.key, request.path.id)
    rotation = read_body(request.body, SecretRotation) if request.body else SecretRotation()
    changed, secret = administration.rotate_secret(
        transaction, request.actor, found, rotation.overlap_seconds, request.services.protection
    )
    return _one(transaction, changed, 201, secret=secret)


async def post_endpoint_test(request: AsyncRequest[Query, EndpointPath]) -> Response:
    """Send a test message."""
    require_message_rate(request.services, request.admission.key)
    return await run_sync(_test, request)


def _test(request: AsyncRequest[Query, EndpointPath]) -> Response:
    with request.services.database.writing() as transaction:
        key = request.authenticate(transaction)
        request.read_query()
        found = find_visible(transaction, key, request.path.id)
        identity = administration.send_test(transaction, request.actor(key), found)
    return json_response({"success": True, "notification_id": identity}, 202)


def list_deliveries(
    request: ApiRequest[DeliveriesQuery, EndpointPath], snapshot: Snapshot
) -> Response:
    """List the deliveries of an endpoint, the newest first."""
    found = find_visible(snapshot, request.key, request.path.id)
    limit, cursor = request.query.limit or _USUAL_LIMIT, request.query.cursor
    before = NEWEST if cursor is None else read_place(cursor)[0]
    rows = stored_deliveries(snapshot, found.tenant, found.id, before, limit + 1)
    page = rows[:limit]
    attempts = attempts_of(snapshot, found.tenant, found.id, [it.sequence for it in page])
    shown = [_shown_delivery(it, attempts[it.sequence]) for it in page]
    following = write_cursor((page[-1].sequence, "")) if len(rows) > limit else None
    return json_response({"success": True, "deliveries": shown, "next_cursor": following})


def require_message_rate(services: Services, key: ApiKey) -> None:
    """Raise `RateLimited` when a key sends too many tests and resends."""
    limit = RateLimit(f"messages of {key.prefix}", MOST_MESSAGES_PER_MINUTE)
    taken = services.token_limiter.take([limit])
    if not taken.allowed:
        most = f"{MOST_MESSAGES_PER_MINUTE} tests and resends a minute"
        raise RateLimited(f"rate limit of {most} exceeded; retry in {taken.reset} s", taken.reset)


def find_visible(snapshot: Snapshot, key: ApiKey, identity: str) -> StoredEndpoint:
    """Return an endpoint that the key may see; any other does not exist for it."""
    _require(key)
    for it in _visible(snapshot, key):
        if it.id == identity:
            return it
    raise NotFound("Endpoint not found")


def shown_endpoints(snapshot: Snapshot, found: list[StoredEndpoint]) -> list[ShownEndpoint]:
    """Return endpoints for an answer."""
    numbers = {it.organization for it in found if it.organization is not None}
    owners = owners_of_numbers(snapshot, numbers) if numbers else {}
    return [
        ShownEndpoint(
            id=it.id,
            name=it.name,
            kind=it.kind,
            url=it.shown_url,
            types=it.types,
            organization_id=None if it.organization is None else owners[it.organization][1],
            status=it.status,
            failing_since=_instant(it.failing_since),
            last_status=it.last_status,
            created_at=instant_of(it.created_at),
            changed_at=instant_of(it.changed_at),
        )
        for it in found
    ]


def _visible(snapshot: Snapshot, key: ApiKey) -> list[StoredEndpoint]:
    found = endpoints.list_endpoints(snapshot, key.scope.tenant_id)
    bound = key.scope.organization_id
    if bound is None:
        return found
    number = organization_of(snapshot, key, bound).number
    return [it for it in found if it.organization == number]


def _shown_delivery(it: EndpointDelivery, attempts: list[ListedAttempt]) -> ShownDelivery:
    waits = it.status == DeliveryStatus.PENDING
    return ShownDelivery(
        sequence=it.sequence,
        notification_id=it.notification_id,
        type=it.type,
        status=DeliveryStatus(it.status),
        last_status=it.last_status,
        next_attempt_at=_instant(it.next_attempt_at) if waits else None,
        delivered_at=_instant(it.delivered_at),
        attempts=[_shown_attempt(attempt) for attempt in attempts],
    )


def _shown_attempt(it: ListedAttempt) -> ShownAttempt:
    code = None if it.code is None else AttemptCode(it.code)
    return ShownAttempt(it.attempt, instant_of(it.at), it.milliseconds, it.status, code, it.excerpt)


def _instant(at: int | None) -> datetime | None:
    return None if at is None else instant_of(at)


def _require(key: ApiKey) -> None:
    require_organization_key(key, "see or change endpoints")


def _one(
    snapshot: Snapshot, it: StoredEndpoint, status: int = 200, **others: str | None
) -> Response:
    (shown,) = shown_endpoints(snapshot, [it])
    return json_response({"success": True, "endpoint": shown, **others}, status)


_SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="  # noqa: S105
_EXAMPLE: dict[str, Any] = {
    "id": "end_0123456789abcdef0123456789",
    "name": "Billing",
    "kind": "webhook",
    "url": "https://example.com/tollbook",
    "types": ["trigger.*", "budget.reached"],
    "organization_id": None,
    "status": "enabled",
    "failing_since": None,
    "last_status": 204,
    "created_at": "2024-02-01T09:00:00Z",
    "changed_at": "2024-02-01T09:00:00Z",
}
_DELIVERY: dict[str, Any] = {
    "sequence": 1,
    "notification_id": "ntf_abcdefghijklmnopqrstuvwxyz",
    "type": "trigger.reached",
    "status": "delivered",
    "last_status": 204,
    "next_attempt_at": None,
    "delivered_at": "2024-02-01T09:00:01Z",
    "attempts": [
        {
            "number": 1,
            "at": "2024-02-01T09:00:01Z",
            "milliseconds": 21,
            "status": 204,
            "code": None,
            "excerpt": "",
        }
    ],
}
_OPERATIONS = (
    *("getEndpoint", "changeEndpoint", "removeEndpoint", "rotateEndpointSecret"),
    *("testEndpoint", "listDeliveries"),
)
_ONE = Body(
    answer_schema(endpoint=ShownEndpoint),
    {"success": True, "endpoint": _EXAMPLE},
    links=leads(*_OPERATIONS, id="/endpoint/id"),
)
_WITH_SECRET = Body(
    answer_schema(endpoint=ShownEndpoint, secret=str | None),
    {"success": True, "endpoint": _EXAMPLE, "secret": _SECRET},
    links=leads(*_OPERATIONS, id="/endpoint/id"),
)
_PATH = "/v1/endpoints"
_KEY = "A key of an organization sees and changes its own endpoints only."
_TAG = "Endpoints"

NOTIFICATION_ENDPOINT_ENDPOINTS = (
    Endpoint(
        route=f"GET {_PATH}",
        name="listEndpoints",
        summary="List endpoints",
        description=f"The endpoints that notifications are sent to, the oldest first. {_KEY}",
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(endpoints=list[ShownEndpoint]),
            {"success": True, "endpoints": [_EXAMPLE]},
            links=leads(*_OPERATIONS, id="/endpoints/0/id"),
        ),
        read=list_endpoints,
        tag=_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"GET {_PATH}/{{id}}",
        name="getEndpoint",
        summary="Show an endpoint",
        description=f"An endpoint, without its secret. {_KEY}",
        permission=Permission.ADMIN,
        answers=_ONE,
        read=get_endpoint,
        errors=(NotFound,),
        tag=_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"POST {_PATH}",
        name="addEndpoint",
        summary="Add an endpoint",
        description=(
            "Notifications of these types are sent there from now on. `secret` verifies the "
            "signature of webhooks and is shown once, in this response. Written to the audit log. "
            f"{_KEY}"
        ),
        permission=Permission.ADMIN,
        request=Body(NewEndpoint, {"name": "Billing", "url": "https://example.com/tollbook"}),
        answers={201: _WITH_SECRET},
        write=post_endpoint,
        errors=(NotFound, TooManyEndpoints, SecretKeyMissing),
        tag=_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"PATCH {_PATH}/{{id}}",
        name="changeEndpoint",
        summary="Change an endpoint",
        description=(
            "What waits for the endpoint is sent at once, in order; with `skip_pending` it is "
            f"discarded. Written to the audit log. {_KEY}"
        ),
        permission=Permission.ADMIN,
        request=Body(EndpointChange, {"enabled": True}),
        answers=_ONE,
        write=patch_endpoint,
        errors=(NotFound, SecretKeyMissing),
        tag=_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"DELETE {_PATH}/{{id}}",
        name="removeEndpoint",
        summary="Remove an endpoint",
        description=f"What waits for it is discarded. Written to the audit log. {_KEY}",
        permission=Permission.ADMIN,
        answers=_ONE,
        write=delete_endpoint,
        errors=(NotFound,),
        tag=_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"POST {_PATH}/{{id}}/rotation",
        name="rotateEndpointSecret",
        summary="Rotate the secret of an endpoint",
        description=(
            "The new secret is shown once, in this response. The one before also signs for "
            f"`overlap_seconds`. Written to the audit log. {_KEY}"
        ),
        permission=Permission.ADMIN,
        request=Body(SecretRotation, {"overlap_seconds": 86_400}),
        answers={201: _WITH_SECRET},
        write=post_secret_rotation,
        errors=(NotFound, SecretKeyMissing),
        tag=_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"POST {_PATH}/{{id}}/test",
        name="testEndpoint",
        summary="Send a test message",
        description=(
            "An `endpoint.test` is sent once, ahead of what waits; its delivery shows the result. "
            f"A key sends up to {MOST_MESSAGES_PER_MINUTE} tests and resends a minute. {_KEY}"
        ),
        permission=Permission.ADMIN,
        answers={
            202: Body(
                answer_schema(notification_id=str),
                {"success": True, "notification_id": "ntf_abcdefghijklmnopqrstuvwxyz"},
            )
        },
        handle=post_endpoint_test,
        errors=(NotFound, EndpointDisabled, RateLimited),
        tag=_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"GET {_PATH}/{{id}}/deliveries",
        name="listDeliveries",
        summary="List the deliveries of an endpoint",
        description=f"What was sent, the newest first, with each attempt. {_KEY}",
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(deliveries=list[ShownDelivery], next_cursor=str | None),
            {"success": True, "deliveries": [_DELIVERY], "next_cursor": None},
        ),
        read=list_deliveries,
        errors=(NotFound,),
        tag=_TAG,
        tells_usage=False,
    ),
)
