"""Segments and seconds between two instants: nothing first, then each bound and each rule."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.analytics.golden import golden_lines, lines_of
from tests.builders import Json, Platform, event
from tollbook.analytics import usage
from tollbook.analytics.partial_days import NO_DAYS, NO_PART, Between, Bound, DayPart, split
from tollbook.analytics.scope import QuestionScope
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.events import microseconds
from tollbook.domain.periods import Period
from tollbook.store import directory
from tollbook.store.database import Database

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def platform(database: Database) -> Platform:
    return Platform(database)


def at(text: str) -> int:
    return microseconds(datetime.fromisoformat(text))


def asked(
    platform: Platform,
    start: Bound | None = None,
    end: Bound | None = None,
    user: str | None = None,
) -> Json:
    between = Between(start, end)
    with platform.database.reading() as snapshot:
        row = directory.find_organization(snapshot, platform.tenant, "org_1")
        assert row is not None
        scope = QuestionScope(platform.tenant, row, user)
        found = directory.find_user(snapshot, row.number, user) if user else None
        sums = usage.usage_sums(snapshot, scope, usage.split_of(scope, between))
        report = usage.usage_report(scope, found, between, sums)
    answer: Json = msgspec.json.decode(msgspec.json.encode(report))
    answered: Json = answer["usage"]
    return answered


def test_an_organization_without_events_has_used_nothing(platform: Platform) -> None:
    platform.organization(name="Acme")
    assert asked(platform) == {
        "organization_id": "org_1",
        "organization_name": "Acme",
        "sms": {"outbound": 0, "inbound": 0, "total": 0},
        "mms": {"outbound": 0, "inbound": 0, "total": 0},
        "voice": {"seconds": 0, "kb_seconds": 0, "total_seconds": 0},
        "period": "all_time",
    }


def test_messages_are_in_segments_and_calls_of_knowledge_bases_apart(platform: Platform) -> None:
    platform.organization()
    platform.send(
        event(),
        event(id="2", type="kb.usage", quantity="0.5", resource_id="kb"),
        event(id="3", type="sms.outbound", quantity=3),
        event(id="4", type="sms.inbound", quantity=2, user_id="user_2"),
        event(id="5", type="mms.outbound", quantity=4),
        event(id="6", type="mms.inbound", quantity=5, user_id=None),
        event(id="7", type="api.request", quantity=1000),
    )
    whole, mine = asked(platform), asked(platform, user="user_1")
    assert whole["sms"] == {"outbound": 3, "inbound": 2, "total": 5}
    assert whole["mms"] == {"outbound": 4, "inbound": 5, "total": 9}
    assert whole["voice"] == {"seconds": 61, "kb_seconds": 0.5, "total_seconds": 61.5}
    assert mine["sms"] == {"outbound": 3, "inbound": 0, "total": 3}
    assert mine["mms"] == {"outbound": 4, "inbound": 0, "total": 4}
    assert mine["voice"] == whole["voice"]


def test_a_user_is_named_with_the_email(platform: Platform) -> None:
    platform.organization()
    platform.send(event())
    assert list(asked(platform, user="user_1").items())[:3] == [
        ("user_id", "user_1"),
        ("user_name", "user_1"),
        ("user_email", None),
    ]


def test_an_instant_at_the_end_is_not_in_it_and_a_day_is(platform: Platform) -> None:
    platform.organization()
    times = ["2024-01-01T00:00:00Z", "2024-01-01T12:00:00Z", "2024-01-02T00:00:00Z"]
    platform.send(*(event(id=it, time=it, quantity=1) for it in times))

    def seconds(start: Any, end: Any) -> Any:
        return asked(platform, start, end)["voice"]["seconds"]

    assert seconds(at("2024-01-01T00:00:00Z"), at("2024-01-02T00:00:00Z")) == 2
    assert seconds(at("2024-01-01T00:00:00Z"), at("2024-01-01T12:00:00Z")) == 1
    assert seconds(at("2024-01-01T12:00:00Z"), at("2024-01-02T00:00:00.000001Z")) == 2
    assert seconds(at("2024-01-01T00:00:00.000001Z"), None) == 2
    assert seconds(date(2024, 1, 1), date(2024, 1, 1)) == 2
    assert seconds(date(2024, 1, 2), None) == 1
    assert seconds(None, date(2023, 12, 31)) == 0
    assert seconds(None, at("1960-01-01T00:00:00Z")) == 0


def test_the_period_is_repeated_as_it_was_given(platform: Platform) -> None:
    platform.organization()
    answered = asked(platform, at("2026-02-10T01:00:00+01:00"), date(2026, 2, 11))
    assert answered["period"] == {"start": "2026-02-10T00:00:00Z", "end": "2026-02-11"}
    assert asked(platform, None, date(9999, 12, 31))["period"] == {
        "start": None,
        "end": "9999-12-31",
    }


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (at("2024-01-01T00:00:00Z"), at("2024-01-01T00:00:00Z")),
        (date(2024, 1, 2), date(2024, 1, 1)),
        (date(2024, 1, 1), at("2023-12-31T23:00:00Z")),
    ],
)
def test_a_start_that_is_not_before_the_end_is_refused(start: Bound, end: Bound) -> None:
    with pytest.raises(InvalidRequest) as refused:
        split(Between(start, end), BERLIN)
    assert refused.value.details[0].code == "start_after_end"


def test_a_reversal_is_taken_off_in_the_part_of_a_day_too(platform: Platform) -> None:
    platform.organization()
    platform.send(event(), event(id="2", quantity=5))
    platform.reversed(
        {"id": "back", "organization_id": "org_1", "reverses": "call-1", "reason": "a test"}
    )
    bounds = at("2024-01-15T10:00:00Z"), at("2024-01-15T11:00:00Z")
    assert asked(platform, *bounds)["voice"]["seconds"] == 5
    assert asked(platform, *bounds, user="user_1")["voice"]["seconds"] == 5


def test_whole_days_are_told_from_parts_of_days() -> None:
    march = Between(at("2024-03-30T12:00:00+01:00"), at("2024-04-02T00:00:00+02:00"))
    first = at("2024-03-30T12:00:00+01:00")
    end = at("2024-04-02T00:00:00+02:00")
    assert split(march, BERLIN) == (
        Period(date(2024, 3, 31), date(2024, 4, 1)),
        (DayPart(20240330, first, end), NO_PART),
        Period(date(2024, 3, 30), date(2024, 4, 1)),
    )
    # The day of 23 hours, whole by instants.
    short = Between(at("2024-03-30T23:00:00Z"), at("2024-03-31T22:00:00Z"))
    assert split(short, BERLIN).days == Period(date(2024, 3, 31), date(2024, 3, 31))
    inside = split(Between(at("2024-03-31T01:00:00Z"), at("2024-03-31T02:00:00Z")), BERLIN)
    assert (inside.days, inside.parts[1]) == (NO_DAYS, NO_PART)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/Sao_Paulo"])
def test_any_two_instants_count_what_is_between_them(platform: Platform, zone: str) -> None:
    platform.organization(timezone=zone)
    random = Random(zone)
    base = datetime(2024, 3, 28, tzinfo=UTC)
    times = [base + timedelta(seconds=random.randrange(6 * 86_400)) for _ in range(300)]
    platform.send(
        *(
            event(id=str(n), time=it.isoformat(), quantity=1, user_id=f"user_{n % 2}")
            for n, it in enumerate(times)
        )
    )
    for _ in range(25):
        one, two = (base + timedelta(minutes=random.randrange(6 * 1440)) for _ in range(2))
        if random.random() < 0.5:
            midnight = two.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0)
            two = midnight.astimezone(UTC)
        if one == two:
            continue
        first, end = min(one, two), max(one, two)
        bounds = microseconds(first), microseconds(end)
        inside = [n for n, it in enumerate(times) if first <= it < end]
        assert asked(platform, *bounds)["voice"]["seconds"] == len(inside)
        odd = sum(n % 2 for n in inside)
        assert asked(platform, *bounds, user="user_1")["voice"]["seconds"] == odd


STATEMENTS = {
    "organization": usage.ORGANIZATION,
    "user": usage.USER,
}


def test_the_statements_are_the_golden_ones() -> None:
    assert lines_of(STATEMENTS) == golden_lines("usage", STATEMENTS)


def test_the_arguments_name_two_parts_of_days_at_most() -> None:
    row = directory.OrganizationRow(7, "org_1", "Acme", "UTC", "USD", "active")
    scope = QuestionScope("t", row, "user_1")
    between = Between(at("2024-01-31T10:00:00Z"), at("2024-03-01T11:00:00Z"))
    bound = usage.parameters(scope, usage.split_of(scope, between))
    assert bound["organization"] == 7
    assert bound["user"] == "user_1"
    assert (bound["first_month"], bound["last_month"]) == (202402, 202402)
    assert (bound["first_edge_day"], bound["last_edge_day"]) == (20240131, 20240301)
    assert (bound["first"], bound["end"]) == (between.start, between.end)
