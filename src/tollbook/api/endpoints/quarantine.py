"""Quarantined events, which wait for a price or an organization: list, replay."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from anyio.to_thread import run_sync
from starlette.responses import Response

from tollbook.api.endpoints.analytics.queries import OrganizationId
from tollbook.api.openapi.endpoint import ApiRequest, AsyncRequest, Body, Endpoint
from tollbook.api.openapi.examples import QUARANTINED
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import Text, about, some_of, text, whole_number
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import (
    organization_of,
    require_organization_key,
)
from tollbook.api.pipeline.cursors import read_place, write_cursor
from tollbook.api.pipeline.responses import json_response
from tollbook.domain.errors import NotFound
from tollbook.domain.events import instant_of
from tollbook.domain.keys import ApiKey, Permission
from tollbook.ingest.quarantine import replay
from tollbook.store import directory, quarantine
from tollbook.store.database import Snapshot
from tollbook.store.quarantine import Quarantined


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


class ReplayQuery(Query, frozen=True, kw_only=True):
    """The query of a replay."""

    organization_id: Annotated[OrganizationId | None, about("Only this organization's events.")] = (
        None
    )


class QuarantineQuery(ReplayQuery, frozen=True, kw_only=True):
    """The query of a list of quarantined events."""

    code: Annotated[Text | None, about("Only events with this reason.", "no_price")] = None
    include: Annotated[
        tuple[str, ...],
        some_of(("causes",)),
        about(
            "What to add: `causes`, the number of events by `code`, most frequent first, each with "
            "an example. `code`, `limit` and `cursor` do not change them.",
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
    number = _number(snapshot, call.key, query.organization_id)
    after = quarantine.FROM_THE_START if query.cursor is None else read_place(query.cursor)
    found = quarantine.waiting(snapshot, tenant, number, after, query.limit + 1, query.code)
    page = found[: query.limit]
    more = len(found) > query.limit
    report = QuarantineReport(
        success=True,
        quarantine=[quarantined_event(it) for it in page],
        next_cursor=write_cursor((page[-1].number, page[-1].id)) if more else None,
    )
    if "causes" in query.include:
        report.causes = quarantine_causes(snapshot, tenant, number)
    return json_response(report)


async def replay_quarantine(request: AsyncRequest[ReplayQuery]) -> Response:
    """Charge quarantined events again; those that now have a price enter the ledger."""
    services = request.services

    def work() -> Response:
        with services.database.reading() as snapshot:
            key = request.authenticate(snapshot)
            number = _number(snapshot, key, request.read_query().organization_id)
        by = request.actor(key)
        result = replay(services.database, services.directory_cache, by, number)
        return json_response({"success": True, **msgspec.structs.asdict(result)})

    return await run_sync(work)


def _number(snapshot: Snapshot, key: ApiKey, identity: str | None) -> int | None:
    """Return the number of the named organization, which may be one that only events have named."""
    require_organization_key(key, "read or replay quarantined events")
    bound = key.scope.organization_id
    if identity is None and bound is None:
        return None
    if bound is not None:
        return organization_of(snapshot, key, identity or bound).number
    found = directory.find_organization(snapshot, key.scope.tenant_id, identity or "")
    if found is None:
        raise NotFound("Organization not found")
    return found.number


def quarantined_event(stored: Quarantined) -> QuarantinedEvent:
    """Return an event as it was sent, without absent fields."""
    event = msgspec.json.decode(stored.event, type=dict[str, msgspec.Raw])
    return QuarantinedEvent(
        organization_id=stored.organization_id,
        id=stored.id,
        code=stored.code,
        reason=stored.reason,
        received_at=instant_of(stored.received_at),
        event={name: value for name, value in event.items() if bytes(value) != b"null"},
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
            | leads("replayQuarantine", organization_id="/quarantine/0/organization_id"),
        ),
        read=list_quarantine,
        tag="Quarantine",
    ),
    Endpoint(
        route="POST /v1/quarantine/replay",
        name="replayQuarantine",
        summary="Replay quarantined events",
        description=(
            "Processes every quarantined event again. Once the organization is created or a"
            " price book is loaded, its events enter the ledger on the day on which they "
            "happened."
        ),
        permission=Permission.ADMIN,
        answers=Body(
            answer_schema(released=int, remaining=int),
            {"success": True, "released": 12, "remaining": 0},
        ),
        handle=replay_quarantine,
        tag="Quarantine",
    ),
)
