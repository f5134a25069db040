"""Rows of the answers by user and by organization: filtered, kept for pages, cut into pages."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from tollbook.analytics.completeness import Meta, instant_text, period_state
from tollbook.analytics.filters import TOTAL_COST, Filters, Sort
from tollbook.analytics.groups import Groups, groups_table
from tollbook.analytics.rows import RowLayout
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import Table
from tollbook.api.endpoints.analytics.answers import count_quarantined, read_meta, visible_meta
from tollbook.api.endpoints.analytics.pages import RowsPage, next_cursor, require_present
from tollbook.api.endpoints.analytics.queries import NEXT_CURSOR, RowsQuery
from tollbook.api.pipeline.cache import size_of_rows
from tollbook.domain.periods import Period
from tollbook.store.engine import Row

_SLICING = (
    *("meter", "country", "status", "min_cost", "search", "active", "sort", "order", "group_by"),
    *("limit", "cursor", "user_id"),
)


class ResultSet(NamedTuple):
    """All rows of a question in their order, with their groups.

    `total` is the row of their sums, `totals` has it as it is answered, and `headers` name what the
    sums leave out.
    """

    rows: list[Row]
    groups: Groups
    total: Row
    totals: Mapping[str, Any]
    headers: Mapping[str, str] = {}


class CachedRows(NamedTuple):
    """The rows of a question in one state of the ledger, with what was true then."""

    result: ResultSet
    scope: QuestionScope
    meta: Meta
    quarantined: int


class CutPage(NamedTuple):
    """The rows of one page; the extras and headers of the answer that has them."""

    rows: list[Row]
    extras: Mapping[str, Any]
    headers: Mapping[str, str]


def is_sliced(query: RowsQuery) -> bool:
    """Return whether some of the rows are asked for, or all in another form."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(query)}
    return any(
        getattr(query, name) not in (None, defaults[name]) for name in _SLICING if name in defaults
    )


def is_paged(query: RowsQuery) -> bool:
    """Return whether a page is asked for."""
    return query.limit is not None or query.cursor is not None


def filters_of(query: RowsQuery) -> Filters:
    """Return which rows are asked for."""
    return Filters(
        meters=query.meter,
        country=query.country,
        status=query.status,
        min_cost=query.min_cost,
        search=query.search,
        active=query.active,
    )


def sort_of(query: RowsQuery) -> Sort:
    """Return the order that is asked for."""
    return Sort(query.sort or TOTAL_COST, query.order)


def find_rows(page: RowsPage) -> CachedRows | None:
    """Return the rows of a page's state when they are kept; `CursorExpired` when they are lost."""
    states = page.question.request.services.cached_states
    rows: CachedRows | None = states.get(page.cursor.state)
    if rows is None:
        require_present(page)
    return rows


def keep_rows(page: RowsPage, result: ResultSet) -> CachedRows:
    """Keep the rows of a state, for the pages that follow."""
    question = page.question
    state = CachedRows(result, question.scope, read_meta(question), count_quarantined(question))
    groups = sum(map(size_of_rows, result.groups.values()))
    size = size_of_rows(result.rows) + groups
    question.request.services.cached_states.put(page.cursor.state, state, size)
    return state


def cut_page(page: RowsPage, state: CachedRows, query: RowsQuery) -> CutPage:
    """Return the rows of a page, with the cursor of the next one."""
    result = state.result
    rows = result.rows[page.cursor.offset :][: query.limit]
    following = next_cursor(page.cursor, query.limit, len(result.rows))
    with_totals = "totals" in query.include
    extras = dict(result.totals) if with_totals else {}
    if "meta" in query.include:
        extras["meta"] = _meta_of(page, state)
    headers = dict(result.headers) if with_totals else {}
    if following and page.question.is_table:
        headers[NEXT_CURSOR] = following
    return CutPage(rows, {**extras, "next_cursor": following}, headers)


def _meta_of(page: RowsPage, state: CachedRows) -> Meta:
    cursor, question = page.cursor, page.question
    ended = period_state(state.scope, Period(cursor.start, cursor.end), question.clock)
    as_of = instant_text(cursor.as_of)
    meta = msgspec.structs.replace(state.meta, as_of=as_of, period_state=ended)
    return visible_meta(question.request.key, meta)


def rows_table(query: RowsQuery, layout: RowLayout, rows: list[Row], result: ResultSet) -> Table:
    """Return rows as a table; its totals are of all rows, not of a page."""
    total = result.total if "totals" in query.include else None
    if query.group_by is None:
        return layout.table(rows, total)
    return groups_table(rows, result.groups, layout, query.group_by, total)
