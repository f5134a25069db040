"""The amounts in the cells of a deck, as carriers write them."""

import pytest

from tollbook.rating.books.deck_money import amount_text


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


@pytest.mark.parametrize(
    ("cell", "currency", "text"),
    [
        ("$0.0150", "USD", "0.0150"),
        ("0.012 USD", "USD", "0.012"),
        ("US$ 0.5", "USD", "0.5"),
        ("$1", "CAD", "1"),
        ("\u20ac0.01", "EUR", "0.01"),
        ("1.5\u00a2", "USD", "0.015"),
        ("2p", "GBP", "0.02"),
        ("0.5 ct", "EUR", "0.005"),
        ("$0.01/min", "USD", "0.01"),
        ("N/A", "USD", "N/A"),
        ("$0.377-$0.604", "USD", "$0.377-$0.604"),
        ("\uff11", "USD", "\uff11"),
    ],
)
def test_signs_of_the_own_currency_are_removed(cell: str, currency: str, text: str) -> None:
    assert amount_text(cell, False, currency, unit="minute") == text


@pytest.mark.parametrize(
    ("cell", "currency", "error"),
    [
        ("\u20ac0.01", "USD", "is in EUR, the price book in USD"),
        ("0.01 EUR", "USD", "is in EUR, the price book in USD"),
        ("$1", "EUR", "is in \\$, of USD or CAD or AUD, the price book in EUR"),
        ("A$1", "USD", "is in AUD"),
        ("2p", "USD", "is in GBP"),
        ("2c", "GBP", "is in c, of USD"),
        ("$0.01/hour", "USD", "is by hour, and read as by minute"),
    ],
)
def test_any_other_currency_or_unit_is_refused(cell: str, currency: str, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        amount_text(cell, False, currency, unit="minute")
