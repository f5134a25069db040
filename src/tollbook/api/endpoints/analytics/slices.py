"""Slices of the answers by user and by organization: parameters, kept rows, totals and pages."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response

from tollbook.analytics.completeness import Meta, instant_text, period_state
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.slices import (
    BY_COUNTRY,
    BY_METER,
    Groups,
    Shape,
    Slice,
    table_of,
    table_of_groups,
    totals,
)
from tollbook.analytics.tables import Table
from tollbook.api.endpoints.analytics.pages import (
    CURSOR,
    LIMIT,
    NEXT_CURSOR,
    Cursor,
    next_cursor,
    pinned,
    place_of,
    require_present,
)
from tollbook.api.endpoints.analytics.questions import (
    Question,
    Result,
    answer,
    meta_for,
    meta_of_all,
    waiting,
)
from tollbook.api.formats.choice import Format
from tollbook.api.openapi.endpoint import ApiRequest, Parameter, ParameterKind
from tollbook.api.pipeline.cache import size_of_rows
from tollbook.domain.directory import Status
from tollbook.domain.meters import CATALOG
from tollbook.domain.periods import Period
from tollbook.store.engine import Row

METER = Parameter(
    "meter",
    "Only the usage of these meters: other figures are 0, and costs are of these alone.",
    ParameterKind.LIST,
    example=["sms.outbound", "voice.call"],
    choices=tuple(meter.type for meter in CATALOG),
    default=(),
)
COUNTRY = Parameter(
    "country",
    "Only usage with this country at the other end, an ISO 3166 code of two capital letters.",
    ParameterKind.COUNTRY,
    example="GB",
)
STATUS = Parameter(
    "status",
    "Only those that have this status now.",
    ParameterKind.CHOICE,
    example="active",
    choices=tuple(Status),
)
MIN_COST = Parameter(
    "min_cost",
    "Only those whose `total_cost` is at least this.",
    ParameterKind.AMOUNT,
    example=10.5,
)
SEARCH = Parameter(
    "search",
    "Only those with this in their name or id, in capital or small letters.",
    example="anna",
)
ACTIVE = Parameter(
    "active",
    "`true`: only those with usage in the period.",
    ParameterKind.BOOLEAN,
    example=True,
)
ORDER = Parameter(
    "order",
    "Default: `desc` for numbers, `asc` for texts. Rows that are equal are ordered by their id.",
    ParameterKind.CHOICE,
    example="asc",
    choices=("asc", "desc"),
)
GROUP_BY = Parameter(
    "group_by",
    "Give each row its `groups`: its usage by meter, or by the country at the other end, where an "
    "empty one stands for none. As a table there is a line for each group.",
    ParameterKind.CHOICE,
    example="meter",
    choices=(BY_METER, BY_COUNTRY),
)


def sort_by(shape: Shape) -> Parameter:
    """Declare by which fields rows can be ordered."""
    return Parameter(
        "sort",
        "The field to order by. Default: `total_cost`.",
        ParameterKind.CHOICE,
        example="total_cost",
        choices=tuple(field.name for field in shape.fields),
    )


def slice_parameters(shape: Shape) -> tuple[Parameter, ...]:
    """Declare what slices the rows of a shape."""
    filters = (METER, COUNTRY, STATUS, MIN_COST, SEARCH, ACTIVE)
    return (*filters, sort_by(shape), ORDER, GROUP_BY, LIMIT, CURSOR)


class ResultSet(NamedTuple):
    """What was read for a question: all wanted rows in their order, with their groups.

    `totals` are the sums of the rows, and what is said with them: `summed` are the rows that they
    are of, when not all, and `headers` name what they leave out.
    """

    rows: list[Row]
    groups: Groups
    totals: Mapping[str, Any]
    summed: list[Row] | None = None
    headers: Mapping[str, str] = {}


class QuestionSpec(NamedTuple):
    """How the rows of a question are read and put under it.

    Reading goes through the snapshot of the question; writing has the state that pages are of.
    """

    shape: Shape
    read: Callable[[Question, Slice], ResultSet]
    report: Callable[[Question, list[Row], Groups], Any]
    finish: Callable[[Question, Table], Table] = lambda _, table: table


class CachedRows(NamedTuple):
    """Rows of a question in one state of the ledger, with what was true then."""

    read: ResultSet
    scope: QuestionScope
    meta: Meta
    quarantined: int


_SLICING = (
    *(METER, COUNTRY, STATUS, MIN_COST, SEARCH, ACTIVE, ORDER, GROUP_BY, LIMIT, CURSOR),
    Parameter("sort", ""),
    Parameter("user_id", ""),
)


def is_sliced(call: ApiRequest, *, totals: bool = True) -> bool:
    """Tell whether a slice is asked for, or `totals` that are read as one."""
    query = call.query
    asked = any(query.get(it.name) not in (None, it.default) for it in _SLICING)
    return asked or (totals and "totals" in query["include"])


def slice_of(call: ApiRequest) -> Slice:
    """Give the slice that is asked for."""
    query = call.query
    return Slice(
        query["meter"],
        query["country"],
        query.get("user_id"),
        query["status"],
        query["min_cost"],
        query["search"],
        query["active"] or False,
        query["sort"] or "total_cost",
        query["order"],
        query["group_by"],
    )


def answer_slice(it: Question, rows: QuestionSpec) -> Response:
    """Answer with the wanted rows: all of them, or a page of a state that is kept."""
    query = it.call.query
    if query["limit"] is None and query["cursor"] is None:
        return answer(it, lambda: _all_told(it, rows))
    cursor = place_of(it)
    return answer(pinned(it, cursor), lambda: _page_told(it, cursor, rows), keep=False)


def _all_told(it: Question, rows: QuestionSpec) -> Result:
    read = rows.read(it, slice_of(it.call))
    extras = read.totals if "totals" in it.call.query["include"] else {}
    report = rows.report(it, read.rows, read.groups)
    return Result(
        report,
        extras,
        lambda: rows.finish(it, _table(it, rows.shape, read.rows, read)),
        read.headers if extras else {},
    )


def _page_told(it: Question, cursor: Cursor, rows: QuestionSpec) -> Result:
    """Cut a page from the kept rows of its state, or read them again while they are the present."""
    states = it.call.services.cached_states
    state: CachedRows | None = states.get(cursor.state)
    then = pinned(it, cursor)
    if state is None:
        require_present(it, cursor)
        state = _state(then, rows)
        states.put(cursor.state, state, _size(state))
    query, read = it.call.query, state.read
    limit = query["limit"]
    page = read.rows[cursor.offset :][:limit]
    report = rows.report(then._replace(scope=state.scope), page, read.groups)
    following = next_cursor(cursor, limit, len(read.rows))
    headers = dict(read.headers) if "totals" in query["include"] else {}
    if following and it.chosen is not Format.JSON:
        headers[NEXT_CURSOR] = following
    return Result(
        report,
        {**_extras(it, cursor, state), "next_cursor": following},
        lambda: rows.finish(it, _table(it, rows.shape, page, read)),
        headers,
        state.quarantined,
    )


def _state(then: Question, rows: QuestionSpec) -> CachedRows:
    read = rows.read(then, slice_of(then.call))
    return CachedRows(read, then.scope, meta_of_all(then), waiting(then))


def _extras(it: Question, cursor: Cursor, state: CachedRows) -> dict[str, Any]:
    include = it.call.query["include"]
    extras = dict(state.read.totals) if "totals" in include else {}
    if "meta" in include:
        as_of = instant_text(cursor.as_of)
        ended = period_state(
            state.scope, Period(cursor.start, cursor.end), min(it.clock, cursor.as_of)
        )
        told = msgspec.structs.replace(state.meta, as_of=as_of, period_state=ended)
        extras["meta"] = meta_for(it.call.key, told)
    return extras


def _table(it: Question, shape: Shape, rows: list[Row], read: ResultSet) -> Table:
    """Give rows as a table; totals are of all rows, not of a page."""
    query = it.call.query
    summed = read.rows if read.summed is None else read.summed
    sums = totals(summed, shape) if "totals" in query["include"] else None
    if query["group_by"] is None:
        return table_of(rows, shape, sums)
    return table_of_groups(rows, read.groups, shape, query["group_by"], sums)


def _size(state: CachedRows) -> int:
    groups = sum(map(size_of_rows, state.read.groups.values()))
    return size_of_rows(state.read.rows) + groups
