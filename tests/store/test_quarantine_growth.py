"""The number of quarantined events: by code now, in samples, and at the last alarm."""

import pytest

from tests.store.directories import AT, organization
from tollbook.store import quarantine_counts, quarantine_growth
from tollbook.store.database import Transaction
from tollbook.store.quarantine_growth import Alarm, QuarantineCount


def change(transaction: Transaction, changes: dict[tuple[int, str], int]) -> None:
    quarantine_counts.change_counts(transaction, changes)


@pytest.fixture
def numbers(transaction: Transaction) -> list[int]:
    """The organizations x and y of tenant a, and x of tenant b."""
    return [
        organization(transaction, identity, tenant)
        for identity, tenant in (("x", "a"), ("y", "a"), ("x", "b"))
    ]


def test_events_are_counted_by_tenant_and_code_the_most_frequent_first(
    transaction: Transaction, numbers: list[int]
) -> None:
    first, second, other = numbers
    change(transaction, {(first, "no_price"): 2, (second, "no_price"): 3, (first, "z"): 6})
    change(transaction, {(other, "no_price"): 1, (first, "a"): 5, (second, "b"): 5})
    found = quarantine_growth.counts(transaction)
    assert {tenant: list(of.items()) for tenant, of in found.items()} == {
        "a": [("z", 6), ("a", 5), ("b", 5), ("no_price", 5)],
        "b": [("no_price", 1)],
    }


def test_a_code_without_events_is_not_counted(transaction: Transaction, numbers: list[int]) -> None:
    first, second, _ = numbers
    change(transaction, {(first, "x"): 2, (first, "y"): 1})
    quarantine_counts.subtract(transaction, [(first, "x"), (first, "x"), (first, "y")])
    assert quarantine_growth.counts(transaction) == {}
    change(transaction, {(second, "x"): 4, (second, "y"): 0})
    assert quarantine_growth.counts(transaction) == {"a": {"x": 4}}


@pytest.mark.parametrize("steps", [[5], [2, 3], [9, -4], [1, 1, 1, 1, 1], [2**40, 5 - 2**40]])
def test_changes_add_up(transaction: Transaction, numbers: list[int], steps: list[int]) -> None:
    for step in steps:
        change(transaction, {(numbers[0], "x"): step})
    assert quarantine_growth.counts(transaction) == {"a": {"x": 5}}


def test_the_count_of_a_tenant_may_exceed_32_bits(
    transaction: Transaction, numbers: list[int]
) -> None:
    change(transaction, {(it, "x"): 2**33 for it in numbers[:2]})
    assert quarantine_growth.counts(transaction) == {"a": {"x": 2**34}}


def test_samples_are_read_by_tenant_the_oldest_first(tx: Transaction) -> None:
    made = [
        QuarantineCount(tenant, at, waiting)
        for tenant, at, waiting in (("b", 2, 5), ("a", 3, 0), ("a", 1, 7), ("a", 2, 7))
    ]
    quarantine_growth.add_samples(tx, made)
    assert quarantine_growth.samples(tx) == {"a": [made[2], made[3], made[1]], "b": [made[0]]}
    quarantine_growth.remove_samples(tx, [made[3], QuarantineCount("b", 3, 5)])
    assert quarantine_growth.samples(tx) == {"a": [made[2], made[1]], "b": [made[0]]}


def test_there_is_one_alarm_of_a_tenant(transaction: Transaction) -> None:
    assert quarantine_growth.alarms(transaction) == {}
    other = Alarm("b", AT, 2**40)
    quarantine_growth.put_alarms(transaction, [Alarm("a", AT, 7), other])
    later = Alarm("a", AT + 1, 9, True)
    quarantine_growth.put_alarms(transaction, [later])
    assert quarantine_growth.alarms(transaction) == {"a": later, "b": other}
    quarantine_growth.put_alarms(transaction, [later._replace(fell=False)])
    assert quarantine_growth.alarms(transaction)["a"].fell is False
