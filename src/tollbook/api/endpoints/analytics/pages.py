"""Pages of an answer: a cursor names the state they are all cut from, and where a page begins."""

from datetime import date
from hashlib import blake2b
from typing import Annotated, NamedTuple

import msgspec

from tollbook.api.endpoints.analytics.answer_headers import asked_for
from tollbook.api.endpoints.analytics.queries import RowsQuery
from tollbook.api.endpoints.analytics.questions import Question, newest_change_of_tenant
from tollbook.api.pipeline.cursors import read_cursor, write_cursor
from tollbook.domain.errors import CursorExpired, InvalidRequest, Problem
from tollbook.domain.periods import Period

_MAY_DIFFER = frozenset({"limit", "cursor", "include", "format", "escape_formulas", "min_as_of"})
"""The parameters that may differ between the pages of one question."""

_READ_WITH_ROWS = ("margin", "meters")
"""The words of `include` that all pages of a question have or have not."""

_Counted = Annotated[int, msgspec.Meta(ge=0, lt=2**62)]


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a page begins: in which state of which question, as of when, after how many rows."""

    question: str
    token: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    as_of: _Counted
    start: date
    end: date
    offset: _Counted

    @property
    def state(self) -> tuple[str, int, date, date]:
        """Return the name under which the state is kept."""
        return self.question, self.token, self.start, self.end


class RowsPage(NamedTuple):
    """A page: the question in the state of its cursor, and whether that is the present state."""

    question: Question
    cursor: Cursor
    is_present: bool


def open_page(question: Question, query: RowsQuery, period: Period) -> RowsPage:
    """Return the page that the query's cursor names, else the first one of the present state."""
    cursor = _cursor_of(question, query, period)
    pinned = question._replace(
        period=Period(cursor.start, cursor.end),
        now=cursor.as_of,
        version=question.version._replace(token=cursor.token),
        clock=min(question.clock, cursor.as_of),
    )
    return RowsPage(pinned, cursor, cursor.token == question.version.token)


def _cursor_of(question: Question, query: RowsQuery, period: Period) -> Cursor:
    name = _name_of(question, query)
    if query.cursor is None:
        return Cursor(
            question=name,
            token=question.version.token,
            as_of=question.now,
            start=period.start,
            end=period.end,
            offset=0,
        )
    cursor = _read_cursor(query.cursor)
    if cursor.question != name:
        sentence = "cursor belongs to a question with other parameters"
        raise InvalidRequest.of([Problem("cursor", "other_question", sentence)])
    if cursor.start > cursor.end or not _is_possible(cursor, question):
        raise InvalidRequest.of([_MALFORMED])
    if (query.min_as_of or 0) > cursor.as_of:
        sentence = "min_as_of is after the state that cursor belongs to; begin again without cursor"
        raise InvalidRequest.of([Problem("min_as_of", "after_cursor", sentence)])
    return cursor


def _name_of(question: Question, query: RowsQuery) -> str:
    """Return a hash of what is asked and by whom, whatever the state."""
    scope, request = question.scope, question.request
    key = request.key
    asker = (scope.tenant, scope.number, scope.user_id, key.scope.user_id, key.limits.meters)
    asked = [request.question, asker, asked_for(query, without=_MAY_DIFFER)]
    read = [it for it in query.include if it in _READ_WITH_ROWS]
    asked += [read] if read else []
    return blake2b(msgspec.json.encode(asked), digest_size=9).hexdigest()


def _read_cursor(text: str) -> Cursor:
    try:
        return read_cursor(text, _decoder)
    except ValueError as error:
        raise InvalidRequest.of([_MALFORMED]) from error


def _is_possible(cursor: Cursor, question: Question) -> bool:
    """Return whether this API can have written a cursor; a forged one must not date unseen rows."""
    version = question.version
    first = version.oldest_newest_change if cursor.token == version.token else 0
    latest = max(question.now, question.clock, version.newest_change)
    latest += question.request.services.clocks_differ_by
    if cursor.as_of > latest:  # the min_as_of of an earlier page may be of another ledger
        latest = newest_change_of_tenant(question.request, question.snapshot)
    return first <= cursor.as_of <= latest


def require_present(page: RowsPage) -> None:
    """Refuse to read rows again for a cursor once the ledger has changed."""
    if not page.is_present:
        raise CursorExpired


def next_cursor(cursor: Cursor, limit: int | None, rows: int) -> str | None:
    """Return the cursor of the next page; None after the last of all `rows`."""
    if limit is None or cursor.offset + limit >= rows:
        return None
    return write_cursor(msgspec.structs.replace(cursor, offset=cursor.offset + limit))


_MALFORMED = Problem("cursor", "malformed_cursor", "cursor must be the next_cursor of an answer")
_decoder = msgspec.json.Decoder(Cursor)
