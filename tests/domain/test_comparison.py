"""Which days a period is compared with."""

from datetime import date

import pytest

from tollbook.domain.exact import fraction
from tollbook.domain.periods import Comparison, Period, previous


def compared(start: str, end: str, how: str) -> tuple[str, str]:
    period = Period(date.fromisoformat(start), date.fromisoformat(end))
    before = previous(period, Comparison(how))
    return before.start.isoformat(), before.end.isoformat()


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        ("2024-01-15", "2024-01-15", ("2024-01-14", "2024-01-14")),
        ("2024-03-01", "2024-03-30", ("2024-01-31", "2024-02-29")),
        ("2024-03-01", "2024-03-31", ("2024-02-01", "2024-02-29")),
        ("2024-01-01", "2024-03-31", ("2023-10-01", "2023-12-31")),
        ("2024-01-01", "2024-12-31", ("2023-01-01", "2023-12-31")),
        ("2024-02-15", "2024-03-14", ("2024-01-17", "2024-02-14")),
    ],
)
def test_whole_months_compare_with_months_and_days_with_days(
    start: str, end: str, before: tuple[str, str]
) -> None:
    assert compared(start, end, "previous_period") == before


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        ("2024-01-15", "2024-02-14", ("2023-01-15", "2023-02-14")),
        ("2024-02-29", "2024-02-29", ("2023-02-28", "2023-02-28")),
        ("2025-02-01", "2025-02-28", ("2024-02-01", "2024-02-28")),
        ("2021-02-01", "2021-02-28", ("2020-02-01", "2020-02-28")),  # a Monday to a Sunday
        ("2024-01-15", "2024-01-20", ("2023-01-15", "2023-01-20")),
        ("2024-01-16", "2024-01-22", ("2023-01-16", "2023-01-22")),
    ],
)
def test_a_year_before_are_the_same_dates(start: str, end: str, before: tuple[str, str]) -> None:
    assert compared(start, end, "previous_year") == before


@pytest.mark.parametrize(
    ("start", "end", "before"),
    [
        ("2024-01-15", "2024-01-21", ("2023-01-16", "2023-01-22")),
        ("2024-01-01", "2024-01-07", ("2023-01-02", "2023-01-08")),
        ("2024-02-26", "2024-03-03", ("2023-02-27", "2023-03-05")),
        ("2024-12-30", "2025-01-05", ("2024-01-01", "2024-01-07")),
        ("2024-01-01", "2024-12-29", ("2023-01-02", "2023-12-31")),
    ],
)
def test_whole_weeks_compare_with_the_same_weekdays(
    start: str, end: str, before: tuple[str, str]
) -> None:
    assert compared(start, end, "previous_year") == before


@pytest.mark.parametrize("rolling", [False, True])
def test_a_running_week_compares_with_the_same_weekdays(rolling: bool) -> None:
    week = Period(date(2024, 1, 15), date(2024, 1, 21))
    found = previous(week, Comparison.PREVIOUS_YEAR, date(2024, 1, 17), rolling=rolling)
    assert found == Period(date(2023, 1, 16), date(2023, 1, 18))


@pytest.mark.parametrize(
    ("start", "end", "how"),
    [
        ("0001-01-01", "0001-01-01", "previous_period"),
        ("0001-01-01", "0001-01-31", "previous_period"),
        ("0001-12-31", "0002-01-01", "previous_year"),
        ("0001-12-24", "0001-12-30", "previous_year"),
    ],
)
def test_nothing_comes_before_the_year_1(start: str, end: str, how: str) -> None:
    with pytest.raises(OverflowError):
        compared(start, end, how)


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (1, 3, 0.3333),
        (-1, 3, -0.3333),
        (1, 8, 0.125),
        (0, 5, 0.0),
        (5, 0, None),
        (1, -2, None),
        (-3, -2, None),
    ],
)
def test_a_fraction_is_rounded_once_and_there_is_none_of_nothing_or_less(
    part: int, whole: int, expected: float | None
) -> None:
    assert fraction(part, whole, 4) == expected


@pytest.mark.parametrize(
    ("start", "end", "today", "before"),
    [
        ("2024-10-01", "2024-10-31", "2024-10-20", ("2024-09-01", "2024-09-20")),
        ("2024-10-01", "2024-10-20", "2024-10-20", ("2024-09-01", "2024-09-20")),
        ("2024-10-01", "2024-10-31", "2024-10-31", ("2024-09-01", "2024-09-30")),
        ("2024-10-01", "2024-10-31", "2024-11-01", ("2024-09-01", "2024-09-30")),
        ("2024-03-01", "2024-03-31", "2024-03-30", ("2024-02-01", "2024-02-29")),
        ("2024-02-01", "2024-02-29", "2024-02-29", ("2024-01-01", "2024-01-29")),
        ("2024-02-01", "2024-02-29", "2024-03-01", ("2024-01-01", "2024-01-31")),
        ("2024-10-01", "2024-12-31", "2024-11-26", ("2024-07-01", "2024-08-26")),
        ("2024-01-01", "2024-12-31", "2024-11-26", ("2023-01-01", "2023-11-26")),
        ("2024-10-10", "2024-10-29", "2024-10-12", ("2024-09-20", "2024-09-22")),
        ("2024-10-01", "2024-10-01", "2024-10-01", ("2024-09-30", "2024-09-30")),
        ("2024-10-01", "2024-10-20", "2024-10-21", ("2024-09-11", "2024-09-30")),
        ("2024-10-01", "2024-10-31", "2024-09-30", ("2024-09-01", "2024-09-30")),
        ("2024-09-26", "2024-10-26", "2024-10-26", ("2024-08-26", "2024-09-25")),
    ],
)
def test_a_running_period_compares_with_the_same_elapsed_part(
    start: str, end: str, today: str, before: tuple[str, str]
) -> None:
    period = Period(date.fromisoformat(start), date.fromisoformat(end))
    found = previous(period, Comparison.PREVIOUS_PERIOD, date.fromisoformat(today))
    assert (found.start.isoformat(), found.end.isoformat()) == before


def test_a_running_period_compares_with_the_same_part_a_year_before() -> None:
    february = Period(date(2024, 2, 1), date(2024, 2, 29))
    found = previous(february, Comparison.PREVIOUS_YEAR, date(2024, 2, 20))
    assert found == Period(date(2023, 2, 1), date(2023, 2, 20))


def test_days_that_move_on_with_today_never_compare_with_months() -> None:
    march = Period(date(2024, 3, 1), date(2024, 3, 31))
    found = previous(march, Comparison.PREVIOUS_PERIOD, march.end, rolling=True)
    assert found == Period(date(2024, 1, 30), date(2024, 2, 29))
