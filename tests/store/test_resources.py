"""The days of a resource as bits of its month, compared with sets of days."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.store.directories import organization
from tests.store.staged import quarantined, record, reverse, staged
from tests.store.undone import undone
from tollbook.store import resources
from tollbook.store.database import Database, Transaction
from tollbook.store.staging import Staged

RENTAL, USAGE, PHONE = 10, 11, 8
"""Knowledge bases are counted by their resources; phone numbers are not."""


def kb(number: int, identity: str, **given: object) -> Staged:
    return staged(number, identity, **{"meter": USAGE, "resource_id": "kb-1", **given})


def days(transaction: Transaction) -> dict[tuple[int, int, str], set[int]]:
    """Return the days of each month, meter and resource that were used, by their bits."""
    rows = transaction.rows("SELECT month, meter, resource_id, days FROM organization_resources")
    return {
        (month, meter, resource): {day for day in range(64) if bits >> day & 1}
        for month, meter, resource, bits in rows
    }


def test_each_day_of_a_month_is_a_bit(transaction: Transaction) -> None:
    number = organization(transaction)
    record(transaction, *(kb(number, f"{it}", day=20240100 + it) for it in (1, 15, 31)))
    record(transaction, kb(number, "b", day=20240229), kb(number, "c", day=20240131))
    assert days(transaction) == {
        (202401, USAGE, "kb-1"): {1, 15, 31},
        (202402, USAGE, "kb-1"): {29},
    }


def test_several_events_and_users_of_a_day_are_one_day(transaction: Transaction) -> None:
    number = organization(transaction)
    rows = [kb(number, user, user_id=user) for user in ("ann", "ben", "")]
    record(transaction, *rows, kb(number, "again"))
    record(transaction, kb(number, "once more"))
    assert days(transaction) == {(202401, USAGE, "kb-1"): {15}}


@pytest.mark.parametrize(
    ("given", "is_counted"),
    [
        ({"meter": RENTAL}, True),
        ({"resource_id": "Ü"}, True),
        ({"resource_id": ""}, False),
        ({"meter": PHONE}, False),
        ({"meter": 1000}, False),
    ],
)
def test_only_resources_of_some_meters_are_counted(
    transaction: Transaction, given: dict[str, object], is_counted: bool
) -> None:
    record(transaction, kb(organization(transaction), "a", **given))
    assert bool(days(transaction)) == is_counted


def test_an_event_in_quarantine_uses_nothing(transaction: Transaction) -> None:
    number = organization(transaction)
    record(transaction, quarantined(number, "a", meter=USAGE, resource_id="kb-1"))
    assert days(transaction) == {}


def test_a_day_is_used_until_its_last_event_is_reversed(transaction: Transaction) -> None:
    number = organization(transaction)
    first, second = kb(number, "1"), kb(number, "2", user_id="ben")
    other = kb(number, "3", day=20240116)
    record(transaction, first, second, other)
    reverse(transaction, first)
    assert days(transaction) == {(202401, USAGE, "kb-1"): {15, 16}}
    reverse(transaction, second)
    assert days(transaction) == {(202401, USAGE, "kb-1"): {16}}
    reverse(transaction, other)
    assert days(transaction) == {(202401, USAGE, "kb-1"): set()}
    record(transaction, kb(number, "4"))
    assert days(transaction) == {(202401, USAGE, "kb-1"): {15}}


LEDGER = """
SELECT organization_id, day / 100 AS month, meter, COALESCE(resource_id, '') AS resource_id, day,
    CASE WHEN reverses IS NULL THEN 1 ELSE -1 END AS count
FROM events
"""
USES = st.lists(
    st.tuples(
        st.sampled_from([20240101, 20240131, 20240201, 20240229]),
        st.sampled_from(["kb-1", "kb-2", ""]),
        st.sampled_from([RENTAL, USAGE, PHONE]),
        st.sampled_from(["ann", "ben"]),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


@examples(25)
@given(uses=USES)
def test_days_are_those_of_the_events_that_are_left(
    kept_sqlite: Database, uses: list[tuple[int, str, int, str, bool]]
) -> None:
    with undone(kept_sqlite) as transaction:
        number = organization(transaction)
        rows = [
            kb(number, f"{at}", day=day, resource_id=resource, meter=meter, user_id=user)
            for at, (day, resource, meter, user, _) in enumerate(uses)
        ]
        record(transaction, *rows)
        taken_back = [row for row, use in zip(rows, uses, strict=True) if use[-1]]
        if taken_back:
            reverse(transaction, *taken_back)
        left: dict[tuple[int, int, str], set[int]] = {}
        for row in rows:
            if row not in taken_back and row.resource_id and row.meter != PHONE:
                key = row.day // 100, row.meter, row.resource_id
                left.setdefault(key, set()).add(row.day % 100)
        stored = days(transaction)
        computed = transaction.rows(resources.from_ledger(LEDGER))
        bits = {tuple(row[1:4]): row[4] for row in computed}
        assert {key: found for key, found in stored.items() if found} == left
        assert bits == {key: sum(1 << day for day in found) for key, found in left.items()}
