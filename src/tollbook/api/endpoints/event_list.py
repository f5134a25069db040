"""GET /v1/events: the events that make up a figure, by page or all of them as a file."""

from datetime import date
from hashlib import blake2b
from typing import Annotated

import msgspec
from starlette.responses import Response

from tollbook.analytics.events import (
    COLUMNS,
    EventsReport,
    PageEnd,
    Wanted,
    all_events,
    events_page,
    events_report,
)
from tollbook.analytics.tables import Table
from tollbook.api.endpoints.analytics.questions import (
    END_DATE,
    MIN_AS_OF,
    PERIOD,
    START_DATE,
    Question,
    Result,
    answer,
    asked,
    has_arrived,
    refuse_user_key,
    scope_of,
    stream,
)
from tollbook.api.endpoints.format_parameter import FORMAT
from tollbook.api.formats.choice import Format
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint, Parameter, ParameterKind
from tollbook.api.openapi.examples_exports import EVENTS_LISTED
from tollbook.api.openapi.links import leads
from tollbook.api.pipeline.cursors import read, written
from tollbook.domain.directory import id_problem
from tollbook.domain.errors import (
    FormatNotInstalled,
    InvalidRequest,
    NotFound,
    NotYet,
    Problem,
)
from tollbook.domain.keys import Permission
from tollbook.domain.meters import CATALOG
from tollbook.domain.periods import Period, day_number
from tollbook.store import archives
from tollbook.store.database import Snapshot

_USUAL_LIMIT = 100
_MOST = 1_000
_NEXT = "X-Next-Cursor"
_ARCHIVED = "X-Archived"
_Bits = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a page goes on: what it is pinned to, the question, and the last event before.

    The days are those of the first page, so that midnight makes no difference.
    """

    as_of: _Bits
    start: date
    end: date
    day: Annotated[int, msgspec.Meta(ge=0, le=99_991_231)]
    time: _Bits
    id: str
    question: str


_decoder = msgspec.json.Decoder(_Cursor)


def get_events(call: ApiRequest, snapshot: Snapshot) -> Response:
    """Answer with a page of events; all of them, where a format asks for a file."""
    if call.query["organization_level"]:
        refuse_user_key(call)
        _refuse_both(call)
    it = asked(call, snapshot, scope_of(call, snapshot))
    cursor = _cursor_of(it)
    if cursor:
        it = it._replace(period=Period(cursor.start, cursor.end))
    wanted = _wanted(it, cursor.as_of if cursor else it.version.received_at)
    if it.chosen is not Format.JSON and not cursor and call.query["limit"] is None:
        response: Response = stream(it, lambda opened: all_events(opened, wanted))
    else:
        response = answer(it, lambda: _page(it, wanted, cursor))
    archived = _archived(it)
    if archived:
        response.headers[_ARCHIVED] = str(archived)
    return response


def _archived(it: Question) -> int:
    """Count what the period has beside the events that are listed, whatever kind is asked for."""
    assert it.period and it.scope.number is not None  # noqa: S101, PT018  as in `_wanted`
    days = day_number(it.period.start), day_number(it.period.end)
    return archives.count_days(it.snapshot, it.scope.number, days, it.scope.user_id)


def _page(it: Question, wanted: Wanted, cursor: _Cursor | None) -> Result:
    after = PageEnd(cursor.day, cursor.time, cursor.id) if cursor else None
    page = events_page(it.snapshot, wanted, it.call.query["limit"] or _USUAL_LIMIT, after)
    following = _text(it, wanted, page.end) if page.end else None
    if it.chosen is Format.JSON:
        return Result(events_report(wanted, page, following))
    headers = {_NEXT: following} if following else {}
    return Result(None, table=lambda: Table(COLUMNS, page.rows), headers=headers)


def _wanted(it: Question, as_of: int) -> Wanted:
    """Name the events; whatever is received from now on is not among them."""
    query, organization, period = it.call.query, it.scope.organization, it.period
    assert organization and period  # noqa: S101, PT018  the first is a required parameter
    country = query["country"]
    return Wanted(
        organization,
        period,
        as_of,
        it.scope.user_id,
        query["organization_level"],
        query["meter"],
        country.upper() if country else None,
    )


def _refuse_both(call: ApiRequest) -> None:
    if call.query["user_id"] is not None:
        sentence = "organization_level asks for events of no user; leave user_id out"
        raise InvalidRequest.of([Problem("organization_level", "contradiction", sentence)])


def _question(it: Question) -> str:
    """Name what a cursor belongs to: everything asked for but the place, the days and the form."""
    query = it.call.query
    names = ("organization_level", "meter", "country")
    period = [query["period"]] if query["period"] else []
    state = (it.scope, [query[name] for name in names] + period)
    return blake2b(msgspec.json.encode(state), digest_size=6).hexdigest()


def _text(it: Question, wanted: Wanted, end: PageEnd) -> str:
    period = wanted.period
    cursor = _Cursor(wanted.as_of, period.start, period.end, *end, _question(it))
    return written(cursor)


def _cursor_of(it: Question) -> _Cursor | None:
    """Read the cursor of a call; it must be one of the same question."""
    query = it.call.query
    text = query["cursor"]
    if text is None:
        return None
    try:
        cursor = read(text, _decoder)
    except ValueError as error:
        raise _wrong_cursor() from error
    days = {(query["start_date"], cursor.start), (query["end_date"], cursor.end)}
    same_days = all(given in (None, kept) for given, kept in days)
    if cursor.question != _question(it) or not same_days or id_problem("cursor", cursor.id):
        raise _wrong_cursor()
    if cursor.start > cursor.end or cursor.as_of > max(it.now, it.clock):
        raise _wrong_cursor()
    if not has_arrived(it.call, it.snapshot, it.scope, cursor.as_of):
        raise NotYet
    return cursor


def _wrong_cursor() -> InvalidRequest:
    sentence = "cursor must be the next_cursor of an answer to the same question"
    return InvalidRequest.of([Problem("cursor", "invalid_cursor", sentence)])


GET_EVENTS = Endpoint(
    method="GET",
    path="/v1/events",
    name="listEvents",
    summary="Events behind a figure",
    description=(
        "Events of an organization in a period, both days inclusive, in its time zone: those that "
        "make up a figure of the other answers, and they add up to it. Newest first by time and "
        "id. Every page of one listing is of the same state: events that arrive meanwhile are in "
        "none of them. A reversal is an event with negative figures. `format=csv`, `ndjson` or "
        "`parquet` without `limit` sends all events, newest day first, a day in the order of ids; "
        f"with it a page, whose cursor is in `{_NEXT}`. Archived events are not listed; how many "
        f"the period has of them is in `{_ARCHIVED}`. A key bound to one user sees that user's "
        "events only."
    ),
    permission=Permission.READ_ANALYTICS,
    parameters=(
        Parameter("organization_id", "Whose events.", required=True, example="org_abc123"),
        Parameter("user_id", "Only events that enter this user's figures.", example="user_123"),
        Parameter(
            "organization_level",
            "Only events that enter no user's figures.",
            ParameterKind.BOOLEAN,
            default=False,
        ),
        Parameter(
            "meter",
            "Only these types of event, separated by commas.",
            ParameterKind.LIST,
            choices=tuple(meter.type for meter in CATALOG),
            default=(),
            example=["voice.call"],
        ),
        Parameter(
            "country",
            "Only events with a number of this country at the other end: ISO 3166, two letters.",
            longest=2,
        ),
        START_DATE,
        END_DATE,
        PERIOD,
        Parameter(
            "limit",
            f"How many events at most; {_USUAL_LIMIT} unless said.",
            ParameterKind.INTEGER,
            most=_MOST,
        ),
        Parameter("cursor", "Where to go on: `next_cursor` of the page before.", longest=1_024),
        FORMAT,
        MIN_AS_OF,
    ),
    answers={
        200: Body(
            EventsReport,
            EVENTS_LISTED,
            links=leads("getEvent", organization_id="/organization_id", event_id="/events/0/id"),
        )
    },
    read=get_events,
    errors=(InvalidRequest, NotFound, NotYet, FormatNotInstalled),
    tag="Events",
    tagged=True,
)
