"""Triggers: their ids, their thresholds, and shares of budgets."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.budgets import BudgetPeriod
from tollbook.domain.triggers import (
    Direction,
    Sensitivity,
    Threshold,
    ThresholdKind,
    Trigger,
    TriggerOwner,
    TriggerPeriod,
    WatchedFigure,
    budget_trigger_id,
    new_trigger_id,
    share_of,
    with_since,
)

_FORM = re.compile("trg_[0-9a-z]{26}")


def deviation(*at: str) -> Trigger:
    return Trigger(
        id="trg_1",
        organization=1,
        name="unusual",
        figure=WatchedFigure.COST,
        period=TriggerPeriod.DAY,
        kind=ThresholdKind.DEVIATION,
        thresholds=tuple(Threshold(it, 0) for it in at),
        owner=TriggerOwner.TENANT,
        created_at=0,
        changed_at=0,
        watched_from=0,
    )


@pytest.mark.parametrize(
    ("at", "sensitivity", "directions"),
    [
        (["low above"], Sensitivity.LOW, (Direction.ABOVE,)),
        (["high below"], Sensitivity.HIGH, (Direction.BELOW,)),
        (["medium above", "medium below"], Sensitivity.MEDIUM, (Direction.ABOVE, Direction.BELOW)),
    ],
)
def test_the_thresholds_of_a_deviation_name_sensitivity_and_directions(
    at: list[str], sensitivity: Sensitivity, directions: tuple[Direction, ...]
) -> None:
    assert deviation(*at).sensitivity is sensitivity
    assert deviation(*at).directions == directions


def test_ids_are_random_and_have_their_form() -> None:
    found = {new_trigger_id() for _ in range(50)}
    assert len(found) == 50
    assert all(_FORM.fullmatch(it) for it in found)


def test_all_letters_occur_at_every_place_of_an_id() -> None:
    found = [new_trigger_id()[4:] for _ in range(1_500)]
    for place in (0, 12, 25):
        assert len({it[place] for it in found}) == 36


def test_the_trigger_of_a_budget_has_the_same_id_again() -> None:
    one = budget_trigger_id(7, "user_1", BudgetPeriod.MONTH)
    assert one == budget_trigger_id(7, "user_1", BudgetPeriod.MONTH)
    assert _FORM.fullmatch(one)


def test_different_budgets_have_triggers_with_different_ids() -> None:
    found = {
        budget_trigger_id(number, user, period)
        for number in (1, 11)
        for user in ("", "1", "user_1", '", "')
        for period in BudgetPeriod
    }
    assert len(found) == 2 * 4 * 3


@pytest.mark.parametrize(
    ("fraction", "amount", "share"),
    [
        ("0.8", 100, 80),
        ("0.5", 101, 51),
        ("1", 100, 100),
        ("1.2", 99, 119),
        ("0.0001", 1, 1),
        ("0.3333", 10**24, 3333 * 10**20),
        ("10", 10**24, 10**25),
        ("1/3", 100, 34),
    ],
)
def test_a_share_of_a_budget_is_the_first_amount_that_reaches_it(
    fraction: str, amount: int, share: int
) -> None:
    assert share_of(fraction, amount) == share


@examples(200)
@given(parts=st.integers(1, 100_000), amount=st.integers(1, 10**24))
def test_a_share_is_reached_and_one_nano_less_is_not(parts: int, amount: int) -> None:
    exact = Fraction(parts, 10_000) * amount
    share = share_of(str(Fraction(parts, 10_000)), amount)
    assert share - 1 < exact <= share


NOW = 90


@pytest.mark.parametrize(
    ("wanted", "before", "expected"),
    [
        ((), (), ()),
        (("10",), (), (("10", NOW),)),
        (("10",), (("10", 5),), (("10", 5),)),
        (("20", "10"), (("10", 5),), (("20", NOW), ("10", 5))),
        ((), (("10", 5),), ()),
        # The same number in another notation is another threshold.
        (("10.0",), (("10", 5),), (("10.0", NOW),)),
    ],
)
def test_a_threshold_that_stays_is_watched_since_it_was_set(
    wanted: tuple[str, ...],
    before: tuple[tuple[str, int], ...],
    expected: tuple[tuple[str, int], ...],
) -> None:
    found = with_since(wanted, tuple(Threshold(*it) for it in before), NOW)
    assert found == tuple(Threshold(*it) for it in expected)
