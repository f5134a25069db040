"""What was sent to an endpoint, and tests: /v1/endpoints/{id}/deliveries and /test."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from anyio.to_thread import run_sync
from starlette.responses import Response

from tollbook.administration.endpoints import send_test
from tollbook.api.endpoints.endpoint_answers import (
    ENDPOINT_PATH,
    ENDPOINT_TAG,
    OWN_ENDPOINTS,
    EndpointPath,
    find_visible,
    instant_or_none,
)
from tollbook.api.openapi.endpoint import ApiRequest, AsyncRequest, Body, Endpoint
from tollbook.api.openapi.parameter_types import about, text, whole_number
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.cursors import read_place, write_cursor
from tollbook.api.pipeline.responses import json_response
from tollbook.api.pipeline.services import Services
from tollbook.domain.deliveries import AttemptCode, DeliveryStatus
from tollbook.domain.endpoint_errors import EndpointDisabled
from tollbook.domain.errors import NotFound
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey, Permission, RateLimit
from tollbook.domain.limit_errors import RateLimited
from tollbook.store.database import Snapshot
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


class ShownAttempt(msgspec.Struct, frozen=True):
    """An attempt: when, for how long, and what came of it."""

    number: int
    at: datetime
    milliseconds: int
    status: int | None
    code: AttemptCode | None
    excerpt: str


class ShownDelivery(msgspec.Struct, frozen=True):
    """A delivery to an endpoint; `address` is that of a mail."""

    sequence: int
    address: str | None
    notification_id: str
    type: str
    status: DeliveryStatus
    last_status: int | None
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    attempts: list[ShownAttempt]


async def post_endpoint_test(request: AsyncRequest[Query, EndpointPath]) -> Response:
    """Send a test message."""
    require_message_rate(request.services, request.admission.key)
    return await run_sync(_test, request)


def _test(request: AsyncRequest[Query, EndpointPath]) -> Response:
    with request.services.database.writing() as transaction:
        key = request.authenticate(transaction)
        request.read_query()
        found = find_visible(transaction, key, request.path.id)
        identity = send_test(transaction, request.actor(key), found)
    return json_response({"success": True, "notification_id": identity}, 202)


def list_deliveries(
    request: ApiRequest[DeliveriesQuery, EndpointPath], snapshot: Snapshot
) -> Response:
    """List the deliveries of an endpoint, the newest first."""
    found = find_visible(snapshot, request.key, request.path.id)
    limit, cursor = request.query.limit or _USUAL_LIMIT, request.query.cursor
    place = (NEWEST, "") if cursor is None else read_place(cursor)
    rows = stored_deliveries(snapshot, found.tenant, found.id, place, limit + 1)
    page = rows[:limit]
    attempts = attempts_of(snapshot, found.tenant, found.id, [it.sequence for it in page])
    shown = [_shown_delivery(it, attempts[it.sequence, it.address]) for it in page]
    following = write_cursor((page[-1].sequence, page[-1].address)) if len(rows) > limit else None
    return json_response({"success": True, "deliveries": shown, "next_cursor": following})


def require_message_rate(services: Services, key: ApiKey) -> None:
    """Raise `RateLimited` when a key sends too many tests and resends."""
    limit = RateLimit(f"messages of {key.prefix}", MOST_MESSAGES_PER_MINUTE)
    taken = services.token_limiter.take([limit])
    if not taken.allowed:
        most = f"{MOST_MESSAGES_PER_MINUTE} tests and resends a minute"
        raise RateLimited(f"rate limit of {most} exceeded; retry in {taken.reset} s", taken.reset)


def _shown_delivery(it: EndpointDelivery, attempts: list[ListedAttempt]) -> ShownDelivery:
    waits = it.status == DeliveryStatus.PENDING
    return ShownDelivery(
        sequence=it.sequence,
        address=it.address or None,
        notification_id=it.notification_id,
        type=it.type,
        status=DeliveryStatus(it.status),
        last_status=it.last_status,
        next_attempt_at=instant_or_none(it.next_attempt_at) if waits else None,
        delivered_at=instant_or_none(it.delivered_at),
        attempts=[_shown_attempt(attempt) for attempt in attempts],
    )


def _shown_attempt(it: ListedAttempt) -> ShownAttempt:
    code = None if it.code is None else AttemptCode(it.code)
    return ShownAttempt(it.attempt, instant_of(it.at), it.milliseconds, it.status, code, it.excerpt)


_EXAMPLE: dict[str, Any] = {
    "sequence": 1,
    "address": None,
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

DELIVERY_ENDPOINTS = (
    Endpoint(
        route=f"POST {ENDPOINT_PATH}/{{id}}/test",
        name="testEndpoint",
        summary="Send a test message",
        description=(
            "An `endpoint.test` is sent once, ahead of what waits; its delivery shows the result. "
            f"A key sends up to {MOST_MESSAGES_PER_MINUTE} tests and resends a minute. "
            f"{OWN_ENDPOINTS}"
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
        tag=ENDPOINT_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"GET {ENDPOINT_PATH}/{{id}}/deliveries",
        name="listDeliveries",
        summary="List the deliveries of an endpoint",
        description=f"What was sent, the newest first, with each attempt. {OWN_ENDPOINTS}",
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(deliveries=list[ShownDelivery], next_cursor=str | None),
            {"success": True, "deliveries": [_EXAMPLE], "next_cursor": None},
        ),
        read=list_deliveries,
        errors=(NotFound,),
        tag=ENDPOINT_TAG,
        tells_usage=False,
    ),
)
