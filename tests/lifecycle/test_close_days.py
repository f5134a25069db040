"""Columns of closed days: what is read from them, what makes them invalid, what builds them."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.builders import Json, Platform, correction, event, reversal
from tollbook.analytics.closed_rows import OPEN_MONTHS
from tollbook.api.operation.created_tokens import CreatedTokens
from tollbook.api.operation.maintenance import Maintenance
from tollbook.domain.events import microseconds
from tollbook.lifecycle.close_days import (
    close_days,
    closed_day_differences,
    rebuild_closed_days,
)
from tollbook.store import closed_days
from tollbook.store.closed_columns import COST, ClosedColumns, GrowingColumns
from tollbook.store.database import Database, Snapshot
from tollbook.wiring import now

CUT = ("org_1", "2023-12-16", "2024-01-17")
UNTIL_TODAY = ("org_1", "2023-12-15", "2024-01-18")
PERIODS = (
    *(CUT, UNTIL_TODAY, ("org_1", "2024-01-12", "2024-01-18")),
    *(("org_1", "2024-01-01", "2024-01-31"), ("org_1", "2024-01-12", "2024-01-16")),
)
DAYS = ("2023-12-10", "2023-12-20", "2024-01-11", "2024-01-15", "2024-01-17", "2024-01-18")
AT = microseconds(datetime(2024, 1, 18, 12, tzinfo=UTC))
"""The 17th of January is the last closed day, and the newest events are of the 18th."""
HOUR = 3_600_000_000
EVERY_MONTH = (0, 0)


def close(platform: Platform, hours: int = 0) -> None:
    close_days(platform.database, AT + hours * HOUR, fewest=EVERY_MONTH)


def valid(platform: Platform) -> dict[Any, Any]:
    return dict(platform.rows("SELECT month, through FROM closed_months"))


def answers(platform: Platform) -> list[Json]:
    return [platform.users(*it) for it in PERIODS]


def differences(platform: Platform) -> list[dict[str, object]]:
    with platform.database.reading() as snapshot:
        return [it.row for it in closed_day_differences(snapshot)]


@pytest.fixture
def platform(database: Database) -> Platform:
    """Usage of three users in two months; one of them comes later, and a fourth has none."""
    platform = Platform(database)
    platform.organization()
    platform.send(
        *(
            event(id=f"{user} {day}", user_id=user, time=f"{day}T10:00:00Z", quantity=quantity)
            for day in DAYS
            for user, quantity in (("ann", 61), ("ben", 7), ("abe", 5))
            if (user, day) != ("abe", DAYS[0])
        ),
        event(id="kb", type="kb.rental", resource_id="kb", quantity=1),
        event(id="brand", type="brand.registration", user_id=None, quantity=1),
        event(id="idle", user_id="idle", time="2023-11-01T00:00:00Z"),
    )
    return platform


def test_periods_are_read_from_columns_and_the_open_month(platform: Platform) -> None:
    before = answers(platform)
    close(platform)
    assert valid(platform) == {202311: 20231131, 202312: 20231231, 202401: 20240117}
    assert answers(platform) == before
    assert differences(platform) == []
    platform_without_days(platform)
    assert answers(platform) == before
    assert {it["day"] for it in differences(platform)} > {20231210, 20240117}


def test_months_that_are_open_are_one_statement(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.send(
        event(id="in February", user_id="ann", time="2024-02-01T10:00:00Z"),
        event(id="in May", user_id="ann", time="2024-05-31T10:00:00Z"),
    )
    years = ("org_1", "1960-01-01", "2100-12-31")
    before = platform.users(*years)
    close(platform)
    statements: list[str] = []
    columns = Snapshot.columns

    def counted(self: Snapshot, sql: str, *given: Any) -> Any:
        statements.append(sql)
        return columns(self, sql, *given)

    monkeypatch.setattr(Snapshot, "columns", counted)
    assert platform.users(*years) == before
    assert statements == [OPEN_MONTHS] * 2, "those before the closed months, and those after them"


def platform_without_days(platform: Platform) -> None:
    """Delete the sums that are not to be read any more."""
    with platform.database.writing() as transaction:
        transaction.execute("DELETE FROM usage_daily")
        transaction.execute("DELETE FROM usage_monthly WHERE month < 202401")


def test_a_change_of_a_closed_day_makes_it_and_later_ones_invalid(platform: Platform) -> None:
    close(platform)
    changes: tuple[tuple[Callable[[], object], dict[int, int]], ...] = (
        (lambda: platform.send(event(id="today", time="2024-01-18T11:00:00Z")), {}),
        (lambda: platform.send(event(id="pending", cost_pending=True)), {}),
        (lambda: platform.reverse(reversal("ann 2024-01-17")), {202401: 20240116}),
        (
            lambda: platform.send(
                event(id="late", time="2024-01-15T11:00:00Z"),
                event(id="older", time="2023-12-19T11:00:00Z"),
                event(id="new month", time="2023-10-19T11:00:00Z"),
            ),
            {202401: 20240114, 202312: 20231218, 202310: 20231018},
        ),
        (
            lambda: platform.correct(
                correction("ben 2023-12-10", time="2024-01-18T10:00:00Z", quantity=9)
            ),
            {202312: 20231209},
        ),
    )
    expected = valid(platform)
    for change, moved in changes:
        change()
        expected |= moved
        assert valid(platform) == expected
        assert differences(platform) == []
    read = answers(platform)
    close(platform)
    assert valid(platform) == expected | {202310: 20231031}, "others were built a moment ago"
    close(platform, hours=1)
    assert set(valid(platform).values()) == {20231031, 20231131, 20231231, 20240117}
    assert answers(platform) == read
    assert differences(platform) == []


def test_a_month_that_changes_while_it_is_built_is_not_stored(platform: Platform) -> None:
    close(platform)
    platform.send(event(id="late", time="2024-01-15T11:00:00Z"))
    with platform.database.reading() as snapshot:
        (month,) = closed_days.to_build(snapshot, AT)
        columns = GrowingColumns()
        columns.add(closed_days.sums_of_day(snapshot, month, 20240115))
    platform.send(event(id="later", time="2024-01-15T11:00:00Z"))
    with platform.database.writing() as transaction:
        stored = columns.stored(20240115)
        assert not closed_days.advance(transaction, month, 20240115, AT, stored)
    assert valid(platform)[202401] == 20240114


def test_a_small_month_and_one_of_few_days_are_left_out(platform: Platform) -> None:
    before = answers(platform)
    for fewest in ((1_000, 0), (0, 10)):
        close_days(platform.database, AT, fewest=fewest)
        assert not any(valid(platform).values())
        assert platform.rows("SELECT COUNT(*) FROM closed_days") == [(0,)]
    assert answers(platform) == before
    close_days(platform.database, AT + 24 * HOUR, fewest=EVERY_MONTH)
    assert valid(platform)[202401] == 20240118


def test_a_month_without_columns_is_read_from_its_days(platform: Platform) -> None:
    periods = (CUT, ("org_1", "2023-12-10", "2023-12-15"), ("org_1", "2023-12-01", "2024-01-17"))
    before = [platform.users(*it) for it in periods]
    close_days(platform.database, AT, fewest=(10, 0))
    assert valid(platform) == {202311: 0, 202312: 0, 202401: 20240117}
    assert [platform.users(*it) for it in periods] == before
    with platform.database.writing() as transaction:
        transaction.execute("DELETE FROM usage_daily WHERE month = 202401")
        transaction.execute("DELETE FROM usage_monthly WHERE month = 202401")
    assert [platform.users(*it) for it in periods] == before


def test_unused_days_before_a_period_are_read_from_columns(platform: Platform) -> None:
    periods = (("org_1", "2023-12-05", "2024-01-17"), ("org_1", "2023-10-05", "2024-01-17"))
    before = [platform.users(*it) for it in periods]
    close(platform)
    with platform.database.writing() as transaction:
        transaction.execute("DELETE FROM usage_daily")
        transaction.execute("DELETE FROM usage_monthly")
    assert [platform.users(*it) for it in periods] == before


def test_building_ends_when_it_is_told_to(platform: Platform) -> None:
    left = iter([False] * 4)
    close_days(platform.database, AT, lambda: next(left, True), EVERY_MONTH)
    built = [it % 100 > 0 for it in valid(platform).values()]
    assert any(built)
    assert not all(built)
    assert differences(platform) == []


def test_columns_are_dropped_and_built_while_questions_are_asked(platform: Platform) -> None:
    close(platform)
    expected, found, ended = answers(platform), [], threading.Event()

    def ask() -> None:
        while not ended.is_set():
            found.append(answers(platform))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(5):
            rebuild_closed_days(platform.database, now(), fewest=EVERY_MONTH)
            with platform.database.writing() as transaction:
                transaction.execute("DELETE FROM closed_days WHERE day < 20240115")
    finally:
        ended.set()
        asking.join()
    found.append(answers(platform))
    assert all(it == expected for it in found)


def test_sums_of_any_size_are_exact() -> None:
    huge, columns = 2**80 + 1, GrowingColumns()
    columns.add([("ann", 5, 1, 10, huge), ("ann", 5, 1, 20, -1)])
    first = columns.stored(20240101)
    columns = GrowingColumns(first[1:])
    columns.add([("abe", 6, 2, 1, 7), ("ann", 5, 1, 5, huge)])
    second = ClosedColumns(*columns.stored(20240102)[1:])
    before = ClosedColumns(*first[1:])
    assert second.users == ["ann", "abe"]
    assert second.column(5, COST, before) == [huge, 0]
    assert second.column(6, COST, before) == [0, 7]
    assert [second.column(5, it) for it in range(3)] == [[3, 0], [35, 0], [2 * huge - 1, 0]]


def test_the_maintenance_of_a_server_closes_days(platform: Platform) -> None:
    database = platform.database
    Maintenance(database, lambda: AT, 10**9, CreatedTokens(database)).look()
    assert platform.rows("SELECT closed_day FROM ledger_versions") == [(20240117,)]
