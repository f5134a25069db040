"""Tiers and blocks of a month, against counting unit by unit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import pricing
from tollbook.domain.exact import MICROS
from tollbook.domain.prices import Pricing, Tier, TierMode
from tollbook.rating.tiers import added_cost, month_price, split_into_tiers

NANO = 1_000
"""Picos: prices of whole nanos need no rounding."""


def tiers_of(*steps: tuple[int | None, int], mode: TierMode = TierMode.GRADUATED) -> Pricing:
    """Return a pricing with prices in nanos for each unit up to a number of units."""
    tiers = tuple(
        Tier(None if end is None else end * MICROS, str(nanos), nanos * NANO)
        for end, nanos in steps
    )
    return pricing(tiers=tiers, tier_mode=mode, tier_group="g")


STEPS = ((10, 5), (20, 3), (None, 1))


@pytest.mark.parametrize(
    ("units", "nanos"), [(0, 0), (1, 5), (10, 50), (11, 53), (20, 80), (21, 81), (100, 160)]
)
def test_graduated_tiers_price_each_unit_by_its_own_tier(units: int, nanos: int) -> None:
    assert month_price(tiers_of(*STEPS), units * MICROS) == nanos


@pytest.mark.parametrize(
    ("units", "nanos"), [(0, 0), (1, 5), (10, 50), (11, 33), (20, 60), (21, 21), (100, 100)]
)
def test_volume_tiers_price_all_units_by_the_last_tier(units: int, nanos: int) -> None:
    assert month_price(tiers_of(*STEPS, mode=TierMode.VOLUME), units * MICROS) == nanos


@st.composite
def ladders(draw: st.DrawFn) -> list[tuple[int | None, int]]:
    ends = sorted(draw(st.sets(st.integers(1, 40), max_size=4)))
    return [(end, draw(st.integers(0, 9))) for end in (*ends, None)]


@examples(300)
@given(ladders(), st.integers(0, 60), st.integers(0, 60))
def test_an_event_costs_the_prices_of_its_units(
    steps: list[tuple[int | None, int]], position: int, units: int
) -> None:
    def price_of(unit: int) -> int:
        return next(nanos for end, nanos in steps if end is None or unit <= end)

    expected = sum(price_of(unit) for unit in range(position + 1, position + units + 1))
    assert added_cost(tiers_of(*steps), position * MICROS, units * MICROS) == expected


@examples(200)
@given(ladders(), st.integers(0, 60), st.sampled_from(TierMode))
def test_the_parts_of_a_quantity_add_up_to_it(
    steps: list[tuple[int | None, int]], units: int, mode: TierMode
) -> None:
    parts = list(split_into_tiers(tiers_of(*steps, mode=mode), units * MICROS))
    assert sum(part for _, part in parts) == units * MICROS
    if mode is TierMode.VOLUME:
        assert len(parts) == 1
    else:
        assert all(part > 0 for _, part in parts)


def test_a_cheaper_volume_tier_lowers_the_cost_of_the_month() -> None:
    assert added_cost(tiers_of(*STEPS, mode=TierMode.VOLUME), 10 * MICROS, MICROS) == 33 - 50


@examples(200)
@given(st.integers(1, 9), st.integers(0, 50), st.integers(0, 50))
def test_blocks_of_a_month_are_shared_by_its_events(block: int, position: int, units: int) -> None:
    shared = pricing(package=block * MICROS, monthly=True, tier_group="g", price_picos=NANO)
    begun = len(range(0, position, block)) * block
    after = len(range(0, position + units, block)) * block
    assert added_cost(shared, position * MICROS, units * MICROS) == after - begun


@examples(200)
@given(
    ladders(),
    st.lists(st.integers(0, 10**7), max_size=8),
    st.integers(1, 10**4),
    st.sampled_from(TierMode),
)
def test_the_costs_of_events_add_up_to_that_of_the_month(
    steps: list[tuple[int | None, int]], micros: list[int], picos: int, mode: TierMode
) -> None:
    """Rounding each event cannot add up: the month is rounded at every position instead."""
    odd = tiers_of(*((end, picos * nanos) for end, nanos in steps), mode=mode)
    position = total = 0
    for quantity in micros:
        total += added_cost(odd, position, quantity)
        position += quantity
    assert total == month_price(odd, sum(micros))
