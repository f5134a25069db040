"""Sums in two halves against the integers of Python, and chunks of rows that no sum can pass."""

import sqlite3
from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.store.engine import by_index
from tollbook.store.exact_sums import AMOUNTS, UNIT, combine, in_halves
from tollbook.store.rollups import KEYS, chunks
from tollbook.store.tables.schema import metadata

INTEGERS = st.integers(-(2**63), 2**63 - 1)
ROOM = 1 << 62
SQL = """
SELECT user_id, COUNT(*), SUM(quantity), SUM(cost)
FROM usage_daily AS daily
WHERE organization_id = :organization GROUP BY user_id ORDER BY user_id
"""
Rows = list[tuple[str, int, int]]


def table() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    names = ", ".join(it.name for it in metadata.tables["usage_daily"].columns)
    connection.execute(f"CREATE TABLE usage_daily ({names})")
    return connection


@examples(200)
@given(rows=st.lists(st.tuples(st.sampled_from("abc"), INTEGERS, INTEGERS), max_size=30))
@example(rows=[("a", 2**63 - 1, -(2**63))] * 30)
@example(rows=[("a", -1, 1), ("a", -UNIT, UNIT), ("b", UNIT - 1, 1 - UNIT)])
def test_halves_add_up_to_the_whole_whatever_its_size(rows: Rows) -> None:
    connection = table()
    connection.executemany(
        "INSERT INTO usage_daily (organization_id, user_id, quantity, cost) VALUES (1, ?, ?, ?)",
        rows,
    )
    connection.execute("INSERT INTO usage_daily (organization_id, cost) VALUES (2, 1)")
    units, rest = (connection.execute(it, {"organization": 1}).fetchall() for it in in_halves(SQL))
    wanted = [
        (user, len(mine), sum(it[1] for it in mine), sum(it[2] for it in mine))
        for user in "abc"
        if (mine := [it for it in rows if it[0] == user])
    ]
    assert combine(units, rest, {2, 3}) == wanted


def test_a_sum_of_nothing_stays_null() -> None:
    assert combine([("a", None)], [("a", None)], {1}) == [("a", None)]
    assert combine([], [], {1}) == []


def test_rows_are_put_together_by_their_keys_in_the_order_of_the_second() -> None:
    units, rest = [("a", 1), ("b", 2)], [("b", 5), ("a", -7)]
    assert combine(units, rest, {1}) == [("b", 2 * UNIT + 5), ("a", UNIT - 7)]


def test_only_amounts_of_tables_of_amounts_are_divided() -> None:
    for name in (*KEYS, "events"):
        units, rest = in_halves(f"SELECT 1 FROM {name} JOIN users ON true")
        for column in metadata.tables[name].columns:
            is_divided = f"{column.name} / {UNIT} AS {column.name}" in units
            assert is_divided == (column.name in AMOUNTS)
        assert f") AS {name} JOIN users ON true" in units
        assert units.replace(f" / {UNIT}", f" % {UNIT}") == rest
    sql = "SELECT cost FROM budgets JOIN organizations ON true"
    assert in_halves(sql) == (sql, sql)


def test_the_index_of_a_table_goes_with_its_name() -> None:
    sql = f"SELECT cost FROM events {by_index('ix')} JOIN usage_daily AS sums ON true"
    units, _ = in_halves(sql)
    assert f"FROM events {by_index('ix')}) AS events JOIN (" in units
    assert units.endswith("FROM usage_daily) AS sums ON true")


STAGED = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 2**60) | st.integers(0, ROOM - 1)), max_size=40
)


@examples(300)
@given(rows=STAGED)
@example(rows=[("a", ROOM - 1), ("a", 1), ("b", ROOM - 1), ("a", 0)])
def test_chunks_are_all_rows_in_order_and_no_sum_of_one_fills_a_row(
    rows: list[tuple[str, int]],
) -> None:
    found = list(chunks(rows, lambda it: it))
    assert [row for chunk in found for row in chunk] == rows
    for number, chunk in enumerate(found):
        sums: Counter[str] = Counter()
        for whose, most in chunk:
            sums[whose] += most
        assert all(it < ROOM for it in sums.values())
        if number + 1 < len(found):  # no chunk ends early
            whose, most = found[number + 1][0]
            assert sums[whose] + most >= ROOM
