"""The columns of closed days against sums in dictionaries, of any size and any sign."""

import json
from collections import defaultdict

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.store.closed_columns import COST, COUNT, QUANTITY, ClosedColumns, GrowingColumns
from tollbook.store.closed_days import StoredDay

Row = tuple[str, int, int, int, int]
AMOUNTS = st.integers(-(10**20), 10**20) | st.sampled_from([0, 10, 10**9, -(10**18), 2**63])
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["ann", "ben", "Ü", "z z"]),
        st.sampled_from([1, 5, 1000]),
        st.integers(-3, 3),
        AMOUNTS,
        AMOUNTS,
    ),
    max_size=6,
    unique_by=lambda row: row[:2],
)
DAYS = st.lists(ROWS, min_size=1, max_size=4)
Sums = dict[tuple[str, int], list[int]]


def closed(day: StoredDay) -> ClosedColumns:
    return ClosedColumns(day.users, day.sums)


def sums_of(columns: ClosedColumns, before: ClosedColumns | None = None) -> Sums:
    """Return the sums that are not zero, by user and meter."""
    found: Sums = {}
    for meter in columns.meters:
        read = [columns.column(meter, it, before) for it in (COUNT, QUANTITY, COST)]
        for user, *amounts in zip(columns.users, *read, strict=True):
            if any(amounts):
                found[user, meter] = amounts
    return found


def added(days: list[list[Row]]) -> Sums:
    found: Sums = defaultdict(lambda: [0, 0, 0])
    for user, meter, *amounts in (row for day in days for row in day):
        found[user, meter] = [a + b for a, b in zip(found[user, meter], amounts, strict=True)]
    return {key: amounts for key, amounts in found.items() if any(amounts)}


@examples(80)
@given(days=DAYS)
@example(days=[[("ann", 5, 1, 10**9, 30)], [("ann", 5, 1, 1, 70)]])
@example(days=[[("ann", 5, 1, 100, 1)], [("ben", 1, 0, 0, 0)], [("ann", 5, -1, -100, -1)]])
def test_columns_are_the_sums_of_all_days_so_far(days: list[list[Row]]) -> None:
    growing = GrowingColumns()
    stored = list[StoredDay]()
    for at, rows in enumerate(days, 1):
        growing.add(rows)
        stored.append(growing.stored(20240100 + at))
        assert sums_of(closed(stored[-1])) == added(days[:at])
    for first in range(len(stored)):
        difference = sums_of(closed(stored[-1]), closed(stored[first]))
        assert difference == added(days[first + 1 :])


@examples(30)
@given(days=DAYS)
def test_columns_that_were_stored_grow_as_if_they_had_stayed_in_memory(
    days: list[list[Row]],
) -> None:
    whole, last = GrowingColumns(), None
    for day, rows in enumerate(days):
        whole.add(rows)
        continued = GrowingColumns(last)
        continued.add(rows)
        stored = continued.stored(day)
        assert stored == whole.stored(day)
        last = stored.users, stored.sums


def test_users_keep_their_places_and_new_ones_follow_in_order() -> None:
    growing = GrowingColumns()
    growing.add([("m", 5, 1, 1, 1), ("c", 5, 1, 1, 1)])
    growing.add([("z", 5, 1, 1, 1), ("a", 5, 1, 1, 1), ("c", 5, 1, 1, 1)])
    assert closed(growing.stored(1)).users == ["c", "m", "a", "z"]


def test_meters_are_in_the_order_of_their_codes() -> None:
    growing = GrowingColumns()
    growing.add([("a", 1000, 1, 1, 1), ("a", 1, 1, 1, 1), ("a", 5, 1, 1, 1)])
    assert list(closed(growing.stored(1)).meters) == [1, 5, 1000]


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([0], 1),
        ([0, 0], 1),
        ([7], 1),
        ([10], 10),
        ([-10, 30], 10),
        ([10, 0], 10),
        ([100, 1000], 100),
        ([100, 1001], 1),
        ([25, 50], 1),
        ([61_000_000, 122_000_000], 1_000_000),
        ([10**40, 3 * 10**41], 10**40),
    ],
)
def test_a_column_is_divided_by_the_largest_common_power_of_ten(
    values: list[int], unit: int
) -> None:
    growing = GrowingColumns()
    growing.add([(f"{at}", 5, 1, value, 1) for at, value in enumerate(values)])
    stored = growing.stored(1)
    ((_, _, quantity, _),) = json.loads(stored.sums)
    assert quantity == [unit, [it // unit for it in values]]
    assert closed(stored).column(5, QUANTITY) == values


def test_a_month_without_usage_has_no_columns() -> None:
    stored = GrowingColumns().stored(20240101)
    assert (stored.users, stored.sums) == ("[]", "[]")
    assert sums_of(closed(stored)) == {}
