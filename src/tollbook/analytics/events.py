"""The events that make up a figure: the question behind GET /v1/events.

Most questions read sums; this one reads events. The sums show which days have events, so a page
reads only as many days as it needs, the newest first.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from tollbook.analytics.event_statements import (
    CHUNK,
    DAYS,
    FIRST,
    HOURS,
    MONTHS,
    PAGE,
    USER_DAYS,
    Whose,
)
from tollbook.analytics.tables import Column, ColumnKind, Table
from tollbook.domain.directory import zone
from tollbook.domain.events import instant_of, instant_text
from tollbook.domain.exact import raw_amount, raw_quantity
from tollbook.domain.meters import BY_CODE, BY_TYPE, CATALOG
from tollbook.domain.periods import Period, day_number, day_of
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import Row

COLUMNS = (
    Column("id", ColumnKind.TEXT),
    Column("type", ColumnKind.METER),
    Column("user_id", ColumnKind.TEXT),
    Column("resource_id", ColumnKind.TEXT),
    Column("time", ColumnKind.INSTANT),
    Column("day", ColumnKind.DAY),
    Column("quantity", ColumnKind.QUANTITY),
    Column("billed_quantity", ColumnKind.QUANTITY),
    Column("unit", ColumnKind.UNIT),
    Column("cost", ColumnKind.AMOUNT),
    Column("country", ColumnKind.TEXT),
    Column("attributes", ColumnKind.OBJECT),
    Column("received_at", ColumnKind.INSTANT),
    Column("reverses", ColumnKind.TEXT),
)

AT_ONCE = 1_000
"""Rows that a stream reads in one step. A step must be short: it delays other requests."""


class EventsQuestion(NamedTuple):
    """The events to read. Events received after `as_of` are left out."""

    organization: OrganizationRow
    period: Period
    as_of: int
    user_id: str | None = None
    nobody: bool = False
    meters: tuple[str, ...] = ()
    country: str | None = None

    @property
    def whose(self) -> Whose:
        """Return the key of the statement that reads them."""
        if self.nobody:
            return Whose.NOBODY
        return Whose.ALL if self.user_id is None else Whose.USER


class PageEnd(NamedTuple):
    """The end of a page: the day, time and id of its last event."""

    day: int
    time: int
    id: str


class Page(NamedTuple):
    """Events, newest first, and the end of the page; None on the last page."""

    rows: list[Row]
    end: PageEnd | None


class EventLine(msgspec.Struct, frozen=True, gc=False):
    """An event of the ledger. A reversal has negative figures and names the event it reverses."""

    id: str
    type: str
    user_id: str | None
    resource_id: str | None
    time: str
    day: str
    quantity: msgspec.Raw
    billed_quantity: msgspec.Raw
    unit: str
    cost: msgspec.Raw
    country: str | None
    attributes: dict[str, Any]
    received_at: str
    reverses: str | None


class EventsReport(msgspec.Struct, frozen=True):
    """The answer; `next_cursor` is null on the last page."""

    success: bool
    organization_id: str
    period: dict[str, str]
    events: list[EventLine]
    next_cursor: str | None


def events_report(question: EventsQuestion, page: Page, next_cursor: str | None) -> EventsReport:
    """Return the answer with a page."""
    period = question.period
    return EventsReport(
        success=True,
        organization_id=question.organization.id,
        period=period.to_json(),
        events=[_line(*row) for row in page.rows],
        next_cursor=next_cursor,
    )


def _line(
    identity: str,
    meter: int,
    user_id: str | None,
    resource_id: str | None,
    time: int,
    day: int,
    quantity: int,
    billed: int,
    _meter: int,
    cost: int,
    country: str | None,
    attributes: str,
    received_at: int,
    reverses: str | None,
) -> EventLine:
    return EventLine(
        id=identity,
        type=BY_CODE[meter].type,
        user_id=user_id,
        resource_id=resource_id,
        time=instant_text(time),
        day=day_of(day).isoformat(),
        quantity=raw_quantity(quantity),
        billed_quantity=raw_quantity(billed),
        unit=BY_CODE[meter].unit,
        cost=raw_amount(cost),
        country=country,
        attributes=msgspec.json.decode(attributes) if attributes else {},
        received_at=instant_text(received_at),
        reverses=reverses,
    )


_NEWEST = 2**63 - 1


def read_page(
    snapshot: Snapshot, question: EventsQuestion, limit: int, after: PageEnd | None
) -> Page:
    """Read a page; `after` is the last event of the page before."""
    rows: list[Row] = []
    for day in _days(snapshot, question, after.day if after else None):
        time, identity = after[1:] if after and after.day == day else (_NEWEST, "")
        bound = _parameters(question, day) | {
            "before": time,
            "before_id": identity,
            "limit": limit + 1 - len(rows),
        }
        rows += snapshot.table(PAGE[question.whose], bound, len(COLUMNS))
        if len(rows) > limit:
            last = rows[limit - 1]
            return Page(rows[:limit], PageEnd(last[5], last[4], last[0]))
    return Page(rows, None)


def events_table(snapshot: Snapshot, question: EventsQuestion) -> Table:
    """Return all events as a table, which is read while it is used.

    The newest day is first. Within a day, events are in the order of their ids: sorting them by
    time would need memory for a whole day.
    """
    return Table(COLUMNS, (row for rows in _chunks(snapshot, question) for row in rows))


def _chunks(snapshot: Snapshot, question: EventsQuestion) -> Iterator[list[Row]]:
    for day in _days(snapshot, question):
        bound = _parameters(question, day) | {"limit": AT_ONCE}
        rows = snapshot.table(FIRST[question.whose], bound, len(COLUMNS))
        yield rows
        while len(rows) == AT_ONCE:
            rows = snapshot.table(
                CHUNK[question.whose], bound | {"after": rows[-1][0]}, len(COLUMNS)
            )
            yield rows


def _days(snapshot: Snapshot, question: EventsQuestion, newest: int | None = None) -> Iterator[int]:
    """Read the days with events, the newest first, a month at a time."""
    period = question.period
    first, last = day_number(period.start), day_number(period.end)
    if newest is not None:
        last = min(last, newest)
    bound = {"organization": question.organization.number, **_filters(question)}
    months = snapshot.rows(
        MONTHS, organization=bound["organization"], first=first // 100, last=last // 100
    )
    for (month,) in months:
        if question.whose is Whose.ALL and question.country is not None:
            days = _days_of_hours(snapshot, question, bound, month)
            yield from (day for day in days if first <= day <= last)
            continue
        bounds = {"month": month, "first": first, "last": last}
        if question.whose is Whose.ALL:
            found = snapshot.rows(DAYS, **bounds, **_without_country(bound))
        else:
            found = snapshot.rows(USER_DAYS, **bounds, **bound, user=question.user_id or "")
        yield from (day for (day,) in found)


def _days_of_hours(
    snapshot: Snapshot, question: EventsQuestion, bound: dict[str, Any], month: int
) -> list[int]:
    """Read the days with usage in a country from its hours: no daily sums have only the country.

    The end of an hour counts too: some zones have put clocks back over midnight within an hour.
    """
    there = zone(question.organization.timezone)
    found: set[int] = set()
    for (hour,) in snapshot.rows(HOURS, month=month, **bound):
        for minute in (hour, hour + 59):
            day = day_number(instant_of(minute * 60_000_000).astimezone(there).date())
            if day // 100 == month:
                found.add(day)
    return sorted(found, reverse=True)


def _without_country(bound: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in bound.items() if "country" not in name}


def _parameters(question: EventsQuestion, day: int) -> dict[str, Any]:
    """Return the parameters that pages and streams share."""
    bound = {"organization": question.organization.number, "day": day, "as_of": question.as_of}
    user = {"user": question.user_id} if question.whose is Whose.USER else {}
    return {**bound, **_filters(question), **user}


_EVERY_METER = tuple(meter.type for meter in CATALOG)
_LAST_COUNTRY = "ZZ"


def _filters(question: EventsQuestion) -> dict[str, Any]:
    """Return the meters as the bits of a number, so that one statement serves any choice of them.

    Organization-level meters are not in a user's figures. Without a country the range is '' to
    'ZZ', which includes every country and usage without one.
    """
    meters = [BY_TYPE[name] for name in question.meters or _EVERY_METER]
    if question.whose is Whose.USER:
        meters = [meter for meter in meters if not meter.organization_level]
    return {
        "meters": sum(1 << meter.code for meter in meters),
        "country": question.country or "",
        "last_country": question.country or _LAST_COUNTRY,
    }
