"""How complete an answer is: its period, events that wait, and the delay of the newest one."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.builders import Platform, event
from tollbook.analytics.completeness import (
    AnswerPart,
    Meta,
    completeness,
    instant_text,
    instants_of,
    of_a_part,
    parts_of,
    period_or_all,
    period_state,
)
from tollbook.analytics.scope import QuestionScope
from tollbook.domain.events import microseconds
from tollbook.domain.periods import Period
from tollbook.store import directory
from tollbook.store.citus.versions import NodeVersion
from tollbook.store.database import Database
from tollbook.store.directory import OrganizationRow
from tollbook.store.pending_events import PendingEvents
from tollbook.store.versions import LedgerVersion

JANUARY = Period(date(2024, 1, 1), date(2024, 1, 31))
FEBRUARY = Period(date(2024, 2, 1), date(2024, 2, 29))
NOON = microseconds(datetime.fromisoformat("2024-01-31T12:00:00Z"))


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def scope(platform: Platform, organization: str = "") -> QuestionScope:
    row: OrganizationRow | None = None
    if organization:
        with platform.database.reading() as snapshot:
            row = directory.find_organization(snapshot, platform.tenant, organization)
    return QuestionScope(platform.tenant, row, None, "USD")


def meta(platform: Platform, organization: str = "", period: Period | None = JANUARY) -> Meta:
    of = scope(platform, organization)
    with platform.database.reading() as snapshot:
        return completeness(snapshot, of, period, of.ledger_version(snapshot), NOON, NOON)


def test_an_empty_organization_waits_for_nothing(platform: Platform) -> None:
    for organization in ("", "org_1"):
        found = meta(platform, organization)
        assert {it.as_of for it in found.parts or ()} <= {found.as_of}
        assert msgspec.structs.replace(found, parts=None) == Meta(
            as_of="2024-01-31T12:00:00.000000Z",
            timezone="UTC",
            currency="USD",
            period_state="open",
            quarantined_events=0,
            quarantined_share=0.0,
            newest_event_at=None,
            last_received_at=None,
            ingest_lag_seconds=None,
            pending_events=PendingEvents(0, 0, 0),
        )


def test_each_node_is_as_of_its_newest_change_or_of_the_answer() -> None:
    nodes = (NodeVersion("node_1", NOON - 5), NodeVersion("node_2", NOON + 1_500))
    version = LedgerVersion(1, NOON + 1_500, 0, NOON + 1_500, 0, nodes)
    assert parts_of(version, NOON) == [
        AnswerPart("node_1", "2024-01-31T12:00:00.000000Z", 0.0),
        AnswerPart("node_2", "2024-01-31T12:00:00.001500Z", 1.5),
    ]
    assert parts_of(version._replace(nodes=()), NOON) is None


def test_waiting_events_are_a_share_of_all_events_of_the_period(platform: Platform) -> None:
    platform.send(
        event(id="1"),
        event(id="2"),
        event(id="long", quantity=90_000),
        event(id="later", quantity=90_000, time="2024-02-01T00:00:00Z"),
    )
    for organization in ("", "org_1"):
        found = meta(platform, organization)
        assert (found.quarantined_events, found.quarantined_share) == (1, 0.333333)
        later = meta(platform, organization, FEBRUARY)
        assert (later.quarantined_events, later.quarantined_share) == (1, 1.0)
        always = meta(platform, organization, None)
        assert (always.quarantined_events, always.quarantined_share) == (2, 0.5)


def test_events_wait_on_the_calendar_of_their_organization(platform: Platform) -> None:
    platform.organization("tokyo", timezone="Asia/Tokyo")
    for organization in ("org_1", "tokyo"):
        time = "2024-01-31T15:00:00Z"
        platform.send(event(organization_id=organization, quantity=90_000, time=time))
    assert meta(platform, "org_1").quarantined_events == 1
    assert meta(platform, "tokyo").quarantined_events == 0
    assert meta(platform, "tokyo", FEBRUARY).quarantined_events == 1
    assert meta(platform).quarantined_events == 1
    assert meta(platform, "tokyo").timezone == "Asia/Tokyo"


def test_the_delay_is_that_of_the_newest_event(platform: Platform) -> None:
    platform.send(event(time="2024-01-15T10:30:00Z"))
    found = meta(platform, "org_1")
    assert found.newest_event_at == "2024-01-15T10:30:00.000Z"
    assert found.last_received_at is not None
    received = datetime.fromisoformat(found.last_received_at)
    since = (received - datetime.fromisoformat(found.newest_event_at)).total_seconds()
    assert found.ingest_lag_seconds == pytest.approx(since, abs=0.001)


def test_costs_in_other_currencies_are_named(platform: Platform) -> None:
    platform.organization("euros", currency="EUR")
    platform.send(event(organization_id="euros", cost="1"))
    assert meta(platform).other_currencies == ["EUR"]
    assert meta(platform, period=FEBRUARY).other_currencies == []
    assert meta(platform, "org_1").other_currencies == []
    assert meta(platform, "euros").currency == "EUR"


def test_a_key_of_a_part_does_not_see_the_rest() -> None:
    ages = PendingEvents(1, 2, 3)
    whole = Meta("now", "UTC", "USD", "open", 3, 0.5, "then", "later", 1.5, [], ages)
    part = of_a_part(whole)
    hidden = (
        *("quarantined_share", "newest_event_at", "last_received_at", "ingest_lag_seconds"),
        "pending_events",
    )
    assert all(getattr(part, name) is None for name in hidden)
    assert msgspec.structs.replace(whole, **dict.fromkeys(hidden)) == part


TOKYO = OrganizationRow(1, "o", "O", "Asia/Tokyo", "USD", "active")


@pytest.mark.parametrize(
    ("instant", "in_utc", "in_tokyo"),
    [
        ("2024-01-31T14:59:59.999999Z", "open", "open"),
        ("2024-01-31T15:00:00Z", "open", "closed"),
        ("2024-01-31T23:59:59.999999Z", "open", "closed"),
        ("2024-02-01T00:00:00Z", "closed", "closed"),
    ],
)
def test_a_period_is_open_until_its_last_day_ends(instant: str, in_utc: str, in_tokyo: str) -> None:
    clock = microseconds(datetime.fromisoformat(instant))
    assert period_state(QuestionScope("t"), JANUARY, clock) == in_utc
    assert period_state(QuestionScope("t", TOKYO), JANUARY, clock) == in_tokyo
    assert period_state(QuestionScope("t"), None, clock) == "open"


@pytest.mark.parametrize(
    ("zone", "hours"), [("UTC", 24), ("Europe/Berlin", 23), ("Asia/Kathmandu", 24)]
)
def test_a_day_has_the_instants_of_its_zone(zone: str, hours: int) -> None:
    day = date(2024, 3, 31)
    first, last = instants_of(Period(day, day), ZoneInfo(zone))
    assert last + 1 - first == hours * 3_600_000_000
    midnight = datetime(2024, 3, 31, tzinfo=ZoneInfo(zone))
    assert first == microseconds(midnight)


def test_the_days_of_the_calendar_have_every_instant() -> None:
    first, last = instants_of(Period(date.min, date.max), ZoneInfo("UTC"))
    assert (first, last) == (-(2**62), 2**62 - 1)
    assert period_or_all(None) == (date.min, date.max)
    assert period_or_all(JANUARY) == (JANUARY.start, JANUARY.end)


@pytest.mark.parametrize(
    ("stored", "text"),
    [(0, "1970-01-01T00:00:00.000Z"), (1_999, "1970-01-01T00:00:00.001Z")],
)
def test_an_instant_is_cut_to_milliseconds(stored: int, text: str) -> None:
    assert instant_text(stored) == text
