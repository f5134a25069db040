"""The cells of a deck as carriers write them: prefixes, days, amounts and increments."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.rating.books.deck_cells import (
    DMY,
    MDY,
    amount_text,
    day_text,
    increments_text,
    is_prefix,
    parse_codes,
    parse_prefixes,
)


@pytest.mark.parametrize(
    ("cell", "prefixes"),
    [
        ("44", ["44"]),
        ("+44", ["44"]),
        ("4477;4478", ["4477", "4478"]),
        ("4477, 4478 |4479/4480\n4481", ["4477", "4478", "4479", "4480", "4481"]),
        ("4477;;", ["4477"]),
        ("4470-4473", ["4470", "4471", "4472", "4473"]),
        ("+4470 \u2013 +4471", ["4470", "4471"]),
        ("4470-4470", ["4470"]),
        ("4470-4471;49", ["4470", "4471", "49"]),
    ],
)
def test_a_cell_has_one_prefix_or_several_or_ranges(cell: str, prefixes: list[str]) -> None:
    assert list(parse_prefixes(cell)) == prefixes


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("", "must be prefixes"),
        (";", "must be prefixes"),
        ("x", "must be prefixes"),
        ("44x;45", "must be prefixes"),
        ("4470-4480-4490", "must be prefixes"),
        ("0", "must be the first digits"),
        ("1" * 16, "must be the first digits"),
        ("44-449", "equally many digits"),
        ("4479-4470", "ends before it begins"),
        ("440000-450000", "of more than 10,000 prefixes"),
        (f"{'1' * 16}-{'2' * 16}", "more than 15 digits"),
    ],
)
def test_other_cells_are_refused(cell: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        list(parse_prefixes(cell))


def test_the_largest_range_has_ten_thousand_prefixes() -> None:
    prefixes = list(parse_prefixes("440000-449999"))
    assert len(prefixes) == 10_000
    assert (prefixes[0], prefixes[-1]) == ("440000", "449999")


@examples(200)
@given(st.integers(0, 9_999), st.integers(0, 50))
def test_a_range_is_its_numbers_with_leading_zeros(first: int, more: int) -> None:
    last = min(first + more, 9_999)
    expected = [f"{it:04d}" for it in range(first, last + 1)]
    assert list(parse_codes(f"{first:04d}-{last:04d}")) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("44", True),
        ("1" * 15, True),
        ("1" * 16, False),
        ("044", False),
        ("+44", False),
        ("44;45", False),
        ("٤٤", False),
        ("", False),
        ("²", False),
    ],
)
def test_most_cells_are_one_prefix_and_nothing_else(cell: str, expected: bool) -> None:
    assert is_prefix(cell) is expected


FORMS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d-%b-%Y", "%d %b %Y")


@examples(100)
@given(st.dates(date(1000, 1, 1)), st.sampled_from(FORMS))
def test_a_day_is_read_in_each_of_its_forms(day: date, form: str) -> None:
    assert day_text(day.strftime(form), "") == day.isoformat()


@examples(100)
@given(st.dates(date(1000, 1, 1)), st.sampled_from("-/"))
def test_a_day_with_slashes_needs_their_order(day: date, sign: str) -> None:
    british = f"{day.day}{sign}{day.month}{sign}{day.year}"
    american = f"{day.month}{sign}{day.day}{sign}{day.year}"
    assert day_text(british, DMY) == day_text(american, MDY) == day.isoformat()
    with pytest.raises(ValueError, match="has slashes"):
        day_text(british, "")


@pytest.mark.parametrize(
    "time", ["T00:00", "T00:00:00", " 00:00:00.000", "T00:00:00Z", " 00:00 UTC"]
)
def test_midnight_after_a_day_is_left_out(time: str) -> None:
    assert day_text(f"2024-01-31{time}", "") == "2024-01-31"


@pytest.mark.parametrize(
    "cell", ["", "soon", "2024-02-30", "2024-01/31", "31-Foo-2024", "2024-01-31T12:00", "1/1/24"]
)
def test_other_days_are_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="must be a date"):
        day_text(cell, DMY)


def test_a_day_that_does_not_exist_in_this_order_is_refused() -> None:
    with pytest.raises(ValueError, match="must be a date"):
        day_text("31/12/2024", MDY)


@pytest.mark.parametrize(
    ("cell", "decimal_comma", "text"),
    [("0.012", False, "0.012"), ("0,012", True, "0.012"), ("12", True, "12"), ("x", False, "x")],
)
def test_an_amount_has_a_decimal_point(cell: str, decimal_comma: bool, text: str) -> None:
    assert amount_text(cell, decimal_comma) == text


@pytest.mark.parametrize(
    ("cell", "decimal_comma", "error"),
    [
        ("0,012", False, "has a comma"),
        ("1,000.5", False, "has a comma"),
        ("0.012", True, "must be a number with a decimal comma"),
        ("1.000,5", True, "must be a number with a decimal comma"),
        ("1,2,3", True, "must be a number with a decimal comma"),
        ("", True, "must be a number with a decimal comma"),
    ],
)
def test_a_comma_has_one_meaning(cell: str, decimal_comma: bool, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        amount_text(cell, decimal_comma)


@pytest.mark.parametrize(("cell", "text"), [("60/6", "60/6"), ("60", "60/60"), ("1/1", "1/1")])
def test_one_increment_is_both(cell: str, text: str) -> None:
    assert increments_text(cell) == text
