"""A period is widened by days on which nothing was stored, which changes no sum."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import copy

import pytest

from tests.analytics.ledgers import platform_on
from tests.builders import Platform, event
from tollbook.analytics.period_cover import month_by_month, user_parameters, with_unused_days
from tollbook.domain.periods import Period

USED = ("2024-01-10", "2024-03-05", "2024-03-20")


@pytest.fixture(scope="module")
def platform(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """An organization with an event at noon of each day in `USED`."""
    path = Path(copy(migrated_file, tmp_path_factory.mktemp("unused") / "tollbook.db"))
    with platform_on(path) as platform:
        platform.organization("org_1")
        platform.organization("empty")
        platform.send(*(event(id=it, time=f"{it}T12:00:00Z") for it in USED))
        yield platform


def widened(platform: Platform, start: str, end: str, organization: str = "org_1") -> list[str]:
    period = Period(date.fromisoformat(start), date.fromisoformat(end))
    with platform.database.reading() as snapshot:
        found = with_unused_days(snapshot, platform.number(organization), period)
    return [found.start.isoformat(), found.end.isoformat()]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        # Whole months stay as they are, and so do days next to used ones.
        ("2024-01-01", "2024-01-31", ["2024-01-01", "2024-01-31"]),
        ("2024-01-11", "2024-03-04", ["2024-01-11", "2024-03-04"]),
        ("2024-03-06", "2024-03-19", ["2024-03-06", "2024-03-19"]),
        # A day that is used itself is no reason to stay.
        ("2024-01-10", "2024-03-20", ["2024-01-01", "2024-03-31"]),
        ("2024-01-09", "2024-01-10", ["2024-01-01", "2024-01-31"]),
        # Each end is widened alone.
        ("2024-01-05", "2024-03-19", ["2024-01-01", "2024-03-19"]),
        ("2024-01-11", "2024-03-21", ["2024-01-11", "2024-03-31"]),
        ("2024-03-05", "2024-03-05", ["2024-03-01", "2024-03-05"]),
        ("2024-03-20", "2024-03-20", ["2024-03-20", "2024-03-31"]),
        # February has nothing, to its leap day.
        ("2024-02-10", "2024-02-11", ["2024-02-01", "2024-02-29"]),
    ],
)
def test_an_end_is_widened_if_nothing_is_stored_beyond_it(
    platform: Platform, start: str, end: str, expected: list[str]
) -> None:
    assert widened(platform, start, end) == expected


def test_an_organization_without_events_has_whole_months(platform: Platform) -> None:
    expected = ["2023-02-01", "2024-03-31"]
    assert widened(platform, "2023-02-28", "2024-03-02", "empty") == expected


@pytest.mark.parametrize(
    ("first", "last", "months"),
    [
        (202311, 202402, [202311, 202312, 202401, 202402]),
        (202402, 202402, [202402]),
        (202403, 202402, []),
        (1, 0, []),
        (99912, 100001, [99912, 100001]),
    ],
)
def test_a_user_is_looked_up_in_each_month_that_exists(
    first: int, last: int, months: list[int]
) -> None:
    bound = {"start_month": first, "end_month": last, "first_month": 1, "last_month": 0}
    expected = {"user": "ann", "months": months, "whole_months": []}
    assert user_parameters("ann", bound) == expected
    whole = {"start_month": 1, "end_month": 0, "first_month": first, "last_month": last}
    assert user_parameters("ann", whole)["whole_months"] == months


def test_only_ranges_of_months_become_lists_of_them() -> None:
    sql = (
        "month BETWEEN :start_month AND :end_month AND day BETWEEN :start_day AND :end_day "
        "OR month BETWEEN :first_month AND :last_month"
    )
    assert month_by_month(sql) == (
        "month IN :months AND day BETWEEN :start_day AND :end_day OR month IN :whole_months"
    )
