"""The seconds, increments and hours of a deck, as carriers write them."""

import pytest

from tollbook.rating.books.deck_cells import (
    increments_text,
    parse_column_hours,
    seconds_below,
    seconds_text,
)


@pytest.mark.parametrize(("cell", "text"), [("60/6", "60/6"), ("60", "60/60"), ("1/1", "1/1")])
def test_one_increment_is_both(cell: str, text: str) -> None:
    assert increments_text(cell) == text


@pytest.mark.parametrize(
    ("cell", "text"),
    [("60-6", "60/6"), ("1+1", "1/1"), ("60, 1", "60/1"), ("1:1", "1/1"), ("1s", "1/1")],
)
def test_increments_have_many_signs_between_them(cell: str, text: str) -> None:
    assert increments_text(cell) == text


@pytest.mark.parametrize("cell", ["", "60/6/1", "x", "60//6", "1_0", "\uff16"])
def test_other_increments_are_left_to_be_refused(cell: str) -> None:
    assert increments_text(cell) == cell


@pytest.mark.parametrize(("cell", "text"), [("30 sec", "30"), ("2.5s", "2.5"), ("x", "x")])
def test_seconds_have_a_unit_or_none(cell: str, text: str) -> None:
    assert seconds_text(cell) == text


@pytest.mark.parametrize(("cell", "text"), [("3", "2.999999"), ("0", "0"), ("x", "x")])
def test_below_a_grace_is_a_microsecond_less(cell: str, text: str) -> None:
    assert seconds_below(cell) == text


DAY = 24 * 60


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("sat,sun", ((5 * DAY, 7 * DAY),)),
        ("mon 08:00-20:00", ((480, 1200),)),
        ("mon 08:00 to mon 20:00", ((480, 1200),)),
        ("Mon 00:00-01:00; Tue", ((0, 60), (DAY, 2 * DAY))),
    ],
)
def test_hours_of_a_column_are_days_with_times(
    text: str, spans: tuple[tuple[int, int], ...]
) -> None:
    assert parse_column_hours(text) == spans


@pytest.mark.parametrize("text", ["", "8-20", "day", "mon 08:00", "mon 8:00-20:00"])
def test_other_hours_of_a_column_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_column_hours(text)
