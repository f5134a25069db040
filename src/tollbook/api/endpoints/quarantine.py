"""Quarantined events, which are stored but not charged: list them, discard one."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from tollbook.api.endpoints.explanations import EventPath
from tollbook.api.endpoints.quarantine_selection import (
    SelectionQuery,
    find_organization,
    selected,
)
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_quarantine import QUARANTINED
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import about, some_of, text, whole_number
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import require_tenant_key
from tollbook.api.pipeline.cursors import read_place, write_cursor
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.events import instant_of
from tollbook.domain.exact import AMOUNTS_AS_STRINGS, amount_json
from tollbook.domain.keys import Permission
from tollbook.domain.quarantine import WayOut, ways_out
from tollbook.quarantine.discard import discard_event
from tollbook.store import pending_events, quarantine
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.pending_events import PendingEvents
from tollbook.store.quarantine import Quarantined


class QuarantinedEvent(msgspec.Struct):
    """A quarantined event as it was sent, with the reason and the ways out."""

    organization_id: str
    id: str
    code: str
    reason: str
    received_at: datetime
    event: dict[str, Any]
    ways_out: tuple[WayOut, ...]


class QuarantineCause(msgspec.Struct):
    """The events that are quarantined for one reason: how many, and the first of them."""

    code: str
    events: int
    example: QuarantinedEvent
    ways_out: tuple[WayOut, ...]


class QuarantineReport(msgspec.Struct):
    """A page of quarantined events, and their causes if they were requested."""

    success: bool
    quarantine: list[QuarantinedEvent]
    next_cursor: str | None
    causes: list[QuarantineCause] | msgspec.UnsetType = msgspec.UNSET
    pending: PendingEvents | msgspec.UnsetType = msgspec.UNSET


class QuarantineQuery(SelectionQuery, frozen=True, kw_only=True):
    """The query of a list of quarantined events."""

    include: Annotated[
        tuple[str, ...],
        some_of(("causes", "pending")),
        about(
            "What to add: `causes`, the number of events by `code`, most frequent first, each with "
            "an example and `ways_out`; `pending`, the number of events that wait for their "
            "carrier's price by age. Of the other parameters, only `organization_id` changes them.",
            ["causes"],
        ),
    ] = ()
    limit: Annotated[int, whole_number(), about("Events a page.", 100)] = 100
    cursor: Annotated[
        str | None, text(4_000), about("Where to go on: the `next_cursor` of the page before.")
    ] = None


def list_quarantine(call: ApiRequest[QuarantineQuery], snapshot: Snapshot) -> Response:
    """List quarantined events in a stable order, a page at a time."""
    query, tenant = call.query, call.tenant
    selection = selected(snapshot, call.key, query).selection
    after = quarantine.FROM_THE_START if query.cursor is None else read_place(query.cursor)
    found = quarantine.waiting(snapshot, tenant, selection, after, query.limit + 1)
    page = found[: query.limit]
    more = len(found) > query.limit
    report = QuarantineReport(
        success=True,
        quarantine=[quarantined_event(it) for it in page],
        next_cursor=write_cursor((page[-1].number, page[-1].id)) if more else None,
    )
    if "causes" in query.include:
        report.causes = quarantine_causes(snapshot, tenant, selection.organization)
    if "pending" in query.include:
        now = call.services.clock()
        report.pending = pending_events.count(snapshot, tenant, selection.organization, now)
    return json_response(report)


def delete_quarantined_event(
    call: ApiRequest[Query, EventPath], transaction: Transaction
) -> Response:
    """Discard one quarantined event."""
    require_tenant_key(call.key, "discard quarantined events")
    organization = find_organization(transaction, call.key, call.path.organization_id)
    discard_event(transaction, call.actor, organization, call.path.event_id)
    answer = {"organization_id": organization.id, "id": call.path.event_id}
    return json_response({"success": True, **answer})


def quarantined_event(stored: Quarantined) -> QuarantinedEvent:
    """Return an event as it was sent, without absent fields; its cost is an amount as others."""
    event = msgspec.json.decode(stored.event, type=dict[str, msgspec.Raw])
    event = {name: value for name, value in event.items() if bytes(value) != b"null"}
    if "cost" in event and AMOUNTS_AS_STRINGS.get():
        event["cost"] = amount_json(bytes(event["cost"]).strip(b'"').decode())
    return QuarantinedEvent(
        organization_id=stored.organization_id,
        id=stored.id,
        code=stored.code,
        reason=stored.reason,
        received_at=instant_of(stored.received_at),
        event=event,
        ways_out=ways_out(stored.code),
    )


def quarantine_causes(snapshot: Snapshot, tenant: str, number: int | None) -> list[QuarantineCause]:
    """Count the quarantined events of a tenant or an organization by their reason."""
    return [
        QuarantineCause(it.code, it.events, quarantined_event(it.example), ways_out(it.code))
        for it in quarantine.causes(snapshot, tenant, number)
    ]


QUARANTINE_ENDPOINTS = (
    Endpoint(
        route="GET /v1/quarantine",
        name="listQuarantine",
        summary="List quarantined events",
        description=(
            "Events that were stored but not charged, because their organization is unknown"
            " or no price applies, with the reason and `ways_out`. `include=causes` adds their"
            " number by reason, `include=pending` the number of those that wait for their carrier's"
            " price, by age."
        ),
        permission=Permission.ADMIN,
        answers=Body(
            QuarantineReport,
            {
                "success": True,
                "quarantine": [QUARANTINED],
                "next_cursor": None,
                "causes": [
                    {
                        "code": QUARANTINED["code"],
                        "events": 1,
                        "example": QUARANTINED,
                        "ways_out": QUARANTINED["ways_out"],
                    }
                ],
                "pending": {"under_1_day": 0, "from_1_to_7_days": 0, "over_7_days": 0},
            },
            links=leads(
                "getEvent",
                organization_id="/quarantine/0/organization_id",
                event_id="/quarantine/0/id",
            )
            | leads(
                "discardQuarantinedEvent",
                organization_id="/quarantine/0/organization_id",
                event_id="/quarantine/0/id",
            )
            | leads("replayQuarantine", organization_id="/quarantine/0/organization_id"),
        ),
        read=list_quarantine,
        tag="Quarantine",
    ),
    Endpoint(
        route="DELETE /v1/quarantine/{organization_id}/{event_id}",
        name="discardQuarantinedEvent",
        summary="Discard a quarantined event",
        description=(
            "The event is deleted and never charged. Its id stays taken: the same event sent again "
            "is a `duplicate`, other content a `conflict`. Only an organization that was never "
            "created forgets its ids. Requires a tenant-wide key."
        ),
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(organization_id=str, id=str),
            {"success": True, "organization_id": "org_new", "id": "call-7733"},
        ),
        write=delete_quarantined_event,
        tag="Quarantine",
    ),
)
