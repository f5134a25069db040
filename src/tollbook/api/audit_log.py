"""GET /v1/audit-log: who did what to what, with which key, from where."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
from starlette.responses import Response

from tollbook.api.access import organization_of, require_organization_key
from tollbook.api.cursors import read_place, written
from tollbook.api.endpoint import Body, Call, Endpoint, Kind, Parameter
from tollbook.api.examples import ACT
from tollbook.api.responses import json_response
from tollbook.api.schemas import answer_schema
from tollbook.domain.errors import InvalidRequest, NotFound
from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.keys import Permission
from tollbook.store import audit
from tollbook.store.audit import Act, Filter
from tollbook.store.database import Snapshot


class ShownAct(msgspec.Struct):
    """An act: when, by which key (`cli` for the command line), from where, what, and to what."""

    at: datetime
    key_prefix: str
    address: str | None
    action: str
    object: str
    organization_id: str | None
    details: dict[str, Any]


def list_acts(call: Call, snapshot: Snapshot) -> Response:
    """List acts, the newest first, a page at a time."""
    require_organization_key(call.key, "see the audit log")
    query = call.query
    limit = query["limit"]
    before = audit.NEWEST if query["cursor"] is None else read_place(query["cursor"])
    found = audit.acts(snapshot, call.tenant, _filter(call, snapshot), before, limit + 1)
    page, more = found[:limit], len(found) > limit
    return json_response(
        {
            "success": True,
            "acts": [shown_act(it) for it in page],
            "next_cursor": written((page[-1].at, page[-1].id)) if more else None,
        }
    )


def shown_act(it: Act) -> ShownAct:
    """Show an act without the id that only tells two of an instant apart."""
    return ShownAct(
        instant_of(it.at),
        it.key_prefix,
        it.address,
        it.action,
        it.object,
        it.organization_id,
        it.details,
    )


def span_of(start: date | None, end: date | None) -> tuple[int, int]:
    """Give the instants of days in UTC, both inclusive; without them, all there are."""
    first = audit.ALL.start if start is None else _midnight(start)
    last = audit.ALL.end if end is None else _midnight(end) + 24 * 3600 * 1_000_000
    return first, last


def _filter(call: Call, snapshot: Snapshot) -> Filter:
    """Choose acts; a key of an organization sees those about it and no others."""
    query = call.query
    identity = query["organization_id"] or call.key.scope.organization_id
    number = organization_of(snapshot, call.key, identity).number if identity else None
    span = span_of(query["start_date"], query["end_date"])
    return Filter(number, query["action"], query["key"], *span)


def _midnight(day: date) -> int:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return microseconds(start) if start > _EPOCH else 0


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


GET_AUDIT_LOG = Endpoint(
    method="GET",
    path="/v1/audit-log",
    name="listActs",
    summary="Read the audit log",
    description=(
        "Every administrative act, the newest first. It is written in the transaction of the act, "
        "and nobody can change or remove it, in the database neither. A key of an organization "
        "sees the acts that are about it alone."
    ),
    permission=Permission.ADMIN,
    parameters=(
        Parameter("organization_id", "Only acts about this organization.", example="org_abc123"),
        Parameter("action", "Only acts of this kind.", example="key.create"),
        Parameter("key", "Only acts by the key with this prefix.", example="tb_0123456789ab"),
        Parameter("start_date", "First day, in UTC.", Kind.DATE, example="2024-01-01"),
        Parameter("end_date", "Last day, in UTC.", Kind.DATE, example="2024-01-31"),
        Parameter("limit", "Acts a page.", Kind.INTEGER, example=100, default=100),
        Parameter("cursor", "Where to go on: the `next_cursor` of the page before.", longest=4_000),
    ),
    answers={
        200: Body(
            answer_schema(acts=list[ShownAct], next_cursor=str | None),
            {"success": True, "acts": [ACT], "next_cursor": None},
        )
    },
    read=list_acts,
    errors=(InvalidRequest, NotFound),
    tag="Audit log",
)
