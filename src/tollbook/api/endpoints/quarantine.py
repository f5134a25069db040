"""Quarantined events, which wait for a price or an organization: list them, discard one."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, NamedTuple

import msgspec
from starlette.responses import Response

from tollbook.api.endpoints.amounts import AmountsQuery
from tollbook.api.endpoints.analytics.queries import OrganizationId
from tollbook.api.endpoints.explanations import EventPath
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples import QUARANTINED
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import (
    Moment,
    Text,
    about,
    one_of,
    some_of,
    text,
    whole_number,
)
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import (
    organization_of,
    require_organization_key,
    require_tenant_key,
)
from tollbook.api.pipeline.cursors import read_place, write_cursor
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.directory import id_problem
from tollbook.domain.errors import NotFound, Problem, refuse
from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.exact import AMOUNTS_AS_STRINGS, amount_json
from tollbook.domain.keys import ApiKey, Permission
from tollbook.domain.meters import BY_TYPE, CATALOG
from tollbook.domain.quarantine import Selection
from tollbook.quarantine.discard import discard_event
from tollbook.store import directory, quarantine
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.directory import OrganizationRow
from tollbook.store.quarantine import Quarantined

_DAY = 24 * 3600 * 1_000_000
_MOMENTS = "an RFC 3339 time such as 2024-01-15T10:30:00Z, or YYYY-MM-DD in UTC"


class QuarantinedEvent(msgspec.Struct):
    """A quarantined event as it was sent, with the reason."""

    organization_id: str
    id: str
    code: str
    reason: str
    received_at: datetime
    event: dict[str, Any]


class QuarantineCause(msgspec.Struct):
    """The events that are quarantined for one reason: how many, and the first of them."""

    code: str
    events: int
    example: QuarantinedEvent


class QuarantineReport(msgspec.Struct):
    """A page of quarantined events, and their causes if they were requested."""

    success: bool
    quarantine: list[QuarantinedEvent]
    next_cursor: str | None
    causes: list[QuarantineCause] | msgspec.UnsetType = msgspec.UNSET


class SelectionQuery(AmountsQuery, frozen=True, kw_only=True):
    """The parameters that select quarantined events."""

    organization_id: Annotated[OrganizationId | None, about("Only this organization's events.")] = (
        None
    )
    code: Annotated[Text | None, about("Only events with this reason.", "no_price")] = None
    type: Annotated[
        str | None,
        one_of(meter.type for meter in CATALOG),
        about("Only events of this type.", "voice.call"),
    ] = None
    start_date: Annotated[
        Moment | None,
        about(f"Only events from then on, by their own time: {_MOMENTS}.", "2024-01-01"),
    ] = None
    end_date: Annotated[
        Moment | None,
        about(
            f"Only events until then: {_MOMENTS}. An instant is excluded, a day is included.",
            "2024-01-31",
        ),
    ] = None


class QuarantineQuery(SelectionQuery, frozen=True, kw_only=True):
    """The query of a list of quarantined events."""

    include: Annotated[
        tuple[str, ...],
        some_of(("causes",)),
        about(
            "What to add: `causes`, the number of events by `code`, most frequent first, each with "
            "an example. Of the other parameters, only `organization_id` changes them.",
            ["causes"],
        ),
    ] = ()
    limit: Annotated[int, whole_number(), about("Events a page.", 100)] = 100
    cursor: Annotated[
        str | None, text(4_000), about("Where to go on: the `next_cursor` of the page before.")
    ] = None


class Selected(NamedTuple):
    """A selection, and the organization that it names."""

    selection: Selection
    organization: OrganizationRow | None


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
    return json_response(report)


def delete_quarantined_event(
    call: ApiRequest[Query, EventPath], transaction: Transaction
) -> Response:
    """Discard one quarantined event."""
    require_tenant_key(call.key, "discard quarantined events")
    organization = _find_organization(transaction, call.key, call.path.organization_id)
    discard_event(transaction, call.actor, organization, call.path.event_id)
    answer = {"organization_id": organization.id, "id": call.path.event_id}
    return json_response({"success": True, **answer})


def selected(snapshot: Snapshot, key: ApiKey, query: SelectionQuery) -> Selected:
    """Return the selection of a query; a key of an organization selects its own events only."""
    require_organization_key(key, "read or replay quarantined events")
    identity = query.organization_id or key.scope.organization_id
    organization = None if identity is None else _find_organization(snapshot, key, identity)
    return selection_of(organization, query.code, query.type, query.start_date, query.end_date)


def selection_of(
    organization: OrganizationRow | None,
    code: str | None,
    event_type: str | None,
    start: date | int | None,
    end: date | int | None,
) -> Selected:
    """Return a selection; raise `InvalidRequest` when it ends before it starts."""
    first, last = _instant(start), _instant(end)
    if isinstance(end, date) and last is not None:
        last += _DAY
    if first is not None and last is not None and first >= last:
        sentence = "start_date must be before end_date"
        refuse([Problem("start_date", "invalid_period", sentence)])
    selection = Selection(
        organization=organization.number if organization else None,
        code=code,
        meter=None if event_type is None else BY_TYPE[event_type].code,
        start=first,
        end=last,
    )
    return Selected(selection, organization)


def _instant(moment: date | int | None) -> int | None:
    if isinstance(moment, date):
        return microseconds(datetime.combine(moment, time(), UTC))
    return moment


def _find_organization(snapshot: Snapshot, key: ApiKey, identity: str) -> OrganizationRow:
    """Return an organization, which may be one that only events have named."""
    if key.scope.organization_id is not None:
        return organization_of(snapshot, key, identity)
    found = None
    if not id_problem("organization_id", identity):
        found = directory.find_organization(snapshot, key.scope.tenant_id, identity)
    if found is None:
        raise NotFound("Organization not found")
    return found


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
    )


def quarantine_causes(snapshot: Snapshot, tenant: str, number: int | None) -> list[QuarantineCause]:
    """Count the quarantined events of a tenant or an organization by their reason."""
    return [
        QuarantineCause(it.code, it.events, quarantined_event(it.example))
        for it in quarantine.causes(snapshot, tenant, number)
    ]


QUARANTINE_ENDPOINTS = (
    Endpoint(
        route="GET /v1/quarantine",
        name="listQuarantine",
        summary="List quarantined events",
        description=(
            "Events that were stored but not charged, because their organization is unknown"
            " or no price applies, with the reason. `include=causes` adds their number by reason."
        ),
        permission=Permission.ADMIN,
        answers=Body(
            QuarantineReport,
            {
                "success": True,
                "quarantine": [QUARANTINED],
                "next_cursor": None,
                "causes": [{"code": QUARANTINED["code"], "events": 1, "example": QUARANTINED}],
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
