"""A period read from tables of days and months: every day of it is counted once."""

import sqlite3
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.analytics.period_cover import cover_parameters, period_cover_sql, period_parameters
from tollbook.domain.periods import Period, day_number

FIRST, LAST = date(2022, 12, 1), date(2025, 2, 28)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def tables() -> Iterator[sqlite3.Connection]:
    """Two organizations, each with one event a day; the day of an event is its cost."""
    connection = sqlite3.connect(":memory:")
    columns = "organization_id, user_id, month, count, quantity, cost"
    connection.execute(f"CREATE TABLE usage_daily ({columns}, day)")
    connection.execute(f"CREATE TABLE usage_monthly ({columns})")
    day = FIRST
    while day <= LAST:
        number = day_number(day)
        for organization in (1, 2):
            row = (organization, "ann", number // 100, 1, organization, number, number)
            connection.execute("INSERT INTO usage_daily VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        day += DAY
    connection.execute(
        "INSERT INTO usage_monthly SELECT organization_id, user_id, month, SUM(count), "
        "SUM(quantity), SUM(cost) FROM usage_daily GROUP BY 1, 2, 3"
    )
    yield connection
    connection.close()


PERIODS = st.tuples(*[st.dates(FIRST, LAST)] * 2).map(lambda it: Period(min(it), max(it)))


@examples(300)
@given(period=PERIODS, organization=st.sampled_from((1, 2)))
@example(period=Period(FIRST, LAST), organization=1)
@example(period=Period(date(2024, 2, 29), date(2024, 2, 29)), organization=2)
@example(period=Period(date(2023, 12, 31), date(2024, 1, 1)), organization=2)
def test_the_cover_adds_up_to_every_day_of_the_period(
    tables: sqlite3.Connection, period: Period, organization: int
) -> None:
    sql = period_cover_sql("usage", "user_id", "organization_id = :organization")
    bound = cover_parameters(period) | {"organization": organization}
    found = tables.execute(
        f"SELECT user_id, SUM(count), SUM(quantity), SUM(cost) FROM ({sql}) GROUP BY 1", bound
    ).fetchall()
    length = (period.end - period.start).days + 1
    numbers = [day_number(period.start + n * DAY) for n in range(length)]
    assert found == [("ann", length, length * organization, sum(numbers))]


def test_a_condition_holds_for_every_part_of_the_cover(tables: sqlite3.Connection) -> None:
    sql = period_cover_sql(
        "usage", "user_id", "organization_id = :organization", " AND user_id = :user"
    )
    bound = cover_parameters(Period(date(2023, 1, 10), date(2023, 4, 20))) | {"organization": 1}
    for user, count in (("ann", 101), ("bob", None)):
        found = tables.execute(f"SELECT SUM(count) FROM ({sql})", bound | {"user": user}).fetchone()
        assert found == (count,)


@examples(100)
@given(period=PERIODS)
def test_the_parameters_also_name_the_ends_of_the_period(period: Period) -> None:
    bound = period_parameters(period)
    assert bound.items() >= cover_parameters(period).items()
    assert (bound["start_day"], bound["end_day"]) == (
        day_number(period.start),
        day_number(period.end),
    )
    assert (bound["start_month"], bound["end_month"]) == (
        bound["start_day"] // 100,
        bound["end_day"] // 100,
    )
    prefixed = cover_parameters(period, "was_")
    assert prefixed == {f"was_{name}": it for name, it in cover_parameters(period).items()}
