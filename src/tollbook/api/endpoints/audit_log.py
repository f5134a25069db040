"""GET /v1/audit-log: who did what to what, with which key, from where; by page or as a file."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
from starlette.responses import Response

from tollbook.analytics import tables
from tollbook.analytics.tables import Column, Table
from tollbook.api.endpoints.analytics.queries import (
    NEXT_CURSOR,
    EscapeFormulas,
    FormatName,
    OrganizationId,
)
from tollbook.api.endpoints.formats import resolve_format
from tollbook.api.formats.choice import (
    ERROR_WRITERS,
    Format,
    attachment,
    content_type,
    table_writer,
)
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples import ACT
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import Day, Text, about, text, whole_number
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.schemas import answer_schema
from tollbook.api.pipeline.access import organization_of, owner_of, require_organization_key
from tollbook.api.pipeline.cursors import read_place, write_cursor
from tollbook.api.pipeline.responses import json_response
from tollbook.api.pipeline.streams import ExportFile, Streamed
from tollbook.domain.events import instant_of, microseconds
from tollbook.domain.keys import Permission
from tollbook.domain.limit_errors import ExportExpired, TooManyExports
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


class AuditLogQuery(Query, frozen=True, kw_only=True):
    """The query of the audit log."""

    organization_id: Annotated[
        OrganizationId | None, about("Only acts about this organization.")
    ] = None
    action: Annotated[Text | None, about("Only acts of this kind.", "key.create")] = None
    key: Annotated[
        Text | None,
        about("Only acts by the key with this prefix.", "tb_0123456789ab"),
    ] = None
    start_date: Annotated[Day | None, about("First day, in UTC.", "2024-01-01")] = None
    end_date: Annotated[Day | None, about("Last day, in UTC.", "2024-01-31")] = None
    limit: Annotated[
        int | None,
        whole_number(),
        about(
            f"How many acts at most; {_USUAL_LIMIT} unless said.",
            _USUAL_LIMIT,
        ),
    ] = None
    cursor: Annotated[
        str | None,
        text(4_000),
        about("Where to go on: the `next_cursor` of the page before."),
    ] = None
    format: FormatName = None
    escape_formulas: EscapeFormulas = True


def list_acts(request: ApiRequest[AuditLogQuery], snapshot: Snapshot) -> Response:
    """List acts, the newest first: a page, or all of them when a format asks for a file.

    A file is written from a snapshot of its own, by what the key may see in this one.
    """
    require_organization_key(request.key, "see the audit log")
    query, services, tenant = request.query, request.services, request.tenant
    chosen, filters = resolve_format(request, query.format), _filter(request, snapshot)
    if chosen is Format.JSON:
        page, following = _page(request, snapshot, filters)
        acts = [shown_act(act_of(row)) for row in page]
        return json_response({"success": True, "acts": acts, "next_cursor": following})
    headers = _attachment(request, chosen)
    write = table_writer(chosen, escape_formulas=query.escape_formulas)
    if query.cursor is None and query.limit is None:
        return Streamed(
            services.database,
            services.exports,
            owner_of(request.key, request.headers),
            ExportFile(
                lambda opened: write(acts_table(audit.all_acts(opened, tenant, filters))),
                ERROR_WRITERS[chosen],
                content_type(chosen),
            ),
            headers,
        )
    page, following = _page(request, snapshot, filters)
    headers |= {NEXT_CURSOR: following} if following else {}
    content = b"".join(write(acts_table(page)))
    return Response(content, 200, headers, content_type(chosen))


def _filter(request: ApiRequest[AuditLogQuery], snapshot: Snapshot) -> AuditFilter:
    """Return which acts are asked for; a key of an organization sees those about it only."""
    query = request.query
    identity = query.organization_id or request.key.scope.organization_id
    number = organization_of(snapshot, request.key, identity).number if identity else None
    return AuditFilter(number, query.action, query.key, *span_of(query.start_date, query.end_date))


def _page(
    request: ApiRequest[AuditLogQuery], snapshot: Snapshot, filters: AuditFilter
) -> tuple[list[Row], str | None]:
    """Return a page, and the cursor of the next one when there is one."""
    cursor, limit = request.query.cursor, request.query.limit or _USUAL_LIMIT
    before = audit.NEWEST if cursor is None else read_place(cursor)
    found = audit.rows(snapshot, request.tenant, filters, before, limit + 1)
    page = found[:limit]
    return page, write_cursor(page[-1][:2]) if len(found) > limit else None


def _attachment(request: ApiRequest[AuditLogQuery], chosen: Format) -> dict[str, str]:
    """Return the header that names a file after the subject of its acts, and the days asked for."""
    query = request.query
    subject = query.organization_id or request.key.scope.organization_id or request.tenant
    days = (day for day in (query.start_date, query.end_date) if day)
    return attachment(chosen, "audit-log", subject, *days)


def acts_table(rows: Iterable[Row]) -> Table:
    """Return acts as a table, with the fields of `shown_act`."""
    return Table(COLUMNS, map(_line, rows))


def _line(row: Row) -> Row:
    at, _, key_prefix, action, subject, organization_id, address, details = row
    shown = "" if details == "{}" else details
    return at, key_prefix, address, action, subject, organization_id, shown


def shown_act(act: Act) -> ShownAct:
    """Return an act without the id that only distinguishes two of one instant."""
    return ShownAct(
        at=instant_of(act.at),
        key_prefix=act.key_prefix,
        address=act.address,
        action=act.action,
        object=act.object,
        organization_id=act.organization_id,
        details=act.details,
    )


def span_of(start: date | None, end: date | None) -> tuple[int, int]:
    """Return the instants of days in UTC, both inclusive; of all days when none is given."""
    first = audit.ALL.start if start is None else _midnight(start)
    last = audit.ALL.end if end is None else _midnight(end) + 24 * 3600 * 1_000_000
    return first, last


def _midnight(day: date) -> int:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return microseconds(start) if start > _EPOCH else 0


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


GET_AUDIT_LOG = Endpoint(
    route="GET /v1/audit-log",
    name="listActs",
    summary="Read the audit log",
    description=(
        "Every administrative act, the newest first. It is written in the transaction of the act, "
        "and nobody can change or remove it, in the database neither. A key of an organization "
        "sees the acts that are about it alone. `format=csv`, `ndjson` or `parquet` without "
        f"`limit` sends all acts; with it a page, whose cursor is in `{NEXT_CURSOR}`."
    ),
    permission=Permission.ADMIN,
    answers=Body(
        answer_schema(acts=list[ShownAct], next_cursor=str | None),
        {"success": True, "acts": [ACT], "next_cursor": None},
        links=leads("getOrganization", organization_id="/acts/0/organization_id"),
    ),
    read=list_acts,
    errors=(TooManyExports, ExportExpired),
    tag="Audit log",
)
