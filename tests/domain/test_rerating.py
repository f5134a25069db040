"""Reratings: the costs of a run by currency, and the groups of statuses."""

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.rerating import (
    AT_WORK,
    FINISHED,
    UNFINISHED,
    Costs,
    RerateRange,
    RunStatus,
    added,
)


def test_the_first_cost_of_a_currency_begins_at_zero() -> None:
    assert added({}, "USD", 5, 7) == {"USD": (5, 7)}


def test_costs_are_added_by_currency() -> None:
    costs = added({"USD": (5, 7), "EUR": (1, 1)}, "USD", 10, -7)
    assert costs == {"USD": (15, 0), "EUR": (1, 1)}


def test_adding_does_not_change_the_costs_before() -> None:
    before: Costs = {"USD": (5, 7)}
    added(before, "USD", 1, 1)
    assert before == {"USD": (5, 7)}


@examples(100)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(("USD", "EUR", "JPY")), st.integers(-(10**20), 10**20), st.integers()
        )
    )
)
def test_costs_equal_the_sums_of_their_events(events: list[tuple[str, int, int]]) -> None:
    costs: Costs = {}
    for currency, old, new in events:
        costs = added(costs, currency, old, new)
    assert costs == {
        currency: (
            sum(old for name, old, _ in events if name == currency),
            sum(new for name, _, new in events if name == currency),
        )
        for currency in {name for name, _, _ in events}
    }


def test_every_status_is_finished_or_unfinished() -> None:
    assert set(UNFINISHED) | set(FINISHED) == set(RunStatus)
    assert not set(UNFINISHED) & set(FINISHED)


def test_a_stopped_run_is_unfinished_and_not_at_work() -> None:
    assert set(UNFINISHED) - set(AT_WORK) == {RunStatus.STOPPED}


def test_a_range_is_of_the_whole_tenant_and_the_books_in_force_by_default() -> None:
    span = RerateRange(20240101, 20240131)
    assert (span.organization, span.version) == (None, None)
