"""Events that wait for their carrier's price, counted by the age of their own time."""

import pytest

from tests.store.directories import AT, organization
from tests.store.staged import quarantined, record
from tollbook.store import pending_events
from tollbook.store.database import Database, Transaction
from tollbook.store.pending_events import PendingEvents

HOUR = 3_600_000_000
DAY = 24 * HOUR


@pytest.fixture
def number(transaction: Transaction) -> int:
    return organization(transaction, "org_1", "a")


def wait(transaction: Transaction, number: int, *ages: int, code: str = "cost_pending") -> None:
    """Store events of these ages in quarantine."""
    times = [(f"{number} {age}", AT - age) for age in ages]
    rows = (quarantined(number, identity, code, time=time) for identity, time in times)
    record(transaction, *rows)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (-HOUR, (1, 0, 0)),
        (0, (1, 0, 0)),
        (DAY - 1, (1, 0, 0)),
        (DAY, (0, 1, 0)),
        (7 * DAY, (0, 1, 0)),
        (7 * DAY + 1, (0, 0, 1)),
        (AT, (0, 0, 1)),
    ],
)
def test_an_event_is_in_one_range_of_ages(
    transaction: Transaction, number: int, age: int, expected: tuple[int, int, int]
) -> None:
    wait(transaction, number, age)
    assert pending_events.count(transaction, "a", number, AT) == PendingEvents(*expected)
    assert pending_events.count(transaction, "a", None, AT) == PendingEvents(*expected)


def test_events_are_counted_of_one_organization_or_a_tenant(
    transaction: Transaction, number: int
) -> None:
    second, other = organization(transaction, "org_2", "a"), organization(transaction, "x", "b")
    wait(transaction, number, 0, HOUR, 2 * DAY, 8 * DAY)
    wait(transaction, second, 0, 3 * DAY)
    wait(transaction, other, 9 * DAY)
    wait(transaction, number, 1, code="no_price")
    assert pending_events.count(transaction, "a", number, AT) == PendingEvents(2, 1, 1)
    assert pending_events.count(transaction, "a", second, AT) == PendingEvents(1, 1, 0)
    assert pending_events.count(transaction, "a", None, AT) == PendingEvents(3, 2, 1)
    assert pending_events.count(transaction, "b", None, AT) == PendingEvents(0, 0, 1)
    (row,) = transaction.rows(pending_events.OF_ALL, day=AT - DAY, week=AT - 7 * DAY)
    assert tuple(row) == (3, 2, 2)


def test_events_get_older_while_they_wait(transaction: Transaction, number: int) -> None:
    wait(transaction, number, 0)
    found = [pending_events.count(transaction, "a", number, AT + it * DAY) for it in (0, 1, 7, 8)]
    assert [it.under_1_day for it in found] == [1, 0, 0, 0]
    assert [it.from_1_to_7_days for it in found] == [0, 1, 1, 0]
    assert [it.over_7_days for it in found] == [0, 0, 0, 1]


def test_nothing_waits_in_an_empty_database(kept_sqlite: Database) -> None:
    assert pending_events.count_all(kept_sqlite, AT) == {
        "under_1_day": 0,
        "from_1_to_7_days": 0,
        "over_7_days": 0,
    }
