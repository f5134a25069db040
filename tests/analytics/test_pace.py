"""What days to come are expected to cost: made-up histories, each with what it should give."""

from random import Random
from statistics import fmean

import pytest

from tollbook.analytics.pace import HISTORY_DAYS, MODEL_DAYS, Method, Pace
from tollbook.analytics.pace import pace as pace_of

WEEK = (10, 20, 30, 40, 50, 5, 1)


def pace(history: list[int], length: int) -> Pace:
    return pace_of(history[-MODEL_DAYS:], length, history)


def made_up(kind: str, days: int, random: Random) -> list[int]:
    """Make up days of a weekly rhythm with noise, and the trend or the gaps of `kind`."""
    found = []
    for day in range(days):
        level = {"up": 0.5 + day / days, "down": 1.5 - day / days}.get(kind, 1.0)
        rhythm = 0.25 if day % 7 >= 5 else 1.0
        cost = 100_000 * level * rhythm * random.uniform(0.6, 1.3)
        found.append(0 if kind == "gaps" and random.random() < 0.6 else int(cost))
    return found


def test_nothing_is_expected_of_no_history() -> None:
    assert pace([], 3) == (Method.NONE, 0, (0.0, 0.0, 0.0), None)


def test_without_anything_to_try_it_on_there_is_no_range() -> None:
    assert pace_of([1] * 20, 2) == (Method.WEEKDAY_MEAN, 20, (1.0, 1.0), None)
    assert pace_of([1] * 3, 2) == (Method.DAILY_MEAN, 3, (1.0, 1.0), None)


def test_one_day_gives_a_mean_and_no_range() -> None:
    assert pace([7], 2) == (Method.DAILY_MEAN, 1, (7.0, 7.0), None)


def test_less_than_two_weeks_give_the_mean_of_days() -> None:
    method, days, expected, spread = pace([0, 10] * 6 + [5], 3)
    assert (method, days, expected) == (Method.DAILY_MEAN, 13, (5.0,) * 3)
    assert spread is not None
    assert spread > 0


@pytest.mark.parametrize("days", [14, 15, 20, 21, 55, 56, 57, 140])
@pytest.mark.parametrize("length", [1, 6, 7, 8, 31])
def test_a_steady_rhythm_goes_on_exactly(days: int, length: int) -> None:
    history = [WEEK[day % 7] for day in range(days)]
    method, based_on, expected, spread = pace(history, length)
    assert (method, based_on) == (Method.WEEKDAY_MEAN, min(days, 56))
    assert expected == pytest.approx([WEEK[(days + ahead) % 7] for ahead in range(length)])
    assert spread == pytest.approx(0)


def test_only_the_last_eight_weeks_are_gone_by() -> None:
    assert pace([1_000_000] * 84 + [3] * 56, 7).days == pytest.approx((3.0,) * 7)


def test_the_latest_weeks_weigh_most() -> None:
    expected = pace([0] * 49 + [8] * 7, 1).days[0]
    assert expected > fmean([0] * 7 + [8])
    assert expected == pytest.approx(8 * 0.25 / (1 - 0.75**8))


def test_days_without_usage_are_part_of_the_rhythm() -> None:
    history = [70 if day % 7 == 0 else 0 for day in range(56)]
    assert pace(history, 7).days == pytest.approx((70, 0, 0, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("kind", "history"),
    [
        *((kind, HISTORY_DAYS) for kind in ("rhythm", "up", "down", "gaps")),
        *((kind, 60) for kind in ("rhythm", "down", "gaps")),
    ],
)
def test_four_of_five_ranges_hold(kind: str, history: int) -> None:
    held, length, worlds = 0, 20, 150
    for seed in range(worlds):
        days = made_up(kind, history + length, Random(f"{kind} {seed}"))
        _, _, expected, spread = pace(days[:history], length)
        assert spread is not None
        held += abs(sum(expected) - sum(days[history:])) <= spread
    assert held / worlds == pytest.approx(0.8, abs=0.15)


@pytest.mark.parametrize("kind", ["rhythm", "gaps"])
def test_on_the_whole_a_forecast_is_neither_too_high_nor_too_low(kind: str) -> None:
    length, worlds = 20, 150
    off = actual = 0.0
    for seed in range(worlds):
        days = made_up(kind, HISTORY_DAYS + length, Random(f"{kind} {seed}"))
        off += sum(pace(days[:HISTORY_DAYS], length).days) - sum(days[HISTORY_DAYS:])
        actual += sum(days[HISTORY_DAYS:])
    assert abs(off / actual) < 0.05
