"""The cells of a workbook as texts: what was typed is kept, and what is gone is refused."""

from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

import pytest

from tollbook.rating.books.deck_terms import DeckTerms
from tollbook.rating.books.workbook_cells import (
    CellText,
    cell_text,
    code_text,
    day_text,
    other_text,
    price_text,
)

at = datetime.fromisoformat
TERMS = DeckTerms("voice.call", "minute")
EPOCH, EPOCH_OF_MAC = at("1899-12-30"), at("1904-01-01")


class Cell(NamedTuple):
    """A cell as openpyxl has it."""

    value: Any
    number_format: str = "General"
    data_type: str = "n"


def made(value: Any, number_format: str = "General", **given: Any) -> CellText:
    text = cell_text(Cell(value, number_format, **given))
    assert isinstance(text, CellText)
    return text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("4474,4475", "4474,4475"),
        ("  44 ", "  44 "),
        (44, "44"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.3"),
        (1e-7, "0.0000001"),
        (1e21, "1000000000000000000000"),
        (True, "TRUE"),
        (False, "FALSE"),
        (at("2024-01-31 12:30"), "2024-01-31 12:30:00"),
        (time(12, 30), "12:30:00"),
    ],
)
def test_a_cell_is_shown_as_a_text(value: object, text: str) -> None:
    assert cell_text(Cell(value)) == text


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (44, "General", "44"),
        (44.0, "0.00", "44"),
        (6, "00", "06"),
        (6, "0000", "0006"),
        (1234, "00", "1234"),
        (6, "0", "6"),
        (6, "#00", "6"),
        (999_999_999_999_999, "General", "999999999999999"),
    ],
)
def test_a_prefix_keeps_the_zeros_that_are_shown(value: Any, number_format: str, text: str) -> None:
    assert code_text(made(value, number_format), TERMS) == text


@pytest.mark.parametrize(
    ("value", "number_format", "error"),
    [
        (44744475, "#,##0", "is the number 44744475 with thousands, and may have been a list"),
        (44.5, "General", "is 44.5, which is no whole number"),
        (10**15, "General", "has more than 15 digits, and the last ones are lost"),
        (True, "General", "is the truth value TRUE"),
        (date(2024, 1, 1), "General", "is the date 2024-01-01, which was typed as something else"),
        (timedelta(hours=1), "General", "is the date"),
    ],
)
def test_a_prefix_that_was_typed_otherwise_is_refused(
    value: Any, number_format: str, error: str
) -> None:
    with pytest.raises(ValueError, match=error):
        code_text(made(value, number_format), TERMS)


@pytest.mark.parametrize("convert", [code_text, price_text, other_text])
def test_errors_and_formulas_without_a_value_are_refused(convert: Any) -> None:
    with pytest.raises(ValueError, match="is the error #REF!"):
        convert(made("#REF!", data_type="e"), TERMS)
    formula = cell_text(Cell(None), "=A1*2")
    assert isinstance(formula, CellText)
    with pytest.raises(ValueError, match="is a formula without a stored value"):
        convert(formula, TERMS)


def test_a_text_that_looks_like_a_formula_is_no_formula() -> None:
    assert cell_text(Cell(None), "not a formula") == ""
    assert cell_text(Cell("=A1")) == "=A1"
    assert cell_text(Cell(5), "=A1*2") == "5"


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.05, "General", "0.05"),
        (0.1 + 0.2, "0.00", "0.3"),
        (5, "General", "5"),
        (0.05, '"$"0.00', "$ 0.05"),
        (0.05, "[$€-407] 0.00", "€ 0.05"),
        (0.05, "[$-409]0.00", "0.05"),
        (0.05, '0.00 "EUR"', "EUR 0.05"),
        (0.05, "0.00\\ €", "€ 0.05"),
        (0.05, '#,##0.00;[Red]-#,##0.00 "neg"', "0.05"),
        (0.05, '"per min" "$"0.00', "$ 0.05 per min"),
        (0.05, "0%", "% 0.05"),
        (0.05, "_-* 0.00_-", "0.05"),
        (1e-9, "0.00E+00", "0.000000001"),
    ],
)
def test_a_price_has_the_signs_of_its_number_format(
    value: Any, number_format: str, text: str
) -> None:
    assert price_text(made(value, number_format), TERMS) == text


def test_a_price_is_written_with_the_comma_of_its_deck() -> None:
    terms = DeckTerms("voice.call", "minute", decimal_comma=True)
    assert price_text(made(1234.5), terms) == "1234,5"


def test_a_price_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="is the date 12:30:00"):
        price_text(made(time(12, 30)), TERMS)


@pytest.mark.parametrize(
    ("value", "epoch", "text"),
    [
        (at("2024-02-29"), EPOCH, "2024-02-29"),
        (date(2024, 2, 29), EPOCH, "2024-02-29"),
        (at("2024-02-29 12:00"), EPOCH, "2024-02-29 12:00:00"),
        (36_526, EPOCH, "2000-01-01"),
        (45_351, EPOCH, "2024-02-29"),
        (45_351.0, EPOCH, "2024-02-29"),
        (73_050, EPOCH, "2099-12-31"),
        (43_889, EPOCH_OF_MAC, "2024-02-29"),
    ],
)
def test_a_day_is_a_date_or_a_number_of_days(value: Any, epoch: datetime, text: str) -> None:
    assert day_text(made(value), epoch) == text


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (36_525, "is 36525, which is no day of this century"),
        (73_051, "is 73051, which is no day of this century"),
        (45_351.5, "must be a date such as 2024-01-31"),
        (time(12), "must be a date such as 2024-01-31"),
        (True, "is the truth value TRUE"),
    ],
)
def test_any_other_day_is_refused(value: Any, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        day_text(made(value), EPOCH)


def test_other_cells_are_numbers_or_texts() -> None:
    assert other_text(made(60), TERMS) == "60"
    assert other_text(made(0.5), TERMS) == "0.5"
    with pytest.raises(ValueError, match="is the date 2024-01-01"):
        other_text(made(date(2024, 1, 1)), TERMS)
