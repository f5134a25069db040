"""The events that make up a figure: the question behind GET /v1/events.

Most questions read sums; this one reads events. The sums show which days have events, so a page
reads only as many days as it needs, the newest first.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tollbook.analytics.archived_events import (
    ArchivedEvents,
    find_files,
    merge_by_id,
    refusal,
)
from tollbook.analytics.corrected_rows import CORRECTIONS, with_corrections
from tollbook.analytics.event_statements import MONTHS, EventStatements, Whose, statements
from tollbook.analytics.in_country import country_parameters
from tollbook.analytics.margin import margin_columns
from tollbook.analytics.partial_days import Bound
from tollbook.analytics.tables import Column, ColumnKind, Table, text_columns
from tollbook.domain.catalog import BUILT_IN, Catalog
from tollbook.domain.directory import zone
from tollbook.domain.events import instant_of
from tollbook.domain.meters import CATALOG
from tollbook.domain.periods import Period, day_number
from tollbook.store.database import Snapshot
from tollbook.store.directory import OrganizationRow
from tollbook.store.engine import Parameters, Row
from tollbook.store.event_ids import encode_id

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
"""The columns of the ledger, followed in listed rows by those of `CORRECTIONS`."""

AT_ONCE = 1_000
"""Rows that a stream reads in one step. A step must be short: it delays other requests."""


class EventsQuestion(NamedTuple):
    """The events to read. Events received after `as_of` are left out.

    `start` and `end` are instants within the first and the last day; `end` is excluded. The country
    "" is that of events without one.
    """

    organization: OrganizationRow
    period: Period
    as_of: int
    user_id: str | None = None
    nobody: bool = False
    meters: tuple[str, ...] = ()
    country: str | None = None
    resource_id: str | None = None
    start: int | None = None
    end: int | None = None
    with_margin: bool = False
    catalog: Catalog = BUILT_IN

    @property
    def statements(self) -> EventStatements:
        """Return the statements that read them."""
        return statements(margin=self.with_margin, own=bool(self.catalog.own))

    @property
    def width(self) -> int:
        """Return the number of columns of the statements of events."""
        return len(COLUMNS) + self.with_margin

    @property
    def bounds(self) -> tuple[Bound, Bound]:
        """Return the first and the last day, or the instants within them."""
        days, start, end = self.period, self.start, self.end
        return days.start if start is None else start, days.end if end is None else end

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


_NEWEST = 2**63 - 1


def read_page(
    snapshot: Snapshot,
    question: EventsQuestion,
    limit: int,
    after: PageEnd | None,
    folder: Path | None = None,
) -> Page:
    """Read a page; `after` is the last event of the page before.

    Archived events are read from their files, in `folder` or where they were written. Raise
    `EventArchived` when a file that the question needs cannot be read.
    """
    newest = after.day if after else None
    months = _months(snapshot, question, newest)
    archived = _find_archived(snapshot, question, months, folder, newest)
    rows: list[Row] = []
    end = None
    for day in _days(snapshot, question, months, newest):
        time, identity = after[1:] if after and after.day == day else (_NEWEST, "")
        bound = _parameters(question, day) | {
            "before": time,
            "before_id": encode_id(identity),
            "limit": limit + 1 - len(rows),
        }
        ledger = snapshot.table(question.statements.page[question.whose], bound, question.width)
        rows += archived.merge_newest(ledger, bound)
        if len(rows) > limit:
            rows, last = rows[:limit], rows[limit - 1]
            end = PageEnd(last[5], last[4], last[0])
            break
    return Page(_completed(snapshot, question, rows), end)


def _completed(snapshot: Snapshot, question: EventsQuestion, rows: list[Row]) -> list[Row]:
    """Return rows with their corrections, then their purchase cost and margin if asked for."""
    number = question.organization.number
    completed = with_corrections(snapshot, number, question.as_of, rows)
    if not question.with_margin:
        return completed
    return [(*row[:_BUY], *row[_BUY + 1 :], *_margin(row[_COST], row[_BUY])) for row in completed]


_COST, _BUY = [it.name for it in COLUMNS].index("cost"), len(COLUMNS)
_MARGIN = margin_columns()[:2]


def _margin(cost: int, buy: int | None) -> tuple[int | None, int | None]:
    return buy, None if buy is None else cost - buy


def require_readable(snapshot: Snapshot, question: EventsQuestion, folder: Path | None) -> None:
    """Raise `EventArchived` when a file that the question needs is not there."""
    _find_archived(snapshot, question, _months(snapshot, question), folder)


def events_table(snapshot: Snapshot, question: EventsQuestion, folder: Path | None = None) -> Table:
    """Return all events as a table, which is read while it is used.

    The newest day is first. Within a day, events are in the order of their ids: sorting them by
    time would need memory for a whole day. Archived events are read as by `read_page`; their files
    are checked before this returns.
    """
    months = _months(snapshot, question)
    archived = _find_archived(snapshot, question, months, folder, verify=True)
    chunks = _chunks(snapshot, question, months, archived)
    return table_of(question, (row for rows in chunks for row in rows))


def table_of(question: EventsQuestion, rows: Iterable[Row]) -> Table:
    """Return events as a table that names their organization and the currency of their costs."""
    organization = question.organization
    names = text_columns(organization_id=organization.id, currency=organization.currency)
    columns = (*COLUMNS, *(column for column, _ in names), *CORRECTIONS)
    columns += _MARGIN if question.with_margin else ()
    values = tuple(value for _, value in names)
    width = len(COLUMNS)
    if question.catalog.own:
        columns = tuple(map(_as_text, columns))
        rows = _named(question.catalog, rows)
    return Table(columns, ((*row[:width], *values, *row[width:]) for row in rows))


_TYPE, _UNIT = ([it.kind for it in COLUMNS].index(it) for it in (ColumnKind.METER, ColumnKind.UNIT))


def _as_text(column: Column) -> Column:
    """Return the column of the names of own meters, which only their tenant's catalog has."""
    named = column.kind in (ColumnKind.METER, ColumnKind.UNIT)
    return column._replace(kind=ColumnKind.TEXT) if named else column


def _named(catalog: Catalog, rows: Iterable[Row]) -> Iterator[Row]:
    """Return rows with the type and unit of each meter instead of its code."""
    for row in rows:
        meter, changed = catalog.of_code(row[_TYPE]), list(row)
        changed[_TYPE], changed[_UNIT] = meter.type, meter.unit
        yield tuple(changed)


def _chunks(
    snapshot: Snapshot, question: EventsQuestion, months: Sequence[int], archived: ArchivedEvents
) -> Iterator[list[Row]]:
    for day in _days(snapshot, question, months):
        bound = _parameters(question, day) | {"limit": AT_ONCE}
        ledger = _ledger_chunks(snapshot, question, bound)
        sources = [ledger, *archived.chunks(bound, AT_ONCE)]
        for rows in merge_by_id(sources):
            yield _completed(snapshot, question, rows)


def _ledger_chunks(
    snapshot: Snapshot, question: EventsQuestion, bound: Parameters
) -> Iterator[list[Row]]:
    found, whose = question.statements, question.whose
    rows = snapshot.table(found.first[whose], bound, question.width)
    yield rows
    while len(rows) == AT_ONCE:
        after = {**bound, "after": encode_id(rows[-1][0])}
        rows = snapshot.table(found.chunk[whose], after, question.width)
        yield rows


def _find_archived(
    snapshot: Snapshot,
    question: EventsQuestion,
    months: Sequence[int],
    folder: Path | None,
    newest: int | None = None,
    *,
    verify: bool = False,
) -> ArchivedEvents:
    """Find the archives of the months of a question; `verify` their checksums.

    Raise `EventArchived` when one cannot be read that has an event of the question.
    """
    if not months:
        return ArchivedEvents({}, question.whose)
    snapshot.require_events(months)
    span = months[-1], months[0]
    number = question.organization.number
    found, problems = find_files(snapshot, number, span, folder, verify=verify)
    first, last = _first_and_last(question, newest)
    bound = _parameters(question, last) | {"first": first, "last": last}
    needed = {
        month: problem
        for month, problem in problems.items()
        if snapshot.rows(question.statements.archived[question.whose], **bound, month=month)
    }
    if needed:
        raise refusal(needed)
    return ArchivedEvents(found, question.whose, with_buy=question.with_margin)


def _months(snapshot: Snapshot, question: EventsQuestion, newest: int | None = None) -> list[int]:
    """Read the months with events, the newest first."""
    first, last = _first_and_last(question, newest)
    number = question.organization.number
    rows = snapshot.rows(MONTHS, organization=number, first=first // 100, last=last // 100)
    return [month for (month,) in rows]


def _first_and_last(question: EventsQuestion, newest: int | None) -> tuple[int, int]:
    first, last = day_number(question.period.start), day_number(question.period.end)
    return first, last if newest is None else min(last, newest)


def _days(
    snapshot: Snapshot,
    question: EventsQuestion,
    months: Iterable[int],
    newest: int | None = None,
) -> Iterator[int]:
    """Read the days with events in these months, the newest first, a month at a time."""
    first, last = _first_and_last(question, newest)
    for month in months:
        yield from _days_of_month(snapshot, question, month, first, last)


def _days_of_month(
    snapshot: Snapshot, question: EventsQuestion, month: int, first: int, last: int
) -> Iterable[int]:
    """Read the days with events from the sums that have most of the question's filters."""
    countries = country_parameters(question.country)
    bound = {
        "organization": question.organization.number,
        "month": month,
        **_meters(question),
    }
    found = question.statements
    between = {"first": first, "last": last}
    if question.whose is not Whose.ALL:
        user = {"user": question.user_id or ""}
        return _column(snapshot.rows(found.user_days, **bound, **between, **countries, **user))
    if question.resource_id is not None and _codes(question) <= _COUNTED:
        resource = {"resource": question.resource_id}
        return _column(snapshot.rows(found.resource_days, **bound, **between, **resource))
    if question.country is None:
        return _column(snapshot.rows(found.days, **bound, **between))
    hours = _column(snapshot.rows(found.hours, **bound, **countries))
    days = _days_of_hours(hours, zone(question.organization.timezone))
    return [day for day in days if day // 100 == month and first <= day <= last]


def _column(rows: Sequence[Row]) -> Iterator[int]:
    return (value for (value,) in rows)


def _days_of_hours(hours: Iterable[int], there: ZoneInfo) -> list[int]:
    """Return the days of hours, the newest first: no daily sums have only the country.

    The end of an hour counts too: some zones have put clocks back over midnight within an hour.
    """
    minutes = (minute for hour in hours for minute in (hour, hour + 59))
    dates = {instant_of(it * 60_000_000).astimezone(there).date() for it in minutes}
    return sorted(map(day_number, dates), reverse=True)


def _parameters(question: EventsQuestion, day: int) -> dict[str, Any]:
    """Return the parameters that pages and streams share."""
    return {
        "organization": question.organization.number,
        "day": day,
        "as_of": question.as_of,
        "resource": question.resource_id,
        "start": -_NEWEST if question.start is None else question.start,
        "end": _NEWEST if question.end is None else question.end,
        **_meters(question),
        **country_parameters(question.country),
        **({"user": question.user_id} if question.whose is Whose.USER else {}),
    }


_COUNTED = frozenset(meter.code for meter in CATALOG if meter.needs_resource)
"""The meters of which `resources_daily` has every event."""


def _codes(question: EventsQuestion) -> frozenset[int]:
    """Return the meters of a question; organization-level ones are not in a user's figures."""
    catalog = question.catalog
    meters = [catalog.by_type[name] for name in question.meters] or catalog.meters
    is_of_user = question.whose is Whose.USER
    return frozenset(it.code for it in meters if not (is_of_user and it.organization_level))


def _meters(question: EventsQuestion) -> dict[str, Any]:
    """Return the meters as a parameter, so that one statement serves any choice of them.

    They are the bits of a number, unless the tenant has meters of its own.
    """
    codes = _codes(question)
    if question.catalog.own:
        return {"codes": sorted(codes)}
    return {"meters": sum(1 << code for code in codes)}
