"""What was notified, and whether it arrived: /v1/notifications."""

from functools import partial
from typing import Annotated, Any

from anyio.to_thread import run_sync
from msgspec import Meta
from starlette.responses import Response

from tollbook.administration import endpoints as administration
from tollbook.administration.endpoints import Resend
from tollbook.api.endpoints.analytics.queries import (
    NEXT_CURSOR,
    EscapeFormulas,
    FormatName,
    OrganizationId,
    UserId,
)
from tollbook.api.endpoints.endpoint_answers import find_visible
from tollbook.api.endpoints.endpoint_deliveries import require_message_rate
from tollbook.api.endpoints.formats import resolve_format
from tollbook.api.endpoints.notification_answers import (
    ShownNotification,
    notifications_table,
    shown_notifications,
)
from tollbook.api.formats.choice import (
    ERROR_WRITERS,
    Format,
    attachment,
    content_type,
    table_writer,
)
from tollbook.api.openapi.endpoint import ApiRequest, AsyncRequest, Body, Endpoint
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import Instant, Text, about, text, whole_number
from tollbook.api.openapi.parameters import Path, Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import organization_of, owner_of, visible_user
from tollbook.api.pipeline.cursors import read_place, write_cursor
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.request_body import MOST_OTHER_BYTES, read_bounded
from tollbook.api.pipeline.responses import json_response
from tollbook.api.pipeline.streams import ExportFile, Streamed
from tollbook.domain.deliveries import DeliveryStatus
from tollbook.domain.endpoint_errors import EndpointDisabled
from tollbook.domain.errors import NotFound
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.limit_errors import ExportExpired, RateLimited, TooManyExports
from tollbook.domain.notifications import NotificationType
from tollbook.store.database import Snapshot
from tollbook.store.notification_list import (
    NEWEST,
    ListedNotification,
    NotificationFilter,
    all_notifications,
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
    start: Annotated[
        Instant | None, about("Only those from then on, by `timestamp`.", "2024-01-15T00:00:00Z")
    ] = None
    end: Annotated[Instant | None, about("Only those before then.", "2024-01-16T00:00:00Z")] = None
    limit: Annotated[
        int | None,
        whole_number(),
        about(f"The most notifications; {_USUAL_LIMIT} by default.", _USUAL_LIMIT),
    ] = None
    cursor: Annotated[str | None, text(4_000), about("The `next_cursor` of the page before.")] = (
        None
    )
    format: FormatName = None
    escape_formulas: EscapeFormulas = True


class NotificationPath(Path, frozen=True, kw_only=True):
    """The path of a notification."""

    id: Annotated[str, Meta(max_length=40, examples=["ntf_abcdefghijklmnopqrstuvwxyz"])]


def list_notifications(request: ApiRequest[NotificationsQuery], snapshot: Snapshot) -> Response:
    """List what was notified, the newest first: a page, or all of it in a file.

    A file is written from a snapshot of its own, by what the key may see in this one.
    """
    key, query = request.key, request.query
    chosen, only = resolve_format(request, query.format), _filter(snapshot, key, query)
    if chosen is not Format.JSON:
        return _file(request, snapshot, chosen, only)
    page, following = _page(request, snapshot, only)
    shown = shown_notifications(snapshot, request.tenant, page, may_see_endpoints=_is_admin(key))
    return json_response({"success": True, "notifications": shown, "next_cursor": following})


def _page(
    request: ApiRequest[NotificationsQuery], snapshot: Snapshot, only: NotificationFilter
) -> tuple[list[ListedNotification], str | None]:
    """Return a page, and the cursor of the next one when there is one."""
    cursor, limit = request.query.cursor, request.query.limit or _USUAL_LIMIT
    before = NEWEST if cursor is None else read_place(cursor)[0]
    rows = stored_notifications(snapshot, request.tenant, only, before, limit + 1)
    page = rows[:limit]
    return page, write_cursor((page[-1].number, "")) if len(rows) > limit else None


def _file(
    request: ApiRequest[NotificationsQuery],
    snapshot: Snapshot,
    chosen: Format,
    only: NotificationFilter,
) -> Response:
    query, services, tenant = request.query, request.services, request.tenant
    headers = attachment(chosen, "notifications", query.organization_id or tenant)
    write = table_writer(chosen, escape_formulas=query.escape_formulas)
    table = partial(notifications_table, may_see_endpoints=_is_admin(request.key))
    if query.cursor is None and query.limit is None:
        return Streamed(
            services.database,
            services.exports,
            owner_of(request.key, request.headers),
            ExportFile(
                lambda opened: write(
                    table(opened, tenant, all_notifications(opened, tenant, only))
                ),
                ERROR_WRITERS[chosen],
                content_type(chosen),
            ),
            headers,
        )
    page, following = _page(request, snapshot, only)
    headers |= {NEXT_CURSOR: following} if following else {}
    content = b"".join(write(table(snapshot, tenant, [page])))
    return Response(content, 200, headers, content_type(chosen))


def _filter(snapshot: Snapshot, key: ApiKey, query: NotificationsQuery) -> NotificationFilter:
    """Return which notifications are asked for, within the scope of the key."""
    scope = key.scope
    identity = query.organization_id or scope.organization_id
    number = organization_of(snapshot, key, identity).number if identity else None
    return NotificationFilter(
        organization=number,
        user=visible_user(key, query.user_id),
        type=query.type,
        trigger=query.trigger_id,
        status=query.status,
        start=query.start,
        end=query.end,
        meters=key.limits.meters or None,
        only_own=int(scope.organization_id is not None),
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
            "name": "Billing",
            "kind": "webhook",
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
            "concerns it, a key of a user what concerns the user, and a key that is limited to "
            "meters what is about one of them. `format=csv`, `ndjson` or `parquet` without `limit` "
            f"sends all notifications; with it a page, whose cursor is in `{NEXT_CURSOR}`."
        ),
        permission=Permission.READ_ANALYTICS,
        answers=Body(
            answer_schema(notifications=list[ShownNotification], next_cursor=str | None),
            {"success": True, "notifications": [_EXAMPLE], "next_cursor": None},
            links=leads("resendNotification", id="/notifications/0/id"),
        ),
        read=list_notifications,
        errors=(NotFound, TooManyExports, ExportExpired),
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
