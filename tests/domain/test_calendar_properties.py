"""Days, months and named periods against models that go through the calendar day by day."""

from collections.abc import Callable
from datetime import date, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.events import instant_of
from tollbook.domain.named_periods import CALENDAR, ROLLING, adjacent_period, choose, named
from tollbook.domain.periods import (
    Comparison,
    Period,
    day_number,
    day_of,
    local_time,
    months_after,
    parsed_day,
    previous,
    resolve,
    whole_months,
)

DAY = timedelta(days=1)
DAYS = st.dates(date(1970, 1, 1), date(2200, 12, 31))
ANY_DAY = st.dates()
MINUTE = 60_000_000
ZONES = sorted(available_timezones() - {"localtime", "Factory"})


@st.composite
def periods(draw: st.DrawFn) -> Period:
    start = draw(DAYS | DAYS.map(lambda it: it.replace(day=1)))
    end = start + draw(st.integers(0, 90) | st.integers(0, 1000)) * DAY
    whole = draw(st.booleans())
    return Period(start, _last_of_month(end) if whole else end)


def _last_of_month(day: date) -> date:
    while (day + DAY).month == day.month:
        day += DAY
    return day


def _days(period: Period) -> list[date]:
    length = (period.end - period.start).days + 1
    return [period.start + n * DAY for n in range(length)]


@examples(300)
@given(day=ANY_DAY, other=ANY_DAY)
def test_numbers_of_days_come_back_and_keep_their_order(day: date, other: date) -> None:
    assert day_of(day_number(day)) == parsed_day(day.isoformat()) == day
    assert (day_number(day) < day_number(other)) == (day < other)


@examples(300)
@given(text=st.text(max_size=12) | st.from_regex(r"[0-9-]{8,12}", fullmatch=True))
@example(text="20240131")
@example(text="2024-W05-3")
@example(text="2024-02-30")
@example(text="\uff12\uff10\uff12\uff14-01-31")
def test_a_day_has_one_form(text: str) -> None:
    try:
        found = parsed_day(text).isoformat()
    except ValueError:
        found = None
    assert found == (text if _is_day(text) else None)


def _is_day(text: str) -> bool:
    try:
        return date(*map(int, text.split("-"))).isoformat() == text
    except (TypeError, ValueError, OverflowError):
        return False


@examples(300)
@given(day=DAYS, months=st.integers(-40, 40))
def test_a_day_of_a_later_month_is_reached_month_by_month(day: date, months: int) -> None:
    found = day.replace(day=1)
    for _ in range(abs(months)):
        found = (found + 31 * DAY if months > 0 else found - DAY).replace(day=1)
    last = _last_of_month(found).day
    assert months_after(day, months) == found.replace(day=min(day.day, last))


@pytest.mark.parametrize(
    ("day", "months"), [(date.max, 1), (date.min, -1), (date(5000, 1, 1), -60_001)]
)
def test_months_end_with_the_calendar(day: date, months: int) -> None:
    with pytest.raises(OverflowError):
        months_after(day, months)


@examples(300)
@given(period=periods())
def test_whole_months_begin_with_a_first_and_end_with_a_last_day(period: Period) -> None:
    days = _days(period)
    first, last = period.start.day == 1, (period.end + DAY).day == 1
    months = len({(it.year, it.month) for it in days})
    assert whole_months(period) == (months if first and last else 0)


@examples(300)
@given(period=periods())
def test_the_period_before_is_as_long_and_ends_the_day_before(period: Period) -> None:
    found = previous(period, Comparison.PREVIOUS_PERIOD)
    assert found.end == period.start - DAY
    if whole_months(period):
        assert whole_months(found) == whole_months(period)
    else:
        assert len(_days(found)) == len(_days(period))


@examples(300)
@given(period=periods(), elapsed=st.integers(0, 1000))
def test_a_period_that_runs_compares_with_its_elapsed_part(period: Period, elapsed: int) -> None:
    today = min(period.start + elapsed * DAY, period.end)
    found = previous(period, Comparison.PREVIOUS_PERIOD, today, rolling=True)
    assert found.start == period.start - (period.end - period.start + DAY)
    assert found.end - found.start == today - period.start
    year = previous(period, Comparison.PREVIOUS_YEAR, today)
    if (period.start.weekday(), period.end.weekday()) == (0, 6) and not whole_months(period):
        assert year == Period(period.start - 364 * DAY, today - 364 * DAY)
        return
    for now, then in ((period.start, year.start), (today, year.end)):
        leap = (now.month, now.day) == (2, 29)
        assert then == (now - DAY if leap else now).replace(year=now.year - 1)


@examples(400)
@given(
    time=st.integers(-(10**15), 7 * 10**15) | st.integers(0, 2 * 10**9).map(lambda it: it * 10**6),
    zone=st.sampled_from(ZONES),
)
@example(time=10_800 * 10**6, zone="Africa/Monrovia")  # its offset had seconds until 1972
@example(time=0, zone="America/Guyana")
def test_local_time_is_what_the_clock_of_the_zone_shows(time: int, zone: str) -> None:
    local = instant_of(time).astimezone(ZoneInfo(zone))
    day, minute, hour = local_time(time, ZoneInfo(zone))
    assert (day, minute) == (day_number(local), local.hour * 60 + local.minute)
    past = time // MINUTE - hour
    assert past in (local.minute, local.minute + 1)
    assert local_time(time, ZoneInfo(zone)) == (day, minute, hour)  # now remembered


SAME: dict[str, Callable[[date], object]] = {
    "month": lambda it: (it.year, it.month),
    "quarter": lambda it: (it.year, (it.month - 1) // 3),
    "year": lambda it: it.year,
}


@pytest.mark.parametrize("name", CALENDAR)
@examples(60)
@given(today=DAYS)
@example(today=date(2024, 2, 29))
@example(today=date(2024, 12, 31))
@example(today=date(2024, 1, 1))
def test_a_named_period_is_the_days_alike(name: str, today: date) -> None:
    which, unit = name.split("_")
    same = SAME[unit]
    wanted = same(today)
    if which == "last":
        day = today
        while same(day) == wanted:
            day -= DAY
        wanted = same(day)
    around = [today + n * DAY for n in range(-750, 400)]
    alike = [it for it in around if same(it) == wanted]
    assert _days(named(name, today)) == alike


@pytest.mark.parametrize("name", ROLLING)
@examples(60)
@given(today=DAYS)
def test_rolling_days_move_with_today(name: str, today: date) -> None:
    period, next_period = named(name, today), named(name, today + DAY)
    assert next_period == Period(period.start + DAY, period.end + DAY)
    chosen = choose(None, None, name, today)
    assert (chosen.period, chosen.rolling) == (period, True)


@examples(300)
@given(period=periods(), direction=st.sampled_from((-1, 1)))
def test_the_period_beside_touches_it_and_leads_back(period: Period, direction: int) -> None:
    found = adjacent_period(period, direction)
    assert found is not None
    assert (found.start - period.end if direction > 0 else period.start - found.end) == DAY
    if bool(whole_months(found)) == bool(whole_months(period)):
        assert adjacent_period(found, -direction) == period


@examples(300)
@given(start=st.none() | DAYS, end=st.none() | DAYS, today=DAYS)
def test_the_days_left_out_are_today_and_thirty_days_before_the_end(
    start: date | None, end: date | None, today: date
) -> None:
    found = resolve(start, end, today)
    assert found.end == (today if end is None else end)
    assert found.start == (found.end - 30 * DAY if start is None else start)
