"""Named periods, neighboring periods, and invalid combinations."""

from datetime import date

import pytest

from tollbook.domain.errors import InvalidRequest
from tollbook.domain.named_periods import NAMES, adjacent_period, choose, is_period_name, named
from tollbook.domain.periods import Comparison, Period, resolve


def days(start: str, end: str) -> Period:
    return Period(date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize(
    ("name", "start", "end"),
    [
        ("today", "2024-11-26", "2024-11-26"),
        ("yesterday", "2024-11-25", "2024-11-25"),
        ("last_7_days", "2024-11-20", "2024-11-26"),
        ("last_30_days", "2024-10-27", "2024-11-26"),
        ("this_month", "2024-11-01", "2024-11-30"),
        ("last_month", "2024-10-01", "2024-10-31"),
        ("this_quarter", "2024-10-01", "2024-12-31"),
        ("last_quarter", "2024-07-01", "2024-09-30"),
        ("this_year", "2024-01-01", "2024-12-31"),
        ("last_year", "2023-01-01", "2023-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("9999-12", "9999-12-01", "9999-12-31"),
    ],
)
def test_a_name_stands_for_days(name: str, start: str, end: str) -> None:
    assert is_period_name(name)
    assert named(name, date(2024, 11, 26)) == days(start, end)


def test_the_last_30_days_are_the_default() -> None:
    for day in (date(2024, 11, 26), date(2024, 3, 1), date(2025, 1, 1)):
        assert named("last_30_days", day) == resolve(None, None, day)


@pytest.mark.parametrize("text", ["", "month", "2024-13", "2024-1", "0000-01", "2024-01-01"])
def test_nothing_else_names_a_period(text: str) -> None:
    assert not is_period_name(text)


@pytest.mark.parametrize(
    ("period", "before", "after"),
    [
        (
            ("2024-10-01", "2024-10-31"),
            ("2024-09-01", "2024-09-30"),
            ("2024-11-01", "2024-11-30"),
        ),
        (
            ("2024-10-01", "2024-12-31"),
            ("2024-07-01", "2024-09-30"),
            ("2025-01-01", "2025-03-31"),
        ),
        (
            ("2024-10-05", "2024-10-06"),
            ("2024-10-03", "2024-10-04"),
            ("2024-10-07", "2024-10-08"),
        ),
    ],
)
def test_beside_a_period_are_periods_of_its_length(
    period: tuple[str, str], before: tuple[str, str], after: tuple[str, str]
) -> None:
    assert adjacent_period(days(*period), -1) == days(*before)
    assert adjacent_period(days(*period), 1) == days(*after)


def test_beside_the_ends_of_the_calendar_is_nothing() -> None:
    assert adjacent_period(days("0001-01-01", "0001-01-31"), -1) is None
    assert adjacent_period(days("9999-12-31", "9999-12-31"), 1) is None
    assert adjacent_period(days("9999-11-01", "9999-12-31"), 1) is None


TODAY = date(2024, 11, 26)


@pytest.mark.parametrize(
    ("start", "end", "name", "code", "sentence"),
    [
        ("2024-11-27", None, None, "start_after_end", "start_date must not be in the future"),
        ("2024-11-02", "2024-11-01", None, "start_after_end", "start_date must not be after"),
        ("2024-11-02", None, "today", "contradiction", "period must not be given together"),
        (None, "2024-11-02", "today", "contradiction", "period must not be given together"),
    ],
)
def test_what_is_no_period_is_refused(
    start: str | None, end: str | None, name: str | None, code: str, sentence: str
) -> None:
    first, last = (date.fromisoformat(it) if it else None for it in (start, end))
    with pytest.raises(InvalidRequest, match=sentence) as refused:
        choose(first, last, name, TODAY)
    assert [it.code for it in refused.value.details] == [code]


def test_days_to_come_may_be_asked_for_up_to_a_last_one() -> None:
    tomorrow = date(2024, 11, 27)
    assert choose(tomorrow, tomorrow, None, TODAY).period == Period(tomorrow, tomorrow)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_compares_with_the_period_before_of_its_kind(name: str) -> None:
    first_of_march = date(2024, 3, 1)
    chosen = choose(None, None, name, first_of_march)
    compared = chosen.compared(Comparison.PREVIOUS_PERIOD)
    expected = {
        "today": ("2024-02-29", "2024-02-29"),
        "yesterday": ("2024-02-28", "2024-02-28"),
        "last_7_days": ("2024-02-17", "2024-02-23"),
        "last_30_days": ("2023-12-31", "2024-01-30"),
        "this_month": ("2024-02-01", "2024-02-01"),
        "last_month": ("2024-01-01", "2024-01-31"),
        "this_quarter": ("2023-10-01", "2023-12-01"),
        "last_quarter": ("2023-07-01", "2023-09-30"),
        "this_year": ("2023-01-01", "2023-03-01"),
        "last_year": ("2022-01-01", "2022-12-31"),
    }
    assert compared == days(*expected[name])
