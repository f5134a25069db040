"""Events behind a figure: the empty organization first, then days, pages, filters and the pin."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.analytics.golden import golden_lines, lines_of
from tests.builders import Platform, event, reversal
from tollbook.analytics import event_statements as statements
from tollbook.analytics import events
from tollbook.analytics.event_statements import Whose
from tollbook.analytics.events import (
    EventsQuestion,
    PageEnd,
    events_table,
    read_page,
)
from tollbook.analytics.events_report import events_report
from tollbook.analytics.partial_days import local_days
from tollbook.domain.events import microseconds
from tollbook.domain.instants import parsed_instant
from tollbook.domain.periods import Period
from tollbook.store import directory, versions
from tollbook.store.database import Database, Snapshot, open_database

STATEMENTS = {
    **{f"page_{whose}": sql for whose, sql in statements.PAGE.items()},
    **{f"first_{whose}": sql for whose, sql in statements.FIRST.items()},
    **{f"chunk_{whose}": sql for whose, sql in statements.CHUNK.items()},
    "months": statements.MONTHS,
    "days": statements.DAYS,
    "user_days": statements.USER_DAYS,
    "resource_days": statements.RESOURCE_DAYS,
    "hours": statements.HOURS,
}


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def wanted(snapshot: Snapshot, **given: Any) -> EventsQuestion:
    row = directory.find_organization(snapshot, "default", given.pop("organization", "org_1"))
    assert row is not None
    start, end = given.pop("start", date(2024, 1, 1)), given.pop("end", date(2024, 1, 31))
    first, last = local_days(start, end, ZoneInfo(row.timezone))
    assert first
    assert last
    instants = {name: it for name, it in (("start", start), ("end", end)) if isinstance(it, int)}
    period, as_of = Period(first, last), given.pop("as_of", 2**62)
    return EventsQuestion(row, period, as_of, **instants, **given)


def listed(platform: Platform, limit: int = 100, **given: Any) -> list[str]:
    """Return the ids on all pages, and see that a stream has the same."""
    ids: list[str] = []
    with platform.database.reading() as snapshot:
        asked = wanted(snapshot, **given)
        after: PageEnd | None = None
        while True:
            page = read_page(snapshot, asked, limit, after)
            ids += [row[0] for row in page.rows]
            assert len(page.rows) <= limit
            after = page.end
            if after is None:
                break
        assert sorted(row[0] for row in events_table(snapshot, asked).rows) == sorted(ids)
    return ids


def test_an_empty_organization_has_no_events(platform: Platform) -> None:
    assert listed(platform) == []
    with platform.database.reading() as snapshot:
        asked = wanted(snapshot)
        report = events_report(asked, read_page(snapshot, asked, 10, None), None)
    assert (report.events, report.next_cursor) == ([], None)


def test_events_are_listed_newest_first_over_days_and_months(platform: Platform) -> None:
    times = {
        "a": "2024-01-31T23:59:59Z",
        "c": "2024-01-02T00:00:00Z",
        "b": "2024-01-02T00:00:00Z",
        "d": "2024-01-01T12:00:00Z",
        "e": "2023-12-31T12:00:00Z",
        "f": "2023-12-01T12:00:00Z",
    }
    platform.send(*(event(id=it, time=time) for it, time in times.items()))
    year = {"start": date(2023, 1, 1)}
    for limit in (1, 2, 4, 5, 6, 100):
        assert listed(platform, limit, **year) == ["a", "c", "b", "d", "e", "f"]
    assert listed(platform) == ["a", "c", "b", "d"]
    assert listed(platform, start=date(2024, 1, 2), end=date(2024, 1, 30)) == ["c", "b"]


def test_what_is_received_later_is_in_no_page(platform: Platform) -> None:
    platform.send(event(id="1"), event(id="2", time="2024-01-02T00:00:00Z"))
    with platform.database.reading() as snapshot:
        version = versions.ledger_version(snapshot, platform.number("org_1"))
    platform.send(event(id="late", time="2024-01-05T00:00:00Z"))
    assert listed(platform, as_of=version.received_at) == ["1", "2"]
    assert listed(platform) == ["1", "late", "2"]


def test_filters_leave_out_all_else(platform: Platform) -> None:
    to_germany = {"to": "+4930123456", "direction": "outbound"}
    platform.send(
        event(id="call"),
        event(id="german", attributes=to_germany),
        event(id="german 2", user_id="user_2", attributes=to_germany, type="sms.outbound"),
        event(id="sms", type="sms.outbound", user_id="user_2", time="2024-01-03T00:00:00Z"),
        event(id="own", user_id=None, time="2024-01-04T00:00:00Z"),
        event(id="brand", type="brand.registration", quantity=1, time="2024-01-02T00:00:00Z"),
    )
    assert listed(platform, user_id="user_1") == ["german", "call"]
    assert listed(platform, user_id="nobody") == []
    assert listed(platform, nobody=True) == ["own", "brand"]
    assert listed(platform, meters=("sms.outbound",)) == ["german 2", "sms"]
    assert listed(platform, meters=("brand.registration",)) == ["brand"]
    assert listed(platform, user_id="user_1", meters=("brand.registration",)) == []
    assert listed(platform, country="DE") == ["german 2", "german"]
    assert listed(platform, country="DE", user_id="user_2") == ["german 2"]
    assert listed(platform, country="DE", meters=("voice.call",)) == ["german"]
    assert listed(platform, country="FR") == []
    assert listed(platform, country="") == ["call", "own", "sms", "brand"]
    assert listed(platform, country="", user_id="user_1") == ["call"]
    assert listed(platform, country="", nobody=True) == ["own", "brand"]


def test_events_of_a_resource(platform: Platform) -> None:
    platform.send(
        event(id="kb", type="kb.usage", resource_id="r", time="2024-01-02T00:00:00Z"),
        event(id="kb 2", type="kb.usage", resource_id="r", user_id="user_2"),
        event(id="other", type="kb.usage", resource_id="R"),
        event(id="call", resource_id="r", time="2024-01-20T00:00:00Z"),
        event(id="none"),
    )
    platform.reverse(reversal("kb"), key=platform.key())
    assert listed(platform, 1, resource_id="r") == ["call", "kb 2", "kb", "back kb"]
    assert listed(platform, resource_id="r", meters=("kb.usage",)) == ["kb 2", "kb", "back kb"]
    assert listed(platform, resource_id="r", user_id="user_2") == ["kb 2"]
    assert listed(platform, resource_id="r", meters=("kb.rental", "kb.usage"), country="GB") == []
    assert listed(platform, resource_id="none") == []


def test_events_between_instants(platform: Platform) -> None:
    platform.organization("org_2", timezone="Asia/Kathmandu")
    times = [f"2024-01-{day:02}T{hour:02}:15:00Z" for day in (2, 3, 4) for hour in (0, 18, 23)]
    platform.send(*(event(id=it, organization_id="org_2", time=it) for it in times))
    instants = [microseconds(parsed_instant(it)) for it in times]
    for first in range(len(times)):
        for end in range(first + 1, len(times)):
            asked = {"organization": "org_2", "start": instants[first], "end": instants[end]}
            assert listed(platform, 2, **asked) == times[first:end][::-1]
    mixed = {"organization": "org_2", "start": date(2024, 1, 3), "end": instants[6]}
    # 18:15 in UTC is midnight in Kathmandu.
    assert listed(platform, **mixed) == times[1:6][::-1]
    mixed = {"organization": "org_2", "start": instants[4], "end": date(2024, 1, 3)}
    assert listed(platform, **mixed) == []


def test_a_country_is_found_on_the_day_of_the_organization(platform: Platform) -> None:
    platform.organization("org_2", timezone="Asia/Kathmandu")
    attributes = {"to": "+4930123456"}
    times = ("2024-01-01T18:14:59Z", "2024-01-01T18:15:00Z", "2024-01-31T18:14:59Z")
    platform.send(
        *(
            event(id=time, organization_id="org_2", time=time, attributes=attributes)
            for time in times
        )
    )
    day = {"organization": "org_2", "country": "DE"}
    assert listed(platform, **day, end=date(2024, 1, 1)) == [times[0]]
    assert listed(platform, **day, start=date(2024, 1, 2), end=date(2024, 1, 2)) == [times[1]]
    assert listed(platform, **day) == [times[2], times[1], times[0]]


def test_a_reversal_is_an_event_with_negative_figures(platform: Platform) -> None:
    platform.send(event(attributes={"to": "+4930123456"}))
    assert platform.reversed(reversal(id="back")) == [("accepted", None)]
    with platform.database.reading() as snapshot:
        asked = wanted(snapshot)
        report = events_report(asked, read_page(snapshot, asked, 10, None), None)
    call, back = report.events
    assert (call.id, back.id, back.reverses) == ("call-1", "back", "call-1")
    assert (bytes(back.quantity), bytes(back.cost)) == (b"-61", b"-0.122")
    assert (call.day, call.time) == (back.day, back.time) == ("2024-01-15", "2024-01-15T10:30:00Z")


def test_a_stream_reads_a_day_in_pieces(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "AT_ONCE", 3)
    platform.send(*(event(id=f"{n:02}") for n in range(10)))
    platform.send(event(id="newer", time="2024-01-16T00:00:00Z"))
    with platform.database.streaming() as snapshot:
        ids = [row[0] for row in events_table(snapshot, wanted(snapshot)).rows]
    assert ids == ["newer", *(f"{n:02}" for n in range(10))]


def test_the_statements_are_the_golden_ones() -> None:
    assert lines_of(STATEMENTS) == golden_lines("events", STATEMENTS)


def test_one_users_events_are_read_by_the_index_of_users(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    bound = {
        "organization": 1,
        "day": 20240101,
        "user": "u",
        "meters": 1,
        "country": "",
        "last_country": "ZZ",
        "as_of": 1,
        "resource": None,
        "start": 0,
        "end": 1,
        "limit": 10,
    }
    place = {"before": 1, "before_id": ""}
    with database.reading() as snapshot:
        plans = {
            whose: str(snapshot.rows(f"EXPLAIN QUERY PLAN {statements.FIRST[whose]}", **bound))
            for whose in Whose
        }
        page = str(snapshot.rows(f"EXPLAIN QUERY PLAN {statements.PAGE['user']}", **bound, **place))
    database.close()
    assert "ix_events_by_user" in page
    assert "ix_events_by_user" in plans[Whose.USER]
    assert "PRIMARY KEY" in plans[Whose.ALL]
    assert "TEMP B-TREE" not in plans[Whose.ALL]
