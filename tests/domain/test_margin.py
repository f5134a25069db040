"""The margin: exact amounts, and a share that is 1 only when nothing is unknown."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.margin import Margin, Purchases, added, margin_of

AMOUNTS = st.integers(-(2**63), 2**63 - 1) | st.integers(-20, 20)
COUNTS = st.integers(0, 20)
USAGES = st.builds(Purchases, COUNTS, AMOUNTS, AMOUNTS, COUNTS, AMOUNTS)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        # Nothing was used: its cost is known to be 0.
        (Purchases(), Margin(0, 0, None)),
        # Nothing is known of what was used, or of what remains of it after reversals.
        (Purchases(events=1, cost=500), Margin(None, None, 0.0)),
        (Purchases(events=1), Margin(None, None, 0.0)),
        (Purchases(cost=500), Margin(None, None, 0.0)),
        # All is known.
        (Purchases(2, 500, 300, 2, 500), Margin(300, 200, 1.0)),
        (Purchases(2, 500, 700, 2, 500), Margin(700, -200, 1.0)),
        (Purchases(2, 500, 0, 2, 500), Margin(0, 500, 1.0)),
        (Purchases(2, 0, 300, 2, 0), Margin(300, -300, 1.0)),
        # A part is known: the margin is that of the part.
        (Purchases(4, 1000, 150, 1, 250), Margin(150, 100, 0.25)),
        (Purchases(2, 1000, 150, 1, 1000), Margin(150, 850, 0.999999)),
        (Purchases(2, 1000, 150, 2, 999), Margin(150, 849, 0.999)),
        # A share of a cost of 0 or of a credit means nothing.
        (Purchases(2, 0, 150, 1, 250), Margin(150, 100, None)),
        (Purchases(2, -1, 150, 1, 250), Margin(150, 100, None)),
        # A share is never rounded to nothing or to everything.
        (Purchases(2, 10**9, 1, 1, 1), Margin(1, 0, 0.000001)),
        (Purchases(2, 1000, 150, 1, 0), Margin(150, -150, 0.000001)),
        (Purchases(2, 10**9, 1, 1, 10**9 - 1), Margin(1, 10**9 - 2, 0.999999)),
        (Purchases(3, 1000, 150, 1, -250), Margin(150, -400, 0.000001)),
        (Purchases(3, 1000, 150, 1, 1250), Margin(150, 1100, 0.999999)),
        (Purchases(3, 3, 1, 1, 1), Margin(1, 0, 0.333333)),
        (Purchases(3, 3, 1, 2, 2), Margin(1, 1, 0.666667)),
    ],
)
def test_a_margin_is_of_the_usage_whose_purchase_cost_is_known(
    usage: Purchases, expected: Margin
) -> None:
    assert margin_of(usage) == expected


@pytest.mark.parametrize("field", ["buy", "bought", "bought_cost"])
def test_one_known_sum_makes_the_purchase_cost_known(field: str) -> None:
    usage = Purchases(events=1, cost=500)
    assert usage.is_unknown
    assert not usage._replace(**{field: 1}).is_unknown
    assert not usage._replace(**{field: -1}).is_unknown


@examples(200)
@given(usage=USAGES)
def test_the_share_is_the_rounded_part_between_its_bounds(usage: Purchases) -> None:
    found = margin_of(usage)
    if usage.is_unknown:
        return
    assert found.buy_cost is not None
    assert found.margin == usage.bought_cost - found.buy_cost
    complete = (usage.bought, usage.bought_cost) == (usage.events, usage.cost)
    if complete:
        assert found.buy_known_share == 1
    elif usage.cost <= 0:
        assert found.buy_known_share is None
    else:
        exact = Fraction(usage.bought_cost, usage.cost)
        nearest = min(max(exact, Fraction(1, 10**6)), 1 - Fraction(1, 10**6))
        assert found.buy_known_share is not None
        assert 0 < found.buy_known_share < 1
        assert abs(Fraction(found.buy_known_share) - nearest) <= Fraction(1, 10**6)


@examples(100)
@given(usages=st.lists(USAGES, max_size=5))
def test_sums_are_added_field_by_field(usages: list[Purchases]) -> None:
    found = added(usages)
    for field in Purchases._fields:
        assert getattr(found, field) == sum(getattr(it, field) for it in usages)


def test_no_usage_adds_up_to_nothing() -> None:
    assert added([]) == Purchases()
    assert added(iter([Purchases(1, 2, 3, 4, 5)])) == Purchases(1, 2, 3, 4, 5)
