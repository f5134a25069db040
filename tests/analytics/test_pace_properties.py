"""The expected days against what must hold of any forecast by weekdays."""

from datetime import date, timedelta
from math import isclose

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.analytics.daily_costs import DailyCosts, DayCost
from tollbook.analytics.outlook import first_needed, month_of, outlook, rentals_to_come
from tollbook.analytics.pace import HISTORY_DAYS, MODEL_DAYS, WEEK, Method, pace

COSTS = st.integers(0, 10**12)
RECENT = st.lists(COSTS, min_size=1, max_size=MODEL_DAYS)
WEEKS = st.lists(COSTS, min_size=2 * WEEK, max_size=MODEL_DAYS)
LENGTHS = st.integers(1, 31)
CENT = 10_000_000
DAY = timedelta(days=1)
TODAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))


@examples(200)
@given(recent=RECENT, length=LENGTHS)
def test_no_day_is_expected_beyond_what_days_have_cost(recent: list[int], length: int) -> None:
    found = pace(recent, length, recent)
    assert (len(found.days), found.based_on_days) == (length, len(recent))
    assert all(min(recent) * 0.999_999 <= it <= max(recent) * 1.000_001 for it in found.days)
    assert found.spread is None or found.spread >= 0


@examples(200)
@given(recent=WEEKS, length=LENGTHS)
def test_a_weekday_is_expected_from_that_weekday_alone(recent: list[int], length: int) -> None:
    found = pace(recent, length)
    assert found.method is Method.WEEKDAY_MEAN
    for ahead, expected in enumerate(found.days):
        same = [it for at, it in enumerate(recent) if (len(recent) + ahead - at) % WEEK == 0]
        assert min(same) * 0.999_999 <= expected <= max(same) * 1.000_001
        changed = [
            it + 10**12 * ((len(recent) + ahead - at) % WEEK != 0) for at, it in enumerate(recent)
        ]
        assert isclose(pace(changed, length).days[ahead], expected)


@examples(200)
@given(recent=WEEKS, factor=st.integers(2, 9), length=LENGTHS)
def test_costs_that_are_a_multiple_have_that_multiple_of_everything(
    recent: list[int], factor: int, length: int
) -> None:
    one, many = (
        pace(recent, length, recent),
        pace([factor * it for it in recent], length, [factor * it for it in recent]),
    )
    assert all(isclose(factor * a, b) for a, b in zip(one.days, many.days, strict=True))
    assert one.spread is not None
    assert many.spread is not None
    assert isclose(factor * one.spread, many.spread, abs_tol=1)


@examples(200)
@given(recent=RECENT, length=LENGTHS, more=st.integers(1, 31))
def test_a_longer_forecast_begins_as_a_shorter_one(
    recent: list[int], length: int, more: int
) -> None:
    assert pace(recent, length + more).days[:length] == pace(recent, length).days


@examples(100)
@given(recent=st.lists(COSTS, min_size=MODEL_DAYS, max_size=MODEL_DAYS), older=WEEKS)
def test_what_is_older_than_eight_weeks_only_widens_the_range(
    recent: list[int], older: list[int]
) -> None:
    assert pace(recent, 31, [*older, *recent]).days == pace(recent, 31).days


@st.composite
def months(draw: st.DrawFn) -> tuple[DailyCosts, date]:
    """Costs of some days up to today, each with its rentals."""
    today = draw(TODAYS)
    amounts = st.integers(0, 10**4).map(lambda it: it * CENT)
    costs = {}
    for ago in draw(st.sets(st.integers(0, HISTORY_DAYS), max_size=60)):
        rhythm, phone, base = draw(amounts), draw(amounts), draw(amounts)
        costs[today - ago * DAY] = DayCost(rhythm + phone + base, rhythm, (phone, base))
    return costs, today


@examples(200)
@given(given_=months())
def test_the_end_of_a_month_is_between_what_is_spent_and_its_range(
    given_: tuple[DailyCosts, date],
) -> None:
    costs, today = given_
    found, month = outlook(costs, today), month_of(today)
    assert found.spent == sum(it.cost for day, it in costs.items() if month.start <= day)
    assert found.spent <= found.forecast
    assert len(found.by_day) == (month.end - month.start).days + 1
    assert found.days_left == (month.end - today).days
    if found.low is not None and found.high is not None:
        assert found.spent <= found.low <= found.forecast <= found.high
    before = [
        costs[it].cost if it in costs else 0
        for it in (month.start + n * DAY for n in range(today.day - 1))
    ]
    assert list(found.by_day[: today.day - 1]) == before
    assert outlook(costs, today, ranged=False).forecast == found.forecast


@examples(200)
@given(given_=months(), amount=st.integers(0, 10**13))
def test_a_budget_is_passed_on_the_first_day_that_adds_up_to_more(
    given_: tuple[DailyCosts, date], amount: int
) -> None:
    costs, today = given_
    found, month = outlook(costs, today), month_of(today)
    sums = [sum(found.by_day[: n + 1]) for n in range(len(found.by_day))]
    over = [month.start + n * DAY for n, it in enumerate(sums) if it > amount]
    assert found.passed_on(amount, month) == (over[0] if over else None)


@examples(200)
@given(given_=months())
def test_rentals_come_again_up_to_what_last_month_had(given_: tuple[DailyCosts, date]) -> None:
    costs, today = given_
    month = month_of(today)
    before = month_of(month.start - DAY)
    missing = 0
    for meter in range(2):
        then, now = (
            sum(it.monthly[meter] for day, it in costs.items() if part.start <= day <= part.end)
            for part in (before, month)
        )
        missing += max(0, then - now)
    found = rentals_to_come(costs, today)
    assert sum(found.values()) == missing
    assert all(today.day - 1 <= it < month.end.day for it in found)


@examples(200)
@given(today=TODAYS, days=st.integers(1, 400))
def test_an_outlook_needs_all_of_last_month_and_so_many_days(today: date, days: int) -> None:
    found = first_needed(today, days)
    last_month = month_of(today.replace(day=1) - DAY).start
    assert found == min(last_month, today - days * DAY)
