"""The prefixes in the cells of a deck, as carriers write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.rating.books.deck_prefixes import (
    country_code_of,
    is_prefix,
    join_area,
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
        ("440000-450000", "several country codes"),
        ("4400000-4410000", "of more than 10,000 prefixes"),
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


@pytest.mark.parametrize(
    ("cell", "prefixes"),
    [
        ("+ 39", ["39"]),
        ("52 33", ["5233"]),
        ("7 (9)", ["79"]),
        ("+44 (0)20", ["4420"]),
        ("44 7400 - 44 7402", ["447400", "447401", "447402"]),
        ("4470-72", ["4470", "4471", "4472"]),
        ("61 38,39", ["6138", "6139"]),
        ("61 38, 41-42", ["6138", "6141", "6142"]),
        ("15*", ["15"]),
        ("^93.*", ["93"]),
        ("44.0", ["44"]),
        ("4420.00", ["4420"]),
        ("4.42E+03", ["4420"]),
        ("1.8E+03", ["1800"]),
    ],
)
def test_codes_are_written_in_many_ways(cell: str, prefixes: list[str]) -> None:
    assert list(parse_prefixes(cell)) == prefixes


@pytest.mark.parametrize(
    ("cell", "error"),
    [
        ("49-89", "over several country codes; if 89 is an area code, write 4989"),
        ("420-2", "over several country codes"),
        ("1-264", "equally many digits"),
        ("4.47911E+11", "its last digits are lost"),
        ("4.4E+10", "its last digits are lost"),
        ("44.5", "must be prefixes"),
        ("4.425E+02", "is no whole number"),
        ("49 4921", "which may be one prefix or two"),
        ("61 38, 6139", "which may be a prefix or an area code"),
        ("0044", "set access_codes if 00 or 011 is dialed before it"),
        ("*", "must be the first digits"),
    ],
)
def test_what_may_mean_several_things_is_refused(cell: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        list(parse_prefixes(cell))


@pytest.mark.parametrize(
    ("cell", "prefix"), [("01144", "44"), ("0044", "44"), ("+33", "33"), ("44", "44")]
)
def test_access_codes_are_dialed_before_a_prefix(cell: str, prefix: str) -> None:
    assert list(parse_prefixes(cell, ("00", "011"))) == [prefix]


@pytest.mark.parametrize("cell", ["*", "default", "DefaultPrefix"])
def test_a_star_or_a_word_is_the_empty_prefix(cell: str) -> None:
    assert list(parse_prefixes(cell, may_be_empty=True)) == [""]


@pytest.mark.parametrize(
    ("digits", "code"), [("4420", "44"), ("1", "1"), ("352", "352"), ("21", None), ("210", None)]
)
def test_a_prefix_begins_with_a_country_code(digits: str, code: str | None) -> None:
    assert country_code_of(digits) == code


def test_an_area_code_has_no_national_zero_except_where_it_is_dialed() -> None:
    assert join_area("39", "06") == "3906"
    with pytest.raises(ValueError, match="no number begins with 4407"):
        join_area("44", "07")
