"""Rows of the answers by user and by organization: filtered, kept for pages, cut into pages."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from starlette.responses import Response

from tollbook.analytics.completeness import Meta, as_of_text, parts_of, period_state
from tollbook.analytics.filters import TOTAL_COST, Filters, Sort
from tollbook.analytics.organizations import name_currencies
from tollbook.analytics.result_set import ReportedRows, ResultSet, RowsKind, RowsQuestion
from tollbook.analytics.row_details import Wanted
from tollbook.analytics.scope import QuestionScope
from tollbook.analytics.tables import Table
from tollbook.api.endpoints.analytics import answers
from tollbook.api.endpoints.analytics.answer_headers import currency_headers
from tollbook.api.endpoints.analytics.pages import (
    RowsPage,
    next_cursor,
    open_page,
    require_present,
)
from tollbook.api.endpoints.analytics.queries import NEXT_CURSOR, RowsQuery, require_margin_included
from tollbook.api.endpoints.analytics.questions import Question
from tollbook.api.endpoints.row_limits import (
    require_limit,
    require_limit_of_meters,
    reserve_meters,
    reserve_rows,
)
from tollbook.api.pipeline.cache import Answer, size_of_rows
from tollbook.domain.periods import Period
from tollbook.store.engine import Row
from tollbook.store.meters import read_catalog
from tollbook.store.versions import LedgerVersion


class CachedRows(NamedTuple):
    """The rows of a question in one state of the ledger, with what was true then.

    `headers` name what the sums leave out.
    """

    result: ResultSet
    scope: QuestionScope
    meta: Meta
    quarantined: int
    headers: Mapping[str, str]
    version: LedgerVersion


class CutPage(NamedTuple):
    """The rows of one page; the extras and headers of the answer that has them."""

    rows: list[Row]
    extras: Mapping[str, Any]
    headers: Mapping[str, str]


def respond_with_rows(question: Question, query: RowsQuery, kind: RowsKind) -> Response:
    """Return the response with all rows, or with a page of them."""
    require_margin_included(query.sort, query.include)
    if query.limit is not None or query.cursor is not None:
        return _respond_with_page(question, query, kind)
    found = answers.find(question)
    if not found.is_missing:
        return answers.respond(question, found)
    if question.is_table and "meters" in query.include and not found.is_any:
        # A row may have thousands of cells: they are written while they are sent.
        return answers.stream_table(question, found, *_read_table(question, query, kind))
    read = _read_file if question.is_table else _read_all
    return answers.respond(question, answers.keep(question, found, read(question, query, kind)))


def _read_all(question: Question, query: RowsQuery, kind: RowsKind) -> Answer:
    with_totals = "totals" in query.include
    more = with_totals or "currency" in query.include
    asked = _rows_question(question, query, with_extras=more)
    result = _read(question, kind, asked)
    require_limit(question.request, len(result.rows))
    if "meters" in query.include:
        require_limit_of_meters(len(result.rows))
    report = _report(kind, asked, result, query, result.rows)
    headers = _sum_headers(question, result) if with_totals else {}
    return answers.write_report(
        question, report, kind.totals(result) if with_totals else {}, headers
    )


def _read_file(question: Question, query: RowsQuery, kind: RowsKind) -> Answer:
    return answers.write_table(question, *_read_table(question, query, kind))


def _read_table(
    question: Question, query: RowsQuery, kind: RowsKind
) -> tuple[Table, Mapping[str, str]]:
    """Return all rows as a table, whose cells are made when they are written, and headers."""
    with_totals = "totals" in query.include
    asked = _rows_question(question, query, with_extras=True)
    result = _read(question, kind, asked)
    require_limit(question.request, len(result.rows))
    headers = _sum_headers(question, result) if with_totals else {}
    return kind.table(asked, result, ReportedRows(result.rows, with_totals)), headers


def _respond_with_page(question: Question, query: RowsQuery, kind: RowsKind) -> Response:
    """Return a page. It is not kept: the rows that it is cut from are."""
    reserve_rows(question.request, query.limit or 0)
    assert question.period  # noqa: S101  a question about rows has a period
    page = open_page(question, query, question.period)
    question = page.question
    found = answers.find(question)
    if found.is_missing:
        asked = _rows_question(question, query, with_extras=True)
        state = find_rows(page) or keep_rows(page, _read(question, kind, asked))
        found = found._replace(answer=_write_page(page, state, query, kind, asked))
    return answers.respond(question, found)


def _read(question: Question, kind: RowsKind, asked: RowsQuestion) -> ResultSet:
    """Read rows, with memory for all rows that they are chosen from."""
    rows = kind.count_rows(question.snapshot, asked.scope)
    reserve_rows(question.request, rows, is_grouped=asked.group_by is not None)
    if asked.wanted.meters:
        catalog = read_catalog(question.snapshot, asked.scope.tenant)
        # Sums are kept of used meters only; JSON lists the others too.
        meters = len(catalog.meters) - (len(catalog.unused) if question.is_table else 0)
        reserve_meters(question.request, rows * meters)
    return kind.read(question.snapshot, asked)


def _write_page(
    page: RowsPage, state: CachedRows, query: RowsQuery, kind: RowsKind, asked: RowsQuestion
) -> Answer:
    question, result = page.question, state.result
    asked = asked._replace(scope=state.scope)
    cut = cut_page(page, state, query, kind)
    if question.is_table:
        selection = ReportedRows(cut.rows, "totals" in query.include, is_page=True)
        table = kind.table(asked, result, selection)
        return answers.write_table(question, table, cut.headers, state.quarantined)
    report = _report(kind, asked, result, query, cut.rows)
    return answers.write_report(question, report, cut.extras, cut.headers, state.quarantined)


def _rows_question(question: Question, query: RowsQuery, *, with_extras: bool) -> RowsQuestion:
    """Return which rows are asked for."""
    assert question.period  # noqa: S101  a question about rows has a period
    return RowsQuestion(
        scope=question.scope,
        period=question.period,
        filters=Filters(
            meters=query.meter,
            country=query.country,
            status=query.status,
            min_cost=query.min_cost,
            search=query.search,
            active=query.active,
        ),
        sort=Sort(query.sort or TOTAL_COST, query.order),
        group_by=query.group_by,
        with_extras=with_extras,
        wanted=Wanted.of(query.include),
    )


def _report(
    kind: RowsKind, asked: RowsQuestion, result: ResultSet, query: RowsQuery, rows: list[Row]
) -> Any:
    report = kind.report(asked, result, rows)
    return name_currencies(report, result.currencies) if "currency" in query.include else report


def _sum_headers(question: Question, result: ResultSet) -> dict[str, str]:
    """Return the header that names currencies with costs that the sums leave out, if any."""
    if result.summed_currency is None:
        return {}
    scope = msgspec.structs.replace(question.scope, currency=result.summed_currency)
    return currency_headers(question, scope)


def find_rows(page: RowsPage) -> CachedRows | None:
    """Return the rows of a page's state when they are kept; `CursorExpired` when they are lost."""
    request = page.question.request
    rows: CachedRows | None = request.services.cached_states.get(request.tenant, page.cursor.state)
    if rows is None:
        require_present(page)
    return rows


def keep_rows(page: RowsPage, result: ResultSet) -> CachedRows:
    """Keep the rows of a state, for the pages that follow."""
    question = page.question
    state = CachedRows(
        result=result,
        scope=question.scope,
        meta=answers.read_meta(question),
        quarantined=answers.count_quarantined(question),
        headers=_sum_headers(question, result),
        version=question.version,
    )
    groups = sum(map(size_of_rows, result.groups.values()))
    size = size_of_rows(result.rows) + groups + size_of_rows(result.currencies.items())
    if result.details is not None:
        size += sum(size_of_rows(it.values()) for it in result.details.rows.values())
        size += sum(size_of_rows(it.values()) for it in result.details.groups.values())
    request = question.request
    request.services.cached_states.put(request.tenant, page.cursor.state, state, size)
    return state


def cut_page(page: RowsPage, state: CachedRows, query: RowsQuery, kind: RowsKind) -> CutPage:
    """Return the rows of a page, with the cursor of the next one."""
    result = state.result
    rows = result.rows[page.cursor.offset :][: query.limit]
    following = next_cursor(page.cursor, query.limit, len(result.rows))
    with_totals = "totals" in query.include
    extras = kind.totals(result) if with_totals else {}
    if "meta" in query.include:
        extras["meta"] = _meta_of(page, state)
    headers = dict(state.headers) if with_totals else {}
    if following and page.question.is_table:
        headers[NEXT_CURSOR] = following
    return CutPage(rows, {**extras, "next_cursor": following}, headers)


def _meta_of(page: RowsPage, state: CachedRows) -> Meta:
    cursor, question = page.cursor, page.question
    ended = period_state(state.scope, Period(cursor.start, cursor.end), question.clock)
    meta = msgspec.structs.replace(
        state.meta,
        as_of=as_of_text(cursor.as_of),
        period_state=ended,
        parts=parts_of(state.version, cursor.as_of),
    )
    return answers.visible_meta(question.request, meta)
