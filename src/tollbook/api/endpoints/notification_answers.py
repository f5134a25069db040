"""Notifications as answers and as rows of files."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

import msgspec

from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.domain.deliveries import DeliveryStatus
from tollbook.domain.endpoints import EndpointKind
from tollbook.domain.events import instant_of
from tollbook.domain.notifications import NotificationType
from tollbook.store.database import Snapshot
from tollbook.store.directory import owners_of_numbers
from tollbook.store.engine import Row
from tollbook.store.notification_list import (
    ListedDelivery,
    ListedNotification,
    deliveries_of,
)

COLUMNS = (
    Column("id", ColumnKind.TEXT),
    Column("type", ColumnKind.TEXT),
    Column("timestamp", ColumnKind.INSTANT),
    Column("organization_id", ColumnKind.TEXT),
    Column("user_id", ColumnKind.TEXT),
    Column("trigger_id", ColumnKind.TEXT),
    Column("data", ColumnKind.OBJECT),
    Column("delivered", ColumnKind.COUNT),
    Column("pending", ColumnKind.COUNT),
    Column("deliveries", ColumnKind.OBJECT),
)
"""The fields of `ShownNotification`."""


class DeliveryState(msgspec.Struct, frozen=True):
    """What became of a notification at an endpoint.

    `name` and `kind` are null when the endpoint was removed.
    """

    endpoint_id: str
    name: str | None
    kind: EndpointKind | None
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
        name=it.name,
        kind=None if it.kind is None else EndpointKind(it.kind),
        status=DeliveryStatus(it.status),
        attempts=it.attempts,
        last_status=it.last_status,
        next_attempt_at=instant_of(it.next_attempt_at) if waits else None,
        delivered_at=None if it.delivered_at is None else instant_of(it.delivered_at),
    )


def notifications_table(
    snapshot: Snapshot,
    tenant: str,
    chunks: Iterable[list[ListedNotification]],
    *,
    may_see_endpoints: bool,
) -> Table:
    """Return notifications as a table, with the fields of `ShownNotification`."""
    shown = (
        zip(
            chunk,
            shown_notifications(snapshot, tenant, chunk, may_see_endpoints=may_see_endpoints),
            strict=True,
        )
        for chunk in chunks
    )
    return Table(COLUMNS, (_row(stored, it) for pairs in shown for stored, it in pairs))


def _row(stored: ListedNotification, it: ShownNotification) -> Row:
    subject = it.organization_id, it.user_id, it.trigger_id
    deliveries = None if it.deliveries is None else msgspec.json.encode(it.deliveries).decode()
    return (
        it.id,
        it.type.value,
        stored.at,
        *subject,
        stored.data,
        it.delivered,
        it.pending,
        deliveries,
    )
