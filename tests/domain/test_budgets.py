"""The state of a budget, and its rules."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.budgets import (
    Budget,
    BudgetState,
    alert_problems,
    budget_amount_of,
    budget_amount_problem,
)


def budget(*alerts: float) -> Budget:
    return Budget("", 100, alerts, 0, 0)


@pytest.mark.parametrize(
    ("alerts", "spent", "state", "reached"),
    [
        ((0.5, 0.8, 1.0), 0, "within", None),
        ((0.5, 0.8, 1.0), 50, "within", 0.5),
        ((0.5, 0.8, 1.0), 79, "within", 0.5),
        ((0.5, 0.8, 1.0), 80, "near", 0.8),
        ((0.5, 0.8, 1.0), 100, "near", 1.0),
        ((0.5, 0.8, 1.0), 101, "over", 1.0),
        ((1.2,), 99, "within", None),
        ((1.2,), 100, "near", None),
        ((1.2,), 120, "over", 1.2),
        ((), 100, "near", None),
    ],
)
def test_all_of_a_budget_may_be_spent_and_no_more(
    alerts: tuple[float, ...], spent: int, state: str, reached: float | None
) -> None:
    assert budget(*alerts).state(spent).value == state
    assert budget(*alerts).reached(spent) == reached


@pytest.mark.parametrize("alerts", [(), (0.5, 0.8, 1.0), (0.0001,), (10,)])
def test_alerts_are_different_fractions(alerts: tuple[float, ...]) -> None:
    assert alert_problems(alerts) == []


@pytest.mark.parametrize(
    "alerts",
    [(0.0,), (-0.5,), (10.1,), (0.5, 0.5), (0.00001,), tuple(n / 100 for n in range(1, 12))],
)
def test_other_alerts_are_refused(alerts: tuple[float, ...]) -> None:
    assert [it.field for it in alert_problems(alerts)] == ["alert_at"]


@pytest.mark.parametrize("text", [b"100", b"100.00", b'"100.00"'])
def test_an_amount_is_a_number_or_a_text(text: bytes) -> None:
    assert budget_amount_of(text) == 100_000_000_000


@pytest.mark.parametrize(
    "text", [b"0", b"-1", b"1000000000000001", b"0.0000000001", b'"x"', b"null"]
)
def test_other_amounts_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        budget_amount_of(text)


ALERTS = st.lists(st.integers(1, 20_000), max_size=4, unique=True)


@examples(300)
@given(ALERTS, st.integers(1, 10**6), st.integers(-10, 2 * 10**6))
def test_alerts_are_reached_by_exact_fractions(alerts: list[int], monthly: int, spent: int) -> None:
    found = Budget("", monthly, tuple(it / 10_000 for it in alerts), 0, 0)
    used = Fraction(spent, monthly)
    reached = [it for it in alerts if used >= Fraction(it, 10_000)]
    assert found.reached(spent) == (max(reached) / 10_000 if reached else None)
    last = max((it for it in alerts if it < 10_000), default=10_000)
    if used > 1:
        assert found.state(spent) is BudgetState.OVER
    else:
        is_near = used >= Fraction(last, 10_000)
        assert found.state(spent) is (BudgetState.NEAR if is_near else BudgetState.WITHIN)


def test_a_fraction_that_a_float_cannot_hold_is_exact() -> None:
    third = Budget("", 10**15, (0.3333,), 0, 0)
    assert third.reached(333_300_000_000_000) == 0.3333
    assert third.reached(333_299_999_999_999) is None


def test_as_many_alerts_as_allowed() -> None:
    assert alert_problems(tuple(n / 100 for n in range(1, 11))) == []
    assert [it.code for it in alert_problems((0.5, 0.5))] == ["invalid_alerts"]


def test_the_smallest_and_the_largest_amount() -> None:
    assert budget_amount_of(b"0.000000001") == 1
    assert budget_amount_of(b"1000000000000000") == 10**24


def test_the_problem_of_an_amount_names_its_bounds() -> None:
    problem = budget_amount_problem("monthly")
    assert (problem.field, problem.code) == ("monthly", "invalid_amount")
    assert "1000000000000000" in problem.error
