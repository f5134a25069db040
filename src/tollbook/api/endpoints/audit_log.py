"""GET /v1/audit-log: who did what to what, with which key, from where; by page or as a file."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from starlette.responses import Response

from tollbook.analytics import tables
from tollbook.analytics.tables import Column, Table
from tollbook.api.endpoints.analytics.pages import NEXT_CURSOR
from tollbook.api.endpoints.format_parameter import FORMAT, format_of
from tollbook.api.formats.choice import WRITERS, Format, attachment, content_type
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint, Parameter, ParameterKind
from tollbook.api.openapi.examples import ACT
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import organization_of, require_organization_key
from tollbook.api.pipeline.cursors import read_place, written
from tollbook.api.pipeline.responses import json_response
from tollbook.api.pipeline.streams import Streamed
from tollbook.domain.errors import FormatNotInstalled, InvalidRequest, NotFound
from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.keys import Permission
from tollbook.store import audit
from tollbook.store.audit import Act, AuditFilter, act_of
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row

COLUMNS = (
    Column("at", tables.ColumnKind.INSTANT),
    Column("key_prefix", tables.ColumnKind.TEXT),
    Column("address", tables.ColumnKind.TEXT),
    Column("action", tables.ColumnKind.TEXT),
    Column("object", tables.ColumnKind.TEXT),
    Column("organization_id", tables.ColumnKind.TEXT),
    Column("details", tables.ColumnKind.OBJECT),
)
_USUAL_LIMIT = 100


class ShownAct(msgspec.Struct):
    """An act: when, by which key (`cli` for the command line), from where, what, and to what."""

    at: datetime
    key_prefix: str
    address: str | None
    action: str
    object: str
    organization_id: str | None
    details: dict[str, Any]


def list_acts(call: ApiRequest, snapshot: Snapshot) -> Response:
    """List acts, the newest first, a page at a time; all of them, where a format asks for a file.

    A file is written from a snapshot of its own, by what the key may see in this one.
    """
    require_organization_key(call.key, "see the audit log")
    query, chosen, of = call.query, format_of(call), _filter(call, snapshot)
    services, tenant = call.services, call.tenant
    if chosen is Format.JSON:
        page, following = _page(call, snapshot, of)
        acts = [shown_act(act_of(it)) for it in page]
        return json_response({"success": True, "acts": acts, "next_cursor": following})
    headers = _attachment(call, chosen)
    if query["cursor"] is None and query["limit"] is None:
        return Streamed(
            services.database,
            services.exporting,
            lambda opened: WRITERS[chosen](acts_table(audit.all_acts(opened, tenant, of))),
            headers,
            content_type(chosen),
        )
    page, following = _page(call, snapshot, of)
    headers |= {NEXT_CURSOR: following} if following else {}
    content = b"".join(WRITERS[chosen](acts_table(page)))
    return Response(content, 200, headers, content_type(chosen))


def acts_table(rows: Iterable[Row]) -> Table:
    """Give acts as a table: what `shown_act` shows of them."""
    return Table(COLUMNS, map(_line, rows))


def _line(row: Row) -> Row:
    at, _, key_prefix, action, what, organization_id, address, details = row
    told = "" if details == "{}" else details
    return at, key_prefix, address, action, what, organization_id, told


def _page(call: ApiRequest, snapshot: Snapshot, of: AuditFilter) -> tuple[list[Row], str | None]:
    """Give a page, and the cursor of the next one when there is one."""
    cursor, limit = call.query["cursor"], call.query["limit"] or _USUAL_LIMIT
    before = audit.NEWEST if cursor is None else read_place(cursor)
    found = audit.rows(snapshot, call.tenant, of, before, limit + 1)
    page = found[:limit]
    return page, written(page[-1][:2]) if len(found) > limit else None


def _attachment(call: ApiRequest, chosen: Format) -> dict[str, str]:
    """Name the file after whose acts are in it, and the days where they were said."""
    query = call.query
    whose = query["organization_id"] or call.key.scope.organization_id or call.tenant
    days = (it for it in (query["start_date"], query["end_date"]) if it)
    return attachment(chosen, "audit-log", whose, *days)


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


def _filter(call: ApiRequest, snapshot: Snapshot) -> AuditFilter:
    """Choose acts; a key of an organization sees those about it and no others."""
    query = call.query
    identity = query["organization_id"] or call.key.scope.organization_id
    number = organization_of(snapshot, call.key, identity).number if identity else None
    span = span_of(query["start_date"], query["end_date"])
    return AuditFilter(number, query["action"], query["key"], *span)


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
        "sees the acts that are about it alone. `format=csv`, `ndjson` or `parquet` without "
        f"`limit` sends all acts; with it a page, whose cursor is in `{NEXT_CURSOR}`."
    ),
    permission=Permission.ADMIN,
    parameters=(
        Parameter("organization_id", "Only acts about this organization.", example="org_abc123"),
        Parameter("action", "Only acts of this kind.", example="key.create"),
        Parameter("key", "Only acts by the key with this prefix.", example="tb_0123456789ab"),
        Parameter("start_date", "First day, in UTC.", ParameterKind.DATE, example="2024-01-01"),
        Parameter("end_date", "Last day, in UTC.", ParameterKind.DATE, example="2024-01-31"),
        Parameter(
            "limit",
            f"How many acts at most; {_USUAL_LIMIT} unless said.",
            ParameterKind.INTEGER,
            example=100,
        ),
        Parameter("cursor", "Where to go on: the `next_cursor` of the page before.", longest=4_000),
        FORMAT,
    ),
    answers={
        200: Body(
            answer_schema(acts=list[ShownAct], next_cursor=str | None),
            {"success": True, "acts": [ACT], "next_cursor": None},
            links=leads("getOrganization", organization_id="/acts/0/organization_id"),
        )
    },
    read=list_acts,
    errors=(InvalidRequest, NotFound, FormatNotInstalled),
    tag="Audit log",
)
