"""GET /v1/events: the events that make up a figure, by page or all of them as a file."""

from datetime import date
from hashlib import blake2b
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tollbook.analytics.events import (
    EventsQuestion,
    PageEnd,
    events_table,
    read_page,
    require_readable,
    table_of,
)
from tollbook.analytics.events_report import EventsReport, events_report
from tollbook.analytics.partial_days import local_days
from tollbook.analytics.scope import QuestionScope
from tollbook.api.endpoints.analytics import answers
from tollbook.api.endpoints.analytics.periods import resolve_period
from tollbook.api.endpoints.analytics.queries import (
    MOMENT_FORMS,
    NEXT_CURSOR,
    DaysByName,
    MeterList,
    OrganizationId,
    OtherCountry,
    StateQuery,
    UserId,
)
from tollbook.api.endpoints.analytics.questions import Question, has_arrived, open_question
from tollbook.api.endpoints.analytics.scope import refuse_user_key, resolve_scope
from tollbook.api.openapi.endpoint import ApiRequest, Body, Endpoint
from tollbook.api.openapi.examples_exports import EVENTS_LISTED
from tollbook.api.openapi.links import leads
from tollbook.api.openapi.parameter_types import (
    Flag,
    Moment,
    Text,
    about,
    some_of,
    text,
    whole_number,
)
from tollbook.api.pipeline.cache import Answer
from tollbook.api.pipeline.cursors import read_cursor, write_cursor
from tollbook.domain.directory import id_problem, zone
from tollbook.domain.errors import EventArchived, InvalidRequest, NotYet, Problem
from tollbook.domain.keys import Permission
from tollbook.domain.limit_errors import ExportExpired, TooManyExports
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.meters import read_catalog

_USUAL_LIMIT = 100
_MOST = 1_000
_Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_Bits = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class EventsQuery(StateQuery, frozen=True, kw_only=True):
    """The query of a list of events."""

    organization_id: Annotated[OrganizationId, about("Whose events.")]
    user_id: Annotated[UserId | None, about("Only events that are attributed to this user.")] = None
    organization_level: Annotated[Flag, about("Only events that are not attributed to a user.")] = (
        False
    )
    meter: Annotated[
        MeterList,
        about("Only these types of event, separated by commas.", ["voice.call"]),
    ] = ()
    country: OtherCountry = None
    resource_id: Annotated[Text | None, about("Only events of this resource.", "kb_1")] = None
    start_date: Annotated[
        Moment | None,
        about(f"From when on: {MOMENT_FORMS}. Default: 30 days before `end_date`.", "2024-01-01"),
    ] = None
    end_date: Annotated[
        Moment | None,
        about(
            f"Until when: {MOMENT_FORMS}. An instant is excluded, a day is included. "
            "Default: today in the organization's time zone.",
            "2024-01-31",
        ),
    ] = None
    period: DaysByName = None
    include: Annotated[
        tuple[str, ...],
        some_of(("margin",)),
        about(
            "`margin`, for keys of the whole tenant: the `buy_cost` and `margin` of each event, "
            "null where its buy price is not known."
        ),
    ] = ()
    limit: Annotated[
        int | None,
        whole_number(most=_MOST),
        about(f"How many events at most; {_USUAL_LIMIT} unless said."),
    ] = None
    cursor: Annotated[
        str | None,
        text(1_024),
        about("Where to go on: `next_cursor` of the page before."),
    ] = None


class _Cursor(msgspec.Struct, array_like=True, frozen=True):
    """Where a page goes on: its state, its question, and the last event before it.

    The days or instants are those of the first page, so that midnight makes no difference.
    """

    as_of: _Bits
    start: date | _Int64
    end: date | _Int64
    day: Annotated[int, Meta(ge=0, le=99_991_231)]
    time: _Bits
    id: str
    question: str


_decoder = msgspec.json.Decoder(_Cursor)


def get_events(request: ApiRequest[EventsQuery], snapshot: Snapshot) -> Response:
    """Return a page of events, or all of them when a format asks for a file."""
    query, clock = request.query, request.services.clock()
    if query.organization_level:
        refuse_user_key(request.key)
        _refuse_user(query)
    scope = resolve_scope(request, snapshot, query.organization_id, query.user_id)
    days = local_days(query.start_date, query.end_date, zone(scope.timezone))
    period = resolve_period(*days, query.period, scope, clock).period
    question = open_question(request, snapshot, scope, clock, period)
    cursor = _read_cursor(question, query)
    if cursor:
        question = question._replace(period=_days_of(cursor, scope))
    wanted = _resolve_events(question, query, cursor)
    if question.is_table and not cursor and query.limit is None:
        folder = request.services.archive_folder
        require_readable(snapshot, wanted, folder)
        return answers.stream(question, lambda opened: events_table(opened, wanted, folder))
    found = answers.find(question)
    if found.is_missing:
        found = answers.keep(question, found, _read_page(question, query, wanted, cursor))
    return answers.respond(question, found)


def _refuse_user(query: EventsQuery) -> None:
    if query.user_id is not None:
        sentence = "organization_level asks for events of no user; leave user_id out"
        raise InvalidRequest.of([Problem("organization_level", "contradiction", sentence)])


def _read_cursor(question: Question, query: EventsQuery) -> _Cursor | None:
    """Return the cursor of a query; it must be one of the same question."""
    if query.cursor is None:
        return None
    try:
        cursor = read_cursor(query.cursor, _decoder)
    except ValueError as error:
        raise _wrong_cursor() from error
    bounds = {(query.start_date, cursor.start), (query.end_date, cursor.end)}
    same_bounds = all(given in (None, kept) for given, kept in bounds)
    same = cursor.question == _name_of(question, query) and same_bounds
    if not same or id_problem("cursor", cursor.id):
        raise _wrong_cursor()
    days = _days_of(cursor, question.scope)
    if days.start > days.end or cursor.as_of > max(question.now, question.clock):
        raise _wrong_cursor()
    if not has_arrived(question.request, question.snapshot, question.scope, cursor.as_of):
        raise NotYet
    return cursor


def _days_of(cursor: _Cursor, scope: QuestionScope) -> Period:
    """Return the days of a cursor."""
    try:
        start, end = local_days(cursor.start, cursor.end, zone(scope.timezone))
    except InvalidRequest as error:
        raise _wrong_cursor() from error
    assert start and end  # noqa: S101, PT018  a cursor has both bounds
    return Period(start, end)


def _name_of(question: Question, query: EventsQuery) -> str:
    """Return a hash of what is asked, whatever the place, the days and the format."""
    period = [query.period] if query.period else []
    asked = [query.organization_level, query.meter, query.country, query.resource_id, *period]
    state = (question.scope, asked)
    return blake2b(msgspec.json.encode(state), digest_size=6).hexdigest()


def _wrong_cursor() -> InvalidRequest:
    sentence = "cursor must be the next_cursor of an answer to the same question"
    return InvalidRequest.of([Problem("cursor", "invalid_cursor", sentence)])


def _resolve_events(
    question: Question, query: EventsQuery, cursor: _Cursor | None
) -> EventsQuestion:
    """Return which events are asked for; those received from now on are not among them."""
    organization, period = question.scope.organization, question.period
    assert organization and period  # noqa: S101, PT018  the first is a required parameter
    start, end = (cursor.start, cursor.end) if cursor else (query.start_date, query.end_date)
    return EventsQuestion(
        organization=organization,
        period=period,
        as_of=cursor.as_of if cursor else question.version.received_at,
        user_id=question.scope.user_id,
        nobody=query.organization_level,
        meters=query.meter,
        country=query.country,
        resource_id=query.resource_id,
        start=start if isinstance(start, int) else None,
        end=end if isinstance(end, int) else None,
        with_margin="margin" in query.include,
        catalog=read_catalog(question.snapshot, question.scope.tenant),
    )


def _read_page(
    question: Question, query: EventsQuery, wanted: EventsQuestion, cursor: _Cursor | None
) -> Answer:
    after = PageEnd(cursor.day, cursor.time, cursor.id) if cursor else None
    folder = question.request.services.archive_folder
    page = read_page(question.snapshot, wanted, query.limit or _USUAL_LIMIT, after, folder)
    following = _write_cursor(question, query, wanted, page.end) if page.end else None
    if not question.is_table:
        return answers.write_report(question, events_report(wanted, page, following))
    headers = {NEXT_CURSOR: following} if following else {}
    return answers.write_table(question, table_of(wanted, page.rows), headers)


def _write_cursor(
    question: Question, query: EventsQuery, wanted: EventsQuestion, end: PageEnd
) -> str:
    first, last = wanted.bounds
    cursor = _Cursor(
        as_of=wanted.as_of,
        start=first,
        end=last,
        day=end.day,
        time=end.time,
        id=end.id,
        question=_name_of(question, query),
    )
    return write_cursor(cursor)


GET_EVENTS = Endpoint(
    route="GET /v1/events",
    name="listEvents",
    summary="Events behind a figure",
    description=(
        "Events of an organization in a period, both days inclusive, in its time zone, or between "
        "two instants: those that make up a figure of the other answers, and they add up to it. "
        "Newest first by time and id. Every page of one listing is of the same state: events that "
        "arrive meanwhile are in none of them. A reversal is an event with negative figures. "
        "`format=csv`, `ndjson` or `parquet` without `limit` sends all events, newest day first, a "
        "day in the order of ids; "
        f"with it a page, whose cursor is in `{NEXT_CURSOR}`. Archived events are read from their "
        "files; if one that the question needs cannot be read, the response is 410 and names the "
        "months. A key bound to one user sees that user's events only."
    ),
    permission=Permission.READ_ANALYTICS,
    answers=Body(
        EventsReport,
        EVENTS_LISTED,
        links=leads("getEvent", organization_id="/organization_id", event_id="/events/0/id"),
    ),
    read=get_events,
    errors=(EventArchived, TooManyExports, ExportExpired),
    tag="Events",
)
