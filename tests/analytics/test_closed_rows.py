"""Sums of users from the columns of closed days, against the events one by one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.analytics.ledgers import FIRST, LAST, Charged, charged_events, four_months, sums_of
from tests.builders import Platform, event
from tests.properties.profile import examples
from tollbook.analytics.closed_rows import MonthPart, month_parts, read_closed_rows
from tollbook.analytics.users import KNOWLEDGE_BASES, USER_ROW, parameters
from tollbook.domain.events import microseconds
from tollbook.domain.periods import Period, day_number
from tollbook.lifecycle.close_days import close_days

DAY = timedelta(days=1)
NOON = microseconds(datetime(2024, 3, 20, 12, tzinfo=UTC))
"""The 19th of March is the last closed day."""


@pytest.fixture(scope="module")
def platform(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with four_months(migrated_file, tmp_path_factory.mktemp("closed")) as platform:
        close_days(platform.database, NOON, fewest=(0, 0))
        # February is invalid from its 10th day on, and December has no valid day at all.
        for day in ("2024-02-10", "2023-12-01"):
            late = event(id=f"late {day}", time=f"{day}T05:00:00Z", user_id="late")
            assert platform.statuses(late) == ["accepted"]
        yield platform


@pytest.fixture(scope="module")
def events(platform: Platform) -> list[Charged]:
    return charged_events(platform, "org_1")


PERIODS = st.tuples(*[st.dates(FIRST, LAST)] * 2).map(lambda it: Period(min(it), max(it)))


@examples(100)
@given(period=PERIODS)
@example(period=Period(FIRST, LAST))
@example(period=Period(date(2024, 1, 1), date(2024, 1, 31)))
@example(period=Period(date(2024, 1, 31), date(2024, 2, 29)))
@example(period=Period(date(2024, 2, 9), date(2024, 2, 11)))
@example(period=Period(date(2024, 3, 19), date(2024, 3, 20)))
@example(period=Period(date(2024, 3, 2), date(2024, 3, 31)))
@example(period=Period(date(2024, 3, 15), date(2024, 3, 31)))
def test_rows_of_closed_days_are_the_events_of_the_period(
    platform: Platform, events: list[Charged], period: Period
) -> None:
    bound = parameters(platform.number("org_1"), period)
    with platform.database.reading() as snapshot:
        rows = read_closed_rows(snapshot, bound, USER_ROW, KNOWLEDGE_BASES, own=False)
    if rows is None:
        return
    first, last = day_number(period.start), day_number(period.end)
    mine = [it for it in events if it.user and first <= it.day <= last]
    places = USER_ROW.place
    for row in rows:
        theirs = [it for it in mine if it.user == row[0]]
        calls = sums_of(it for it in theirs if it.meter == 5)
        assert (row[places["total_voice_calls"]], row[places["total_voice_seconds"]]) == calls[:2]
        assert sum(row[USER_ROW.costs]) == sums_of(theirs)[3]
    assert {row[0] for row in rows} == {"ann", "bob", "cat", "late"}


@pytest.mark.parametrize(
    ("start", "end", "has_columns"),
    [
        ("2024-01-05", "2024-01-20", True),
        ("2024-03-01", "2024-03-19", True),
        ("2024-03-20", "2024-03-31", True),
        ("2024-02-01", "2024-02-09", True),
        ("2024-02-11", "2024-02-20", False),
        ("2023-12-01", "2023-12-31", False),
        ("2023-11-01", "2023-11-30", False),
    ],
)
def test_days_without_valid_columns_are_read_by_another_statement(
    platform: Platform, start: str, end: str, has_columns: bool
) -> None:
    period = Period(date.fromisoformat(start), date.fromisoformat(end))
    bound = parameters(platform.number("org_1"), period)
    with platform.database.reading() as snapshot:
        rows = read_closed_rows(snapshot, bound, USER_ROW, KNOWLEDGE_BASES, own=False)
    assert (rows is not None) is has_columns


VALID = {202312: 20231231, 202401: 20240131, 202402: 20240215, 202403: 0}


def _end_of(month: int) -> date:
    year, number = divmod(month, 100)
    return date(year + number // 12, number % 12 + 1, 1) - DAY


@examples(200)
@given(period=PERIODS)
@example(period=Period(date(2024, 2, 29), date(2024, 2, 29)))
def test_the_parts_of_a_period_have_each_of_its_days_once(period: Period) -> None:
    days: list[int] = []
    for part in month_parts(day_number(period.start), day_number(period.end), VALID):
        last = part.last or day_number(_end_of(part.month))
        first = part.before + 1 if part.before else part.month * 100 + 1
        days += range(first, last + 1)
        is_open = not part.last
        assert not is_open or VALID.get(part.month, 0) < day_number(_end_of(part.month))
    length = (period.end - period.start).days + 1
    assert days == [day_number(period.start + it * DAY) for it in range(length)]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (20240105, 20240120, [MonthPart(202401, 20240104, 20240120)]),
        (20240101, 20240131, [MonthPart(202401, 0, 20240131)]),
        (20240201, 20240229, [MonthPart(202402, 0, 0)]),
        (20240210, 20240229, [MonthPart(202402, 20240209, 0)]),
        (20240210, 20240228, [MonthPart(202402, 20240209, 20240228)]),
        (
            20231231,
            20240101,
            [MonthPart(202312, 20231230, 20231231), MonthPart(202401, 0, 20240101)],
        ),
        (20240301, 20240331, [MonthPart(202403, 0, 0)]),
    ],
)
def test_a_month_that_is_open_is_read_whole_only_to_its_last_day(
    start: int, end: int, expected: list[MonthPart]
) -> None:
    assert list(month_parts(start, end, VALID)) == expected


@pytest.mark.parametrize(
    ("part", "valid", "expected"),
    [
        (MonthPart(202401, 0, 20240110), 20240110, True),
        (MonthPart(202401, 0, 20240110), 20240109, False),
        (MonthPart(202401, 20240105, 0), 20240105, True),
        (MonthPart(202401, 20240105, 0), 20240104, False),
        (MonthPart(202401, 20240105, 20240110), 20240109, False),
        (MonthPart(202401, 0, 0), 20240131, False),
    ],
)
def test_a_part_has_columns_if_its_last_needed_day_is_valid(
    part: MonthPart, valid: int, expected: bool
) -> None:
    assert part.has_columns({202401: valid}) is expected
    assert not part.has_columns({})
