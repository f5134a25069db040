"""What was notified, and whether it arrived: /v1/notifications."""

from datetime import datetime
from typing import Annotated, Any, cast

import msgspec
from anyio.to_thread import run_sync
from msgspec import Meta
from starlette.responses import Response

from tollbook.administration import endpoints as administration
from tollbook.administration.endpoints import Resend
from tollbook.api.endpoints.analytics.queries import OrganizationId, UserId
from tollbook.api.endpoints.endpoint_answers import find_visible
from tollbook.api.endpoints.endpoint_deliveries import require_message_rate
from tollbook.api.openapi.endpoint import ApiRequest, AsyncRequest, Body, Endpoint
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import Text, about, text, whole_number
from tollbook.api.openapi.parameters import Path, Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import organization_of
from tollbook.api.pipeline.cursors import read_place, write_cursor
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.request_body import MOST_OTHER_BYTES, read_bounded
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.deliveries import DeliveryStatus
from tollbook.domain.endpoint_errors import EndpointDisabled
from tollbook.domain.errors import NotFound, PermissionMissing
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.limit_errors import RateLimited
from tollbook.domain.notifications import NotificationType
from tollbook.store.database import Snapshot
from tollbook.store.directory import owners_of_numbers
from tollbook.store.notification_list import (
    NEWEST,
    ListedDelivery,
    ListedNotification,
    NotificationFilter,
    deliveries_of,
)
from tollbook.store.notification_list import list_notifications as stored_notifications

_USUAL_LIMIT = 100


class NotificationsQuery(Query, frozen=True, kw_only=True):
    """The query of notifications."""

    organization_id: Annotated[
        OrganizationId | None, about("Only those about this organization.")
    ] = None
    user_id: Annotated[UserId | None, about("Only those about this user.")] = None
    type: Annotated[NotificationType | None, about("Only those of this type.")] = None
    trigger_id: Annotated[Text | None, about("Only those of this trigger.", "trg_1")] = None
    status: Annotated[
        DeliveryStatus | None, about("Only those with a delivery in this status.")
    ] = None
    limit: Annotated[
        int | None,
        whole_number(),
        about(f"The most notifications; {_USUAL_LIMIT} by default.", _USUAL_LIMIT),
    ] = None
    cursor: Annotated[str | None, text(4_000), about("The `next_cursor` of the page before.")] = (
        None
    )


class NotificationPath(Path, frozen=True, kw_only=True):
    """The path of a notification."""

    id: Annotated[str, Meta(max_length=40, examples=["ntf_abcdefghijklmnopqrstuvwxyz"])]


class DeliveryState(msgspec.Struct, frozen=True):
    """What became of a notification at an endpoint."""

    endpoint_id: str
    status: DeliveryStatus
    attempts: int
    last_status: int | None
    next_attempt_at: datetime | None
    delivered_at: datetime | None


class ShownNotification(msgspec.Struct, frozen=True):
    """What happened. `deliveries` is null for keys that may not see endpoints."""

    id: str
    type: NotificationType
    timestamp: datetime
    organization_id: str | None
    user_id: str | None
    trigger_id: str | None
    data: dict[str, Any]
    delivered: int
    pending: int
    deliveries: list[DeliveryState] | None


def list_notifications(request: ApiRequest[NotificationsQuery], snapshot: Snapshot) -> Response:
    """List what was notified, the newest first."""
    key, query = request.key, request.query
    if key.limits.meters:
        raise PermissionMissing("a key limited to meters may not list notifications")
    before = NEWEST if query.cursor is None else read_place(query.cursor)[0]
    limit = query.limit or _USUAL_LIMIT
    only = _filter(snapshot, key, query)
    rows = stored_notifications(snapshot, request.tenant, only, before, limit + 1)
    page = rows[:limit]
    shown = shown_notifications(snapshot, request.tenant, page, may_see_endpoints=_is_admin(key))
    following = write_cursor((page[-1].number, "")) if len(rows) > limit else None
    return json_response({"success": True, "notifications": shown, "next_cursor": following})


def _filter(snapshot: Snapshot, key: ApiKey, query: NotificationsQuery) -> NotificationFilter:
    """Return which notifications are asked for, within the scope of the key."""
    scope = key.scope
    identity = query.organization_id or scope.organization_id
    number = organization_of(snapshot, key, identity).number if identity else None
    if scope.user_id is not None and query.user_id not in (None, scope.user_id):
        raise NotFound("User not found")
    return NotificationFilter(
        organization=number,
        user=scope.user_id or query.user_id,
        type=query.type,
        trigger=query.trigger_id,
        status=query.status,
        only_own=int(scope.organization_id is not None),
    )


def shown_notifications(
    snapshot: Snapshot, tenant: str, page: list[ListedNotification], *, may_see_endpoints: bool
) -> list[ShownNotification]:
    """Return notifications for an answer."""
    numbers = {it.organization for it in page if it.organization is not None}
    owners = owners_of_numbers(snapshot, numbers) if numbers else {}
    found = deliveries_of(snapshot, tenant, [it.number for it in page])
    return [
        ShownNotification(
            id=it.id,
            type=NotificationType(it.type),
            timestamp=instant_of(it.at),
            organization_id=None if it.organization is None else owners[it.organization][1],
            user_id=it.user_id,
            trigger_id=it.trigger_id,
            data=cast("dict[str, Any]", msgspec.Raw(it.data.encode())),
            delivered=_count(found[it.number], DeliveryStatus.DELIVERED),
            pending=_count(found[it.number], DeliveryStatus.PENDING),
            deliveries=list(map(_state, found[it.number])) if may_see_endpoints else None,
        )
        for it in page
    ]


def _count(found: list[ListedDelivery], status: DeliveryStatus) -> int:
    return sum(it.status == status for it in found)


def _state(it: ListedDelivery) -> DeliveryState:
    waits = it.status == DeliveryStatus.PENDING
    return DeliveryState(
        endpoint_id=it.endpoint_id,
        status=DeliveryStatus(it.status),
        attempts=it.attempts,
        last_status=it.last_status,
        next_attempt_at=instant_of(it.next_attempt_at) if waits else None,
        delivered_at=None if it.delivered_at is None else instant_of(it.delivered_at),
    )


def _is_admin(key: ApiKey) -> bool:
    """Return whether a key may see all endpoints of its notifications.

    A notification of an organization may also go to endpoints of the tenant.
    """
    return key.may(Permission.ADMIN) and key.scope.organization_id is None


async def post_resend(request: AsyncRequest[Query, NotificationPath]) -> Response:
    """Send a notification again."""
    require_message_rate(request.services, request.admission.key)
    body = await read_bounded(request.http, MOST_OTHER_BYTES)
    return await run_sync(_resend, request, body)


def _resend(request: AsyncRequest[Query, NotificationPath], body: bytes) -> Response:
    with request.services.database.writing() as transaction:
        key = request.authenticate(transaction)
        request.read_query()
        endpoint = find_visible(transaction, key, read_body(body, Resend).endpoint_id)
        administration.resend(transaction, request.actor(key), endpoint, request.path.id)
    return json_response({"success": True, "notification_id": request.path.id}, 202)


_EXAMPLE: dict[str, Any] = {
    "id": "ntf_abcdefghijklmnopqrstuvwxyz",
    "type": "rerating.done",
    "timestamp": "2024-02-01T09:00:00Z",
    "organization_id": None,
    "user_id": None,
    "trigger_id": None,
    "data": {"run": 3, "events": 900, "changed": 41, "reason": None},
    "delivered": 1,
    "pending": 0,
    "deliveries": [
        {
            "endpoint_id": "end_0123456789abcdef0123456789",
            "status": "delivered",
            "attempts": 1,
            "last_status": 204,
            "next_attempt_at": None,
            "delivered_at": "2024-02-01T09:00:01Z",
        }
    ],
}
_PATH = "/v1/notifications"
_TAG = "Notifications"

NOTIFICATION_ENDPOINTS = (
    Endpoint(
        route=f"GET {_PATH}",
        name="listNotifications",
        summary="List notifications",
        description=(
            "What was notified, the newest first, and how many endpoints have received it. An "
            "admin key of the tenant also sees each endpoint. A key of an organization sees what "
            "concerns it, a key of a user what concerns the user."
        ),
        permission=Permission.READ_ANALYTICS,
        answers=Body(
            answer_schema(notifications=list[ShownNotification], next_cursor=str | None),
            {"success": True, "notifications": [_EXAMPLE], "next_cursor": None},
            links=leads("resendNotification", id="/notifications/0/id"),
        ),
        read=list_notifications,
        errors=(NotFound,),
        tag=_TAG,
        tells_usage=False,
    ),
    Endpoint(
        route=f"POST {_PATH}/{{id}}/resend",
        name="resendNotification",
        summary="Send a notification again",
        description=(
            "The notification is sent to one endpoint at once, out of order, with the id and "
            "sequence it had. Written to the audit log."
        ),
        permission=Permission.ADMIN,
        request=Body(Resend, {"endpoint_id": "end_0123456789abcdef0123456789"}),
        answers={
            202: Body(
                answer_schema(notification_id=str),
                {"success": True, "notification_id": "ntf_abcdefghijklmnopqrstuvwxyz"},
            )
        },
        handle=post_resend,
        errors=(NotFound, EndpointDisabled, RateLimited),
        tag=_TAG,
        tells_usage=False,
    ),
)
