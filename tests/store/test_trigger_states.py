"""Thresholds that were reached, once in each period, and what deviations expect."""

import pytest

from tollbook.store import trigger_states
from tollbook.store.database import Transaction
from tollbook.store.trigger_states import Baseline, ReachedThreshold

DAY = 86_400_000_000
REACHED = ReachedThreshold(7, "trg_1", 0, "100", DAY, 123, DAY // 2)
USUAL = Baseline(7, "trg_1", 0, DAY, 100, 15)


def states(
    transaction: Transaction, *triggers: str, number: int = 7, since: int = 0
) -> list[ReachedThreshold]:
    return sorted(trigger_states.states(transaction, number, triggers or ("trg_1",), since))


@pytest.mark.parametrize("value", [0, -5, 2**63 - 1, 10**40, -(10**40)])
def test_a_value_of_any_size_comes_back(transaction: Transaction, value: int) -> None:
    made = REACHED._replace(value=value)
    assert trigger_states.claim(transaction, made)
    assert states(transaction) == [made]


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        ({}, False),
        ({"value": 5, "reached_at": 9, "period_end": DAY + 1}, False),
        ({"threshold": "200"}, True),
        ({"threshold": "100.0"}, True),
        ({"period_start": 1}, True),
        ({"trigger_id": "trg_2"}, True),
        ({"organization": 8}, True),
    ],
)
def test_a_threshold_is_reached_once_in_a_period(
    transaction: Transaction, change: dict[str, object], is_another: bool
) -> None:
    assert trigger_states.claim(transaction, REACHED)
    assert trigger_states.claim(transaction, REACHED._replace(**change)) == is_another
    assert REACHED in states(transaction)


def test_a_state_is_cleared_once(transaction: Transaction) -> None:
    others = [
        REACHED._replace(threshold="200"),
        REACHED._replace(period_start=1),
        REACHED._replace(trigger_id="trg_2"),
    ]
    for it in (REACHED, *others):
        trigger_states.claim(transaction, it)
    assert trigger_states.clear(transaction, REACHED, 5)
    assert not trigger_states.clear(transaction, REACHED, 6)
    assert not trigger_states.clear(transaction, REACHED._replace(organization=8), 6)
    cleared = REACHED._replace(cleared_at=5)
    assert states(transaction, "trg_1", "trg_2") == sorted([cleared, *others])


def test_the_state_of_another_organization_is_not_cleared(transaction: Transaction) -> None:
    other = REACHED._replace(organization=8)
    for it in (REACHED, other):
        trigger_states.claim(transaction, it)
    trigger_states.clear(transaction, REACHED, 5)
    assert states(transaction, number=8) == [other]


def test_states_are_read_of_periods_that_end_later(transaction: Transaction) -> None:
    found = [REACHED._replace(period_start=it, period_end=it + DAY) for it in (0, DAY, 2 * DAY)]
    for it in found:
        trigger_states.claim(transaction, it)
    assert states(transaction, since=DAY - 1) == found
    assert states(transaction, since=DAY) == found[1:]
    assert states(transaction, since=3 * DAY) == []


def test_states_are_read_of_some_triggers_of_an_organization(transaction: Transaction) -> None:
    made = [REACHED._replace(trigger_id=f"trg_{it}") for it in range(3)]
    for it in (*made, REACHED._replace(organization=8)):
        trigger_states.claim(transaction, it)
    assert states(transaction, "trg_2", "trg_0", "unknown") == [made[0], made[2]]
    assert trigger_states.states(transaction, 7, [], 0) == []


def test_any_number_of_triggers_is_read_each_once(
    tx: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trigger_states, "_MOST_NAMED", 3)
    made = [REACHED._replace(trigger_id=f"trg_{it}") for it in range(7)]
    for it in made:
        trigger_states.claim(tx, it)
        trigger_states.freeze(tx, USUAL._replace(trigger_id=it.trigger_id))
    ids = [it.trigger_id for it in made]
    assert states(tx, *ids) == made
    assert len(trigger_states.baselines(tx, 7, reversed(ids), 0)) == 7


def test_what_is_expected_stays_as_it_was_first(transaction: Transaction) -> None:
    trigger_states.freeze(transaction, USUAL)
    trigger_states.freeze(transaction, USUAL._replace(expected=1, spread=2, period_end=3))
    large = USUAL._replace(period_start=1, expected=10**30, spread=10**29)
    trigger_states.freeze(transaction, large)
    found = trigger_states.baselines(transaction, 7, ["trg_1"], 0)
    assert sorted(found) == [USUAL, large]
    assert trigger_states.baselines(transaction, 7, ["trg_1"], DAY) == []
    assert trigger_states.baselines(transaction, 8, ["trg_1"], 0) == []


@pytest.mark.parametrize(
    ("start", "end", "is_removed"),
    [
        (0, DAY, True),
        (0, DAY - 1, True),
        (0, DAY + 1, False),
        (9 * DAY - 1, 10 * DAY - 1, True),
        (9 * DAY, 10 * DAY, False),
        (10 * DAY, 11 * DAY, False),
    ],
)
def test_short_periods_that_ended_long_ago_are_removed(
    transaction: Transaction, start: int, end: int, is_removed: bool
) -> None:
    mine = REACHED._replace(period_start=start, period_end=end)
    other = mine._replace(organization=8)
    for it in (mine, other):
        trigger_states.claim(transaction, it)
        place = it.organization, it.trigger_id, start, end
        trigger_states.freeze(transaction, Baseline(*place, 1, 1))
    trigger_states.remove_ended(transaction, [7, 9], DAY, 10 * DAY)
    assert states(transaction) == ([] if is_removed else [mine])
    assert bool(trigger_states.baselines(transaction, 7, ["trg_1"], 0)) != is_removed
    assert states(transaction, number=8) == [other]
    assert trigger_states.baselines(transaction, 8, ["trg_1"], 0)
