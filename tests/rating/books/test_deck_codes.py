"""The prefixes of a row, from one column, or from a country code and area codes."""

import pytest

from tollbook.rating.books.deck_codes import RowCodes, WrongCode
from tollbook.rating.books.deck_headers import AREA_CODES, COUNTRY_CODE, PREFIX

COLUMNS = {
    "none": {},
    "prefix": {PREFIX: 0},
    "country": {COUNTRY_CODE: 0},
    "areas": {COUNTRY_CODE: 0, AREA_CODES: 1},
    "both": {COUNTRY_CODE: 0, PREFIX: 1},
}


def codes(columns: str, *row: str, access_codes: tuple[str, ...] = ()) -> list[str]:
    return list(RowCodes(COLUMNS[columns], access_codes).of(row))


@pytest.mark.parametrize(
    ("columns", "row", "expected"),
    [
        ("none", ["anything"], [""]),
        ("prefix", ["44"], ["44"]),
        ("prefix", [" 4477; 4478 "], ["4477", "4478"]),
        ("prefix", ["*"], [""]),
        ("prefix", ["Default"], [""]),
        ("country", ["44"], ["44"]),
        ("country", ["1;44"], ["1", "44"]),
        ("areas", ["44", ""], ["44"]),
        ("areas", ["44", "  "], ["44"]),
        ("areas", ["44", "20"], ["4420"]),
        ("areas", ["44", "20-22, 161"], ["4420", "4421", "4422", "44161"]),
        ("areas", ["1;44", ""], ["1", "44"]),
        # Italy keeps the 0 of an area code.
        ("areas", ["39", "06"], ["3906"]),
        ("both", ["44", "44"], ["44"]),
        ("both", ["44", "4420;4421"], ["4420", "4421"]),
        ("both", ["1;44", "4420;1212"], ["4420", "1212"]),
        ("both", ["7;77", "7712"], ["7712"]),
    ],
)
def test_a_row_has_one_prefix_or_several(columns: str, row: list[str], expected: list[str]) -> None:
    assert codes(columns, *row) == expected


@pytest.mark.parametrize(
    ("columns", "row", "field", "error"),
    [
        ("prefix", ["x"], PREFIX, "must be"),
        ("prefix", ["0044"], PREFIX, "set access_codes if 00 or 011 is dialed before it"),
        ("country", ["x"], COUNTRY_CODE, "must be"),
        ("country", ["*"], COUNTRY_CODE, "must be"),
        ("country", [""], COUNTRY_CODE, "must be"),
        ("areas", ["x", "20"], COUNTRY_CODE, "must be"),
        ("areas", ["44", "x"], AREA_CODES, "must be"),
        ("areas", ["1;44", "20"], COUNTRY_CODE, "must be one country code where there are area"),
        ("both", ["44", "x"], PREFIX, "must be"),
        ("both", ["44", ""], PREFIX, "must be"),
        ("both", ["44", "20"], PREFIX, "and the prefix 20 disagree"),
        ("both", ["44", "4420;33"], PREFIX, "and the prefix 33 disagree"),
        ("both", ["x", "4420"], COUNTRY_CODE, "must be"),
        ("both", ["44", "4"], PREFIX, "and the prefix 4 disagree"),
        ("both", ["10000-11500", "10000"], PREFIX, "more than 1,000 country codes"),
    ],
)
def test_a_code_that_cannot_be_read_names_its_column(
    columns: str, row: list[str], field: str, error: str
) -> None:
    with pytest.raises(WrongCode, match=error) as raised:
        codes(columns, *row)
    assert raised.value.field == field


def test_access_codes_are_dialed_before_the_prefixes_of_each_column() -> None:
    assert codes("prefix", "0044;01133", access_codes=("00", "011")) == ["44", "33"]
    assert codes("both", "0044", "004420", access_codes=("00",)) == ["4420"]


def test_prefixes_before_an_error_are_yielded() -> None:
    found = RowCodes(COLUMNS["both"], ()).of(["44", "4420;33"])
    assert next(found) == "4420"
    with pytest.raises(WrongCode):
        next(found)
