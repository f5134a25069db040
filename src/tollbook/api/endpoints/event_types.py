"""The types of CloudEvents that are mapped to meters: /v1/event-types."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tollbook.administration.event_types import (
    EventTypeRow,
    NewEventType,
    find_event_type,
    remove_event_type,
    set_event_type,
)
from tollbook.administration.event_types import list_event_types as all_event_types
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameters import Path, Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import require_tenant_key
from tollbook.api.pipeline.json_body import read_body
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.errors import NotFound
from tollbook.domain.event_type_errors import NameTaken, TooManyEventTypes, TypeMapped
from tollbook.domain.event_types import LONGEST_TYPE
from tollbook.domain.events import instant_of
from tollbook.domain.keys import Permission
from tollbook.store.database import Snapshot, Transaction


class EventTypePath(Path, frozen=True, kw_only=True):
    """The path of a mapped type, escaped as a whole."""

    type: Annotated[
        str, Meta(min_length=1, max_length=LONGEST_TYPE, examples=["com.example.call.ended"])
    ]


class EventType(msgspec.Struct, frozen=True):
    """A type of CloudEvents, and the meter that it is mapped to."""

    type: str
    meter: str
    created_at: datetime


def list_event_types(request: ApiRequest, snapshot: Snapshot) -> Response:
    """List the mapped types of the tenant."""
    _require(request)
    found = all_event_types(snapshot, request.tenant)
    return json_response({"success": True, "event_types": [event_type_answer(it) for it in found]})


def get_event_type(request: ApiRequest[Query, EventTypePath], snapshot: Snapshot) -> Response:
    """Show a mapped type."""
    _require(request)
    return _one(find_event_type(snapshot, request.tenant, request.path.type))


def put_event_type(request: ApiRequest[Query, EventTypePath], transaction: Transaction) -> Response:
    """Map a type to a meter."""
    _require(request)
    new = read_body(request.body, NewEventType)
    return _one(set_event_type(transaction, request.actor, request.path.type, new.meter))


def delete_event_type(
    request: ApiRequest[Query, EventTypePath], transaction: Transaction
) -> Response:
    """Remove the mapping of a type."""
    _require(request)
    return _one(remove_event_type(transaction, request.actor, request.path.type))


def event_type_answer(it: EventTypeRow) -> EventType:
    """Return a mapped type for an answer."""
    return EventType(it.name, it.meter, instant_of(it.created_at))


def _require(request: ApiRequest[Any, Any]) -> None:
    require_tenant_key(request.key, "map types of events")


def _one(it: EventTypeRow) -> Response:
    return json_response({"success": True, "event_type": event_type_answer(it)})


_EXAMPLE: dict[str, Any] = {
    "type": "com.example.call.ended",
    "meter": "voice.call",
    "created_at": "2024-02-01T09:00:00Z",
}
_ONE = Body(
    answer_schema(event_type=EventType),
    {"success": True, "event_type": _EXAMPLE},
    links=leads("getEventType", "setEventType", "removeEventType", type="/event_type/type"),
)
_PATH = "/v1/event-types"
_KEY = "Requires a tenant-wide key."

EVENT_TYPE_ENDPOINTS = (
    Endpoint(
        route=f"GET {_PATH}",
        name="listEventTypes",
        summary="List mapped event types",
        description=f"The types of CloudEvents that are mapped to meters, by name. {_KEY}",
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(event_types=list[EventType]),
            {"success": True, "event_types": [_EXAMPLE]},
            links=leads(
                *("getEventType", "setEventType", "removeEventType"), type="/event_types/0/type"
            ),
        ),
        read=list_event_types,
        tag="Event types",
        tells_usage=False,
    ),
    Endpoint(
        route=f"GET {_PATH}/{{type}}",
        name="getEventType",
        summary="Show a mapped event type",
        description=f"The meter that a type of CloudEvents is mapped to. {_KEY}",
        permission=Permission.ADMIN,
        answers=_ONE,
        read=get_event_type,
        errors=(NotFound,),
        tag="Event types",
        tells_usage=False,
    ),
    Endpoint(
        route=f"PUT {_PATH}/{{type}}",
        name="setEventType",
        summary="Map an event type to a meter",
        description=(
            "CloudEvents of this type are events of the meter from now on. A type that is mapped "
            "to another meter is refused until it is removed, because an event that is sent again "
            f"would be in conflict. Written to the audit log. {_KEY}"
        ),
        permission=Permission.ADMIN,
        request=Body(NewEventType, {"meter": "voice.call"}),
        answers=_ONE,
        write=put_event_type,
        errors=(NameTaken, TypeMapped, TooManyEventTypes),
        tag="Event types",
        tells_usage=False,
    ),
    Endpoint(
        route=f"DELETE {_PATH}/{{type}}",
        name="removeEventType",
        summary="Remove the mapping of an event type",
        description=f"CloudEvents of this type are rejected from now on. {_KEY}",
        permission=Permission.ADMIN,
        answers=_ONE,
        write=delete_event_type,
        errors=(NotFound,),
        tag="Event types",
        tells_usage=False,
    ),
)
