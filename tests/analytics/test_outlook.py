"""A month as it will end: what is spent, what the rhythm adds, rentals that come again."""

from datetime import date, timedelta

import pytest

from tollbook.analytics.daily_costs import DailyCosts, DayCost
from tollbook.analytics.outlook import closed, month_of, outlook, rentals_to_come
from tollbook.analytics.pace import Method

CENT = 10_000_000
TODAY = date(2024, 1, 19)


def usage(cost: int) -> DayCost:
    return DayCost(cost, cost, (0, 0))


def rented(phone: int = 0, knowledge_base: int = 0) -> DayCost:
    return DayCost(phone + knowledge_base, 0, (phone, knowledge_base))


def days(first: date, last: date, cost: int) -> DailyCosts:
    count = (last - first).days + 1
    return {first + timedelta(days=n): usage(cost) for n in range(count)}


def test_without_any_usage_nothing_is_expected() -> None:
    found = outlook({}, TODAY)
    assert found[:7] == (0, 0, None, None, Method.NONE, 12, 0)
    assert found.passed_on(1, month_of(TODAY)) is None


def test_what_began_today_is_spent_and_no_more_is_said() -> None:
    found = outlook({TODAY: usage(123)}, TODAY)
    assert found[:6] == (123, 123, None, None, Method.NONE, 12)


def test_a_steady_rhythm_goes_on_to_the_end_of_the_month() -> None:
    costs = days(date(2023, 11, 1), TODAY - timedelta(days=1), CENT)
    found = outlook(costs, TODAY)
    assert found[:7] == (18 * CENT, 31 * CENT, 31 * CENT, 31 * CENT, Method.WEEKDAY_MEAN, 12, 56)
    assert found.passed_on(20 * CENT, month_of(TODAY)) == date(2024, 1, 21)
    assert found.passed_on(17 * CENT, month_of(TODAY)) == date(2024, 1, 18)
    assert found.passed_on(31 * CENT, month_of(TODAY)) is None


@pytest.mark.parametrize(("today", "spent", "forecast"), [(0, 18, 31), (1, 19, 31), (4, 22, 34)])
def test_today_costs_what_is_usual_or_what_it_has_cost_already(
    today: int, spent: int, forecast: int
) -> None:
    costs = days(date(2023, 11, 1), TODAY - timedelta(days=1), CENT)
    found = outlook(costs | {TODAY: usage(today * CENT)}, TODAY)
    assert (found.spent, found.forecast) == (spent * CENT, forecast * CENT)


def test_on_the_last_day_only_the_rest_of_it_is_to_come() -> None:
    last = date(2024, 1, 31)
    found = outlook(days(date(2023, 11, 1), last, CENT), last)
    assert (found.spent, found.forecast, found.days_left) == (31 * CENT, 31 * CENT, 0)


def test_on_the_first_day_the_month_before_is_gone_by() -> None:
    found = outlook(days(date(2023, 12, 1), date(2023, 12, 31), CENT), date(2024, 1, 1))
    assert (found.spent, found.forecast, found.days_left) == (0, 31 * CENT, 30)


def test_what_is_charged_once_is_spent_and_not_expected_again() -> None:
    costs = days(date(2023, 11, 1), TODAY - timedelta(days=1), CENT)
    costs[date(2024, 1, 3)] = DayCost(CENT + 1000 * CENT, CENT, (0, 0))
    found = outlook(costs, TODAY)
    assert (found.spent, found.forecast) == (1018 * CENT, 1031 * CENT)


def test_rentals_of_last_month_are_expected_on_the_same_day_again() -> None:
    costs = {date(2023, 12, 1): rented(phone=3), date(2023, 12, 25): rented(7, 5)}
    assert rentals_to_come(costs, TODAY) == {24: 12, 18: 3}
    assert rentals_to_come(costs | {date(2024, 1, 1): rented(phone=3)}, TODAY) == {24: 12}
    charged = costs | {date(2024, 1, 1): rented(3), date(2024, 1, 18): rented(7, 5)}
    assert rentals_to_come(charged, TODAY) == {}


def test_more_rentals_than_last_month_are_no_reason_to_expect_fewer() -> None:
    costs = {
        date(2023, 12, 1): rented(phone=3, knowledge_base=4),
        date(2024, 1, 1): rented(phone=9),
    }
    assert rentals_to_come(costs, TODAY) == {18: 4}


def test_a_rental_of_the_31st_comes_on_the_last_day_of_a_shorter_month() -> None:
    costs = {date(2024, 1, 31): rented(phone=3)}
    assert rentals_to_come(costs, date(2024, 2, 2)) == {28: 3}


def test_rentals_without_any_usage_are_a_forecast() -> None:
    found = outlook({date(2023, 12, 20): rented(phone=299 * CENT)}, TODAY)
    assert (found.spent, found.forecast, found.method) == (0, 299 * CENT, Method.WEEKDAY_MEAN)
    assert found.passed_on(CENT, month_of(TODAY)) == date(2024, 1, 20)


def test_a_long_rented_number_does_not_thin_the_rhythm_of_new_usage() -> None:
    costs = {date(2023, 11, 1): rented(phone=CENT)}
    costs |= days(date(2024, 1, 9), date(2024, 1, 18), CENT)
    found = outlook(costs, TODAY)
    assert (found.method, found.based_on_days) == (Method.DAILY_MEAN, 10)
    assert found.forecast == 23 * CENT


def test_what_was_long_ago_tells_nothing_about_the_days_to_come() -> None:
    costs = days(date(2023, 10, 1), date(2023, 11, 1), CENT)
    assert outlook(costs, TODAY).method == Method.NONE
    costs |= days(date(2024, 1, 9), date(2024, 1, 18), CENT)
    for ranged in (True, False):
        found = outlook(costs, TODAY, ranged=ranged)
        assert (found.method, found.based_on_days) == (Method.DAILY_MEAN, 10)
        assert found.forecast == 23 * CENT


def test_a_low_is_never_less_than_what_is_spent() -> None:
    costs = {TODAY - timedelta(days=n): usage(n % 5 * 100 * CENT) for n in range(1, 60)}
    found = outlook(costs, TODAY)
    assert found.low is not None
    assert found.high is not None
    assert found.spent <= found.low < found.forecast < found.high


def test_a_closed_month_is_what_it_cost() -> None:
    costs = {date(2023, 12, 4): usage(11), date(2023, 12, 31): rented(phone=4)}
    found = closed(costs, month_of(date(2023, 12, 1)))
    assert found[:7] == (15, 15, 15, 15, Method.CLOSED, 0, 0)


@pytest.mark.parametrize("day", [date.min, date.max, date(1, 2, 1)])
def test_the_ends_of_the_calendar_are_days_like_others(day: date) -> None:
    assert outlook({day: usage(CENT)}, day).spent == CENT
