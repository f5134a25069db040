"""Two instants as whole days and parts of days: together they are the time between, once."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.analytics.completeness import instants_of
from tollbook.analytics.partial_days import (
    NO_DAYS,
    NO_PART,
    Between,
    Bound,
    DayPart,
    local_days,
    split,
)
from tollbook.domain.errors import InvalidRequest
from tollbook.domain.events import microseconds
from tollbook.domain.periods import Period, day_number, day_of, local_time

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
)
DAY = timedelta(days=1)
INSTANTS = st.integers(
    *(microseconds(datetime(*it, tzinfo=UTC)) for it in ((2011, 12, 25), (2024, 11, 10)))
)
DAYS = st.dates(date(2011, 12, 25), date(2024, 11, 10))


def stretches(between: Between, zone: ZoneInfo) -> list[tuple[int, int]]:
    """Return the parts and whole days as instants, in order; the end is not in it."""
    found = split(between, zone)
    parts = [_within_its_day(it, zone) for it in found.parts if it != NO_PART]
    if found.days.start <= found.days.end:
        first = instants_of(Period(found.days.start, found.days.start), zone)[0]
        parts.append((first, instants_of(Period(found.days.end, found.days.end), zone)[1] + 1))
    return sorted(parts)


def _within_its_day(part: DayPart, zone: ZoneInfo) -> tuple[int, int]:
    day = day_of(part.day)
    first, last = instants_of(Period(day, day), zone)
    return max(part.first, first), min(part.end, last + 1)


@examples(300)
@given(
    start=INSTANTS,
    length=st.integers(1, 10**13) | st.integers(1, 10**11),
    zone=st.sampled_from(ZONES),
)
def test_parts_and_days_are_all_of_the_time_between_and_no_more(
    start: int, length: int, zone: str
) -> None:
    at = start
    for first, end in stretches(Between(start, start + length), ZoneInfo(zone)):
        assert first == at
        assert end > first
        at = end
    assert at == start + length


@examples(200)
@given(days=st.tuples(DAYS, DAYS), zone=st.sampled_from(ZONES))
@example(days=(date(2024, 3, 31), date(2024, 3, 31)), zone="Europe/Berlin")
@example(days=(date(2018, 11, 4), date(2018, 11, 4)), zone="America/Sao_Paulo")
def test_whole_days_have_no_parts(days: tuple[date, date], zone: str) -> None:
    between = Between(min(days), max(days))
    found = split(between, ZoneInfo(zone))
    assert found.parts == (NO_PART, NO_PART)
    assert between.days == Period(min(days), max(days))
    for day in (found.days.start, found.days.end):
        assert min(days) <= day <= max(days)
    # Apia left out 30 December 2011: such a day is at neither end.
    lost = {min(days), max(days)} - {found.days.start, found.days.end}
    assert lost <= {date(2011, 12, 30)}


@examples(200)
@given(start=INSTANTS, length=st.integers(1, 10**12), zone=st.sampled_from(ZONES))
def test_the_days_touched_are_those_of_the_first_and_last_instant(
    start: int, length: int, zone: str
) -> None:
    found = split(Between(start, start + length), ZoneInfo(zone))
    touched = found.touched
    assert day_number(touched.start) == local_time(start, ZoneInfo(zone))[0]
    assert day_number(touched.end) == local_time(start + length - 1, ZoneInfo(zone))[0]


def test_a_day_that_a_zone_left_out_is_empty_and_no_mistake() -> None:
    day = date(2011, 12, 30)
    found = split(Between(day, day), ZoneInfo("Pacific/Apia"))
    assert found == (NO_DAYS, (NO_PART, NO_PART), Period(day, day))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (2 * 10**15, 10**15),
        (10**15, 10**15),
        (date(2024, 1, 2), microseconds(datetime(2024, 1, 2, tzinfo=UTC))),
    ],
)
def test_an_end_before_the_start_is_refused(start: Bound, end: Bound) -> None:
    with pytest.raises(InvalidRequest) as refused:
        split(Between(start, end), ZoneInfo("UTC"))
    assert [(it.field, it.code) for it in refused.value.details] == [
        ("start_date", "start_after_end")
    ]


def test_all_time_has_no_bounds() -> None:
    assert Between().text() == "all_time"
    found = split(Between(), ZoneInfo("Europe/Berlin"))
    assert found.days.start.year <= 1970
    assert found.days.end.year >= 9000


@examples(100)
@given(time=INSTANTS, day=DAYS)
def test_what_was_asked_is_repeated_with_instants_in_utc(time: int, day: date) -> None:
    assume(time % 10**6)
    said = Between(time, day).text()
    assert isinstance(said, dict)
    assert said["end"] == day.isoformat()
    assert said["start"] is not None
    assert said["start"].endswith("Z")
    assert microseconds(datetime.fromisoformat(said["start"])) == time
    assert Between(day).text() == {"start": day.isoformat(), "end": None}


@pytest.mark.parametrize("name", ZONES)
@given(start=st.one_of(INSTANTS, DAYS, st.none()), end=st.one_of(INSTANTS, DAYS, st.none()))
@examples(40)
def test_the_days_of_bounds_are_those_that_they_touch(
    name: str, start: Bound | None, end: Bound | None
) -> None:
    zone = ZoneInfo(name)
    if isinstance(start, int) and isinstance(end, int) and start >= end:
        with pytest.raises(InvalidRequest, match="start_date must be before end_date"):
            local_days(start, end, zone)
        return
    first, last = local_days(start, end, zone)
    assert first == (day_of(local_time(start, zone)[0]) if isinstance(start, int) else start)
    assert last == (day_of(local_time(end - 1, zone)[0]) if isinstance(end, int) else end)


@pytest.mark.parametrize("bound", [-(2**63) + 1, 2**63 - 1])
def test_the_days_of_instants_outside_the_calendar_are_in_it(bound: int) -> None:
    for zone in map(ZoneInfo, ZONES):
        assert local_days(bound, None, zone)[0]
        assert local_days(None, bound, zone)[1]
