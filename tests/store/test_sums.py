"""Sums past 64 bits, on both engines: written without an end, and read exactly."""

from typing import Any

import pytest

from tests.builders import Json, Platform, event, reversal
from tollbook.store.database import Database
from tollbook.store.exact_sums import combine, in_halves
from tollbook.store.rollups import KEYS, chunks

MOST = 100_000_000
"""The most that an event may cost, in units of the currency."""


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def heavy(count: int, **given: Any) -> list[Json]:
    return [event(**{"id": str(n), "cost": MOST, **given}) for n in range(count)]


def units(platform: Platform) -> int:
    """Return the cost of everything, in units of the currency."""
    rows = platform.rows("SELECT cost FROM organization_monthly")
    return sum(row[0] for row in rows) // 10**9


def test_a_batch_may_cost_more_than_64_bits_hold(platform: Platform) -> None:
    assert set(platform.statuses(*heavy(500))) == {"accepted"}
    assert units(platform) == 500 * MOST
    assert platform.differences() == []


def test_a_month_may_cost_a_trillion_units(platform: Platform) -> None:
    assert set(platform.statuses(*heavy(10_000))) == {"accepted"}
    assert units(platform) == 10**12
    assert platform.differences() == []


def test_a_full_row_is_set_aside_once_and_another_goes_on(platform: Platform) -> None:
    platform.send(*heavy(90))
    platform.send(*(event(id=f"more {n}", cost=MOST) for n in range(5)))
    platform.send(event(id="after", cost=1))
    for table in KEYS:
        parts = platform.rows(f"SELECT part, cost FROM {table} ORDER BY part")
        assert parts == [(0, 5 * MOST * 10**9 + 10**9), (1, 90 * MOST * 10**9)], table
    assert platform.differences() == []


def test_quantities_have_no_end_either(platform: Platform) -> None:
    platform.send(*heavy(9_500, cost=None, quantity=10**9, type="api.request"))
    assert sum(row[0] for row in platform.rows("SELECT quantity FROM usage_monthly")) == (
        9_500 * 10**15
    )
    assert platform.differences() == []


def test_events_that_are_sent_again_beside_such_a_batch_are_not_added_again(
    platform: Platform,
) -> None:
    batch = heavy(100)
    platform.send(*batch[:50])
    platform.send(*batch)
    assert units(platform) == 100 * MOST
    assert platform.differences() == []


def test_another_organization_in_the_same_batch_is_stored_with_it(platform: Platform) -> None:
    platform.organization("org_2")
    batch = [*heavy(100), event(id="small", organization_id="org_2", cost=1)]
    assert set(platform.statuses(*batch)) == {"accepted"}
    assert platform.differences() == []


def test_reversals_go_as_far_down(platform: Platform) -> None:
    platform.send(*heavy(200))
    for first in (0, 100):
        platform.reversed(*(reversal(str(n)) for n in range(first, first + 100)))
    assert units(platform) == 0
    assert platform.differences() == []


def test_verification_notices_a_change_in_a_row_set_aside(platform: Platform) -> None:
    platform.send(*heavy(90))
    platform.send(*(event(id=f"more {n}", cost=MOST) for n in range(5)))
    with platform.database.writing() as transaction:
        transaction.execute("UPDATE usage_monthly SET cost = cost + 1 WHERE part = 1")
    found = platform.differences()
    assert [(it.check, it.row["cost"]) for it in found] == [
        ("usage_monthly", 95 * MOST * 10**9),
        ("usage_monthly", 95 * MOST * 10**9 + 1),
    ]


def test_a_table_is_read_in_halves_under_its_name_or_its_alias() -> None:
    sql = "SELECT SUM(sums.cost) FROM usage_monthly AS sums JOIN users ON true"
    for half, operator in zip(in_halves(sql), "/%", strict=True):
        assert f"cost {operator} 1000000000 AS cost" in half
        assert f"quantity {operator} 1000000000 AS quantity" in half
        assert "FROM usage_monthly) AS sums JOIN users ON true" in half


def test_halves_are_put_together_whatever_their_order() -> None:
    units, rest = [("a", 1, -2), ("b", 1, None)], [("b", 1, None), ("a", 1, -7)]
    assert combine(units, rest, [2]) == [("b", 1, None), ("a", 1, -2_000_000_007)]


def test_rows_are_divided_so_that_each_part_fits() -> None:
    sizes = [("a", 1 << 61), ("a", 1 << 61), ("b", 1 << 61), ("a", 1), ("a", 1 << 61)]
    divided = list(chunks(sizes, lambda it: it))
    assert divided == [sizes[:1], sizes[1:4], sizes[4:]]
