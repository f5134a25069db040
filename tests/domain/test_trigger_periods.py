"""The periods of triggers, in zones with clock changes and in zones that change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.directory import zone
from tollbook.domain.events import microseconds
from tollbook.domain.trigger_periods import (
    ALL_TIME,
    DAY,
    HOUR,
    Span,
    edges,
    running,
    spans,
    whole_days,
)
from tollbook.domain.triggers import TriggerPeriod

BERLIN = [(0, "Europe/Berlin")]


def at(text: str) -> int:
    return microseconds(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("period", "name", "start", "end"),
    [
        (
            "hour",
            "2024-01-17T10:00+01:00",
            "2024-01-17T10:00:00+01:00",
            "2024-01-17T11:00:00+01:00",
        ),
        ("day", "2024-01-17", "2024-01-17T00:00:00+01:00", "2024-01-18T00:00:00+01:00"),
        ("week", "2024-01-15", "2024-01-15T00:00:00+01:00", "2024-01-22T00:00:00+01:00"),
        ("month", "2024-01", "2024-01-01T00:00:00+01:00", "2024-02-01T00:00:00+01:00"),
    ],
)
def test_a_period_has_a_name_and_bounds_in_its_zone(
    period: str, name: str, start: str, end: str
) -> None:
    found = running(TriggerPeriod(period), BERLIN, at("2024-01-17T09:30:00+00:00"))
    assert found.name == name
    assert found.bounds == (start, end)


def test_all_time_is_one_period() -> None:
    assert spans(TriggerPeriod.ALL, BERLIN, 0, 5) == [ALL_TIME]
    assert (ALL_TIME.name, ALL_TIME.bounds) == ("all", (None, None))


def test_the_hour_that_comes_twice_is_two_periods() -> None:
    found = spans(
        TriggerPeriod.HOUR,
        BERLIN,
        at("2024-10-27T00:00:00+00:00"),
        at("2024-10-27T02:30:00+00:00"),
    )
    assert [it.name for it in found[::-1]] == [
        "2024-10-27T02:00+02:00",
        "2024-10-27T02:00+01:00",
        "2024-10-27T03:00+01:00",
    ]


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25)])
def test_the_day_of_a_clock_change_is_shorter_or_longer(day: str, hours: int) -> None:
    found = running(TriggerPeriod.DAY, BERLIN, at(f"{day}T12:00:00+00:00"))
    assert found.end - found.start == hours * HOUR


def test_a_day_without_a_midnight_begins_at_the_clock_change() -> None:
    found = running(TriggerPeriod.DAY, [(0, "America/Sao_Paulo")], at("2018-11-04T12:00:00+00:00"))
    assert found.bounds[0] == "2018-11-04T01:00:00-02:00"


def test_after_a_change_of_the_zone_the_running_period_ends_as_planned() -> None:
    changed = at("2024-01-15T10:00:00+00:00")
    zones = [(0, "UTC"), (changed, "Asia/Tokyo")]
    found = spans(TriggerPeriod.DAY, zones, changed, at("2024-01-16T20:00:00+00:00"))
    assert [it.bounds for it in found[::-1]] == [
        ("2024-01-15T00:00:00+00:00", "2024-01-16T00:00:00+00:00"),
        ("2024-01-16T09:00:00+09:00", "2024-01-17T00:00:00+09:00"),
        ("2024-01-17T00:00:00+09:00", "2024-01-18T00:00:00+09:00"),
    ]


def test_a_second_change_in_the_same_period_replaces_the_first() -> None:
    first, second = at("2024-01-15T10:00:00+00:00"), at("2024-01-15T11:00:00+00:00")
    zones = [(0, "UTC"), (first, "Asia/Tokyo"), (second, "Europe/Berlin")]
    found = running(TriggerPeriod.DAY, zones, at("2024-01-16T00:00:00+00:00"))
    assert found.bounds == ("2024-01-16T01:00:00+01:00", "2024-01-17T00:00:00+01:00")


START = datetime(2024, 1, 1, tzinfo=UTC)
ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "Asia/Kolkata", "Europe/Berlin", "Asia/Kathmandu")
_periods = st.sampled_from([it for it in TriggerPeriod if it is not TriggerPeriod.ALL])
_instants = st.integers(0, 300 * 24).map(lambda it: microseconds(START + timedelta(hours=it)))
_changes = st.lists(st.tuples(_instants, st.sampled_from(ZONES)), max_size=4).map(sorted)


@examples(200)
@given(_periods, st.sampled_from(ZONES), _changes, _instants)
def test_every_instant_is_in_one_period_and_a_change_moves_none_that_began(
    period: TriggerPeriod, first: str, changes: list[tuple[int, str]], now: int
) -> None:
    zones = [(0, first), *changes]
    found = spans(period, zones, now - 20 * DAY, now)[::-1]
    assert found[-1].start <= now < found[-1].end
    assert found[0].start <= now - 20 * DAY
    for one, following in pairwise(found):
        assert one.start < one.end == following.start
    known = [it for it in zones if it[0] <= now]
    assert spans(period, known, now - 20 * DAY, now)[::-1] == found


@examples(200)
@given(_instants, st.integers(1, 60 * 24), st.sampled_from(ZONES))
def test_whole_days_and_edges_are_the_range(start: int, hours: int, timezone: str) -> None:
    end = start + hours * HOUR
    days = whole_days(start, end, timezone)
    parts = list(edges(start, end, timezone))
    if days:
        span = [
            microseconds(datetime.combine(it, datetime.min.time(), zone(timezone)))
            for it in (days[0], days[1] + timedelta(days=1))
        ]
        parts.append((span[0], span[1]))
    parts.sort()
    assert (parts[0][0], parts[-1][1]) == (start, end)
    assert all(one[1] == two[0] for one, two in pairwise(parts))


def test_spans_are_values() -> None:
    assert Span(TriggerPeriod.DAY, 0, DAY, "UTC").name == "1970-01-01"
