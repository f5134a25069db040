"""The usage of one country from daily sums, against every row looked at."""

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.analytics.in_country import (
    countries_by_sql,
    country_cover_sql,
    country_knowledge_bases_sql,
    country_parameters,
)
from tollbook.analytics.period_cover import period_parameters
from tollbook.domain.meters import BY_TYPE
from tollbook.domain.periods import Period, day_number

FIRST, LAST = date(2024, 1, 30), date(2024, 3, 2)
USERS, COUNTRIES, METERS = ("", "ann", "bob"), ("", "DE", "GB"), (5, 10, 11)
WITHIN = "organization_id = :organization"
RENTAL, USAGE = BY_TYPE["kb.rental"].code, BY_TYPE["kb.usage"].code

Row = tuple[int, str, str, int, int, int, int, int, int]


def _rows() -> Iterator[Row]:
    """Yield a row for each organization, user, country, meter and day: each with its own cost."""
    days = [FIRST + timedelta(days=it) for it in range((LAST - FIRST).days + 1)]
    kinds = product((1, 2), USERS, COUNTRIES, METERS, map(day_number, days))
    for cost, (organization, user, country, meter, day) in enumerate(kinds, 1):
        yield organization, user, country, meter, day // 100, day, 1, 2 * cost, cost


ROWS = list(_rows())
PERIODS = st.tuples(*[st.dates(FIRST, LAST)] * 2).map(lambda it: Period(min(it), max(it)))


@pytest.fixture(scope="module")
def tables() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE TABLE usage_daily "
        "(organization_id, user_id, country, meter, month, day, count, quantity, cost)"
    )
    connection.executemany("INSERT INTO usage_daily VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", ROWS)
    connection.execute(
        "CREATE TABLE events "
        "(organization_id, day, id, user_id, meter, country, resource_id, reverses)"
    )
    connection.execute(
        "CREATE TABLE archived_sums "
        "(organization_id, user_id, country, meter, month, day, resource_id, count)"
    )
    yield connection
    connection.close()


def summed(rows: list[Row], *by: int) -> dict[Any, tuple[int, int, int]]:
    found: dict[Any, tuple[int, int, int]] = {}
    for row in rows:
        key = tuple(row[it] for it in by)
        count, quantity, cost = found.get(key, (0, 0, 0))
        found[key] = count + row[6], quantity + row[7], cost + row[8]
    return found


def within(period: Period) -> list[Row]:
    first, last = day_number(period.start), day_number(period.end)
    return [it for it in ROWS if it[0] == 1 and first <= it[5] <= last]


@examples(60)
@given(period=PERIODS, country=st.sampled_from(COUNTRIES))
def test_the_cover_of_a_country_is_its_rows(
    tables: sqlite3.Connection, period: Period, country: str
) -> None:
    sql = country_cover_sql("user_id, meter", WITHIN, " AND meter <> 10")
    bound = {**period_parameters(period), "organization": 1, "country": country}
    found = tables.execute(
        f"SELECT user_id, meter, SUM(count), SUM(quantity), SUM(cost) FROM ({sql}) GROUP BY 1, 2",
        bound,
    )
    rows = [it for it in within(period) if it[2] == country and it[3] != 10]
    assert {row[:2]: row[2:] for row in found} == summed(rows, 1, 3)


@examples(60)
@given(period=PERIODS)
def test_sums_by_country_have_no_quantity(tables: sqlite3.Connection, period: Period) -> None:
    sql = countries_by_sql("user_id", WITHIN, "")
    bound = {**period_parameters(period), "organization": 1}
    found = {row[:2]: row[2:] for row in tables.execute(sql, bound)}
    rows = summed(within(period), 1, 2)
    assert found == {key: (count, 0, cost) for key, (count, _, cost) in rows.items()}


@pytest.mark.parametrize(
    ("country", "expected"),
    [
        (None, {"", "001", "AD", "GB", "ZW", "ZZ"}),
        ("", {""}),
        ("GB", {"GB"}),
        ("001", {"001"}),
        ("XX", set()),
    ],
)
def test_a_range_of_countries_has_one_or_all(country: str | None, expected: set[str]) -> None:
    bound = country_parameters(country)
    known = ("", "001", "AD", "GB", "ZW", "ZZ")
    assert {it for it in known if bound["country"] <= it <= bound["last_country"]} == expected


def used(tables: sqlite3.Connection, *events: tuple[Any, ...], archived: Any = ()) -> Any:
    """Return how many knowledge bases each user has used with GB on two days."""
    tables.execute("DELETE FROM events")
    tables.execute("DELETE FROM archived_sums")
    tables.executemany(
        "INSERT INTO events VALUES (1, :1, :2, :3, :4, :5, :6, :7)",
        [dict(zip("1234567", it, strict=True)) for it in events],
    )
    tables.executemany("INSERT INTO archived_sums VALUES (1, ?, ?, ?, ?, ?, ?, ?)", archived)
    period = Period(date(2024, 1, 31), date(2024, 2, 1))
    bound = {**period_parameters(period), "organization": 1, "country": "GB"}
    sql = country_knowledge_bases_sql("user_id", WITHIN, "")
    return dict(tables.execute(sql, bound).fetchall())


def usage(identity: str, resource: str, **given: Any) -> tuple[Any, ...]:
    usual = {"day": 20240131, "id": identity, "user": "ann", "meter": USAGE, "country": "GB"}
    return (*{**usual, **given, "resource": resource}.values(), None)


def test_a_knowledge_base_counts_once_however_often_it_is_used(tables: sqlite3.Connection) -> None:
    events = [
        usage("1", "kb-1"),
        usage("2", "kb-1", day=20240201),
        usage("3", "kb-1", meter=RENTAL),
        usage("4", "kb-2"),
        usage("5", "kb-1", user="bob"),
    ]
    assert used(tables, *events) == {"ann": 2, "bob": 1}


@pytest.mark.parametrize(
    "other",
    [{"day": 20240130}, {"day": 20240202}, {"country": "DE"}, {"country": ""}, {"meter": 5}],
)
def test_usage_elsewhere_counts_for_nothing(
    tables: sqlite3.Connection, other: dict[str, Any]
) -> None:
    assert used(tables, usage("1", "kb-1", **other)) == {}


def test_a_knowledge_base_whose_usage_was_reversed_is_not_used(tables: sqlite3.Connection) -> None:
    back = (*usage("2", "kb-1")[:-1], "1")
    assert used(tables, usage("1", "kb-1"), back) == {}
    assert used(tables, usage("1", "kb-1"), usage("3", "kb-1"), back) == {"ann": 1}


def test_archived_usage_counts_with_that_of_the_ledger(tables: sqlite3.Connection) -> None:
    archived = [
        ("ann", "GB", USAGE, 202401, 20240131, "kb-1", 2),
        ("ann", "GB", USAGE, 202402, 20240201, "kb-9", 1),
        ("ann", "GB", USAGE, 202402, 20240201, "kb-8", 0),
        ("bob", "DE", USAGE, 202401, 20240131, "kb-1", 1),
    ]
    assert used(tables, usage("1", "kb-1"), usage("2", "kb-2"), archived=archived) == {"ann": 3}
