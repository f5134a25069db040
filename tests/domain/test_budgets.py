"""The state of a budget, and its rules."""

import pytest

from tollbook.domain.budgets import Budget, alert_problems, monthly_of


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
    assert monthly_of(text) == 100_000_000_000


@pytest.mark.parametrize(
    "text", [b"0", b"-1", b"1000000000000001", b"0.0000000001", b'"x"', b"null"]
)
def test_other_amounts_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        monthly_of(text)
