"""Pages of an answer: a cursor names the state they are all cut from, and how far they got."""

from datetime import date
from hashlib import blake2b
from typing import Annotated

import msgspec

from tollbook.api.endpoints.analytics.questions import Question
from tollbook.api.openapi.endpoint import Parameter, ParameterKind
from tollbook.api.pipeline.cursors import read, written
from tollbook.domain.errors import CursorExpired, InvalidRequest, Problem
from tollbook.domain.periods import Period

MOST_ROWS = 10_000
NEXT_CURSOR = "X-Next-Cursor"
"""The header that has the cursor where the format has no place for it."""

LIMIT = Parameter(
    "limit",
    "How many rows at most. The answer then ends with `next_cursor`, null on the last page; as "
    f"CSV, NDJSON or Parquet it is in the header `{NEXT_CURSOR}`, which the last page has not.",
    ParameterKind.INTEGER,
    example=100,
    most=MOST_ROWS,
)
CURSOR = Parameter(
    "cursor",
    "The `next_cursor` of an answer, to go on where it ended, with the same parameters but for "
    "`limit`. All pages are of one state of the ledger, whatever arrives between them.",
    longest=512,
)

_NOT_ASKED = frozenset({"limit", "cursor", "include", "format", "min_as_of"})
"""What may differ between the pages of one question."""

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
        """Name the state that is kept."""
        return self.question, self.token, self.start, self.end


def place_of(it: Question) -> Cursor:
    """Give the place that a question's cursor names, else the beginning in the present state."""
    assert it.period  # noqa: S101  what is paged has days
    question, text = _question(it), it.call.query["cursor"]
    if text is None:
        return Cursor(question, it.version.token, it.now, it.period.start, it.period.end, 0)
    cursor = _read(text)
    if cursor.question != question:
        sentence = "cursor belongs to a question with other parameters"
        raise InvalidRequest.of([Problem("cursor", "other_question", sentence)])
    if cursor.start > cursor.end or not _may_be(cursor, it):
        raise InvalidRequest.of([_MALFORMED])
    if (it.call.query.get("min_as_of") or 0) > cursor.as_of:
        sentence = "min_as_of is after the state that cursor belongs to; begin again without cursor"
        raise InvalidRequest.of([Problem("min_as_of", "after_cursor", sentence)])
    return cursor


def pinned(it: Question, cursor: Cursor) -> Question:
    """Give the question as it was asked in the state of a cursor."""
    period = Period(cursor.start, cursor.end)
    version = it.version._replace(token=cursor.token)
    clock = min(it.clock, cursor.as_of)
    return it._replace(period=period, now=cursor.as_of, version=version, clock=clock)


def require_present(it: Question, cursor: Cursor) -> None:
    """Refuse to read rows again for a cursor once the ledger has moved on."""
    if cursor.token != it.version.token:
        raise CursorExpired


def next_cursor(cursor: Cursor, limit: int | None, rows: int) -> str | None:
    """Write where the next page begins; None after the last of so many rows."""
    if limit is None or cursor.offset + limit >= rows:
        return None
    return written(msgspec.structs.replace(cursor, offset=cursor.offset + limit))


def _question(it: Question) -> str:
    """Name what is asked of whom, whatever the state."""
    query = sorted(
        (name, str(value))
        for name, value in it.call.query.items()
        if value is not None and name not in _NOT_ASKED
    )
    scope = it.scope
    whom = (scope.tenant, scope.number, scope.user_id, it.call.key.scope.user_id)
    return blake2b(msgspec.json.encode((it.call.question, whom, query)), digest_size=9).hexdigest()


def _may_be(cursor: Cursor, it: Question) -> bool:
    """Tell whether a cursor can be one of ours: one made up must not date what it did not see."""
    first = it.version.as_of if cursor.token == it.version.token else 0
    return first <= cursor.as_of <= max(it.now, it.clock) + it.call.services.clocks_differ_by


_MALFORMED = Problem("cursor", "malformed_cursor", "cursor must be the next_cursor of an answer")
_decoder = msgspec.json.Decoder(Cursor)


def _read(text: str) -> Cursor:
    try:
        return read(text, _decoder)
    except ValueError as error:
        raise InvalidRequest.of([_MALFORMED]) from error
