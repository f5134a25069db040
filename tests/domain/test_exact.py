"""Exact numbers: from text to integers and back, and the one rounding."""

from decimal import Decimal

import msgspec
import pytest

from tollbook.domain.exact import (
    amount_text,
    divide_half_even,
    micros_of,
    minutes_text,
    nanos_of,
    parsed,
    quantity_text,
    raw_amount,
    raw_quantity,
    rounded_amount_text,
    scaled,
)


@pytest.mark.parametrize(
    ("nanos", "text"),
    [
        (0, "0.00"),
        (125_500_000_000, "125.50"),
        (40_000, "0.00004"),
        (1, "0.000000001"),
        (-1_010_000_000, "-1.01"),
        (10**18, "1000000000.00"),
        (1_005_000_000, "1.005"),
    ],
)
def test_an_amount_has_two_decimals_or_as_many_as_are_exact(nanos: int, text: str) -> None:
    assert amount_text(nanos) == text


@pytest.mark.parametrize(
    ("nanos", "places", "text"),
    [
        (0, 2, "0.00"),
        (1, 2, "<0.01"),
        (5_000_000, 2, "<0.01"),
        (5_000_001, 2, "0.01"),
        (-1, 2, "-<0.01"),
        (-1_005_000_000, 2, "-1.00"),
        (1_015_000_000, 2, "1.02"),
        (999_995_000_000, 2, "1000.00"),
        (500_000_000, 0, "<1"),
        (1_500_000_000, 0, "2"),
        (2_500_000_000, 0, "2"),
        (1_000_500_000, 3, "1.000"),
        (1, 9, "0.000000001"),
        (10**18, 2, "1000000000.00"),
    ],
)
def test_a_rounded_amount_never_reads_as_zero_unless_it_is(
    nanos: int, places: int, text: str
) -> None:
    assert rounded_amount_text(nanos, places) == text


@pytest.mark.parametrize(
    ("micros", "text"), [(21_560_000_000, "21560"), (500_000, "0.5"), (1, "0.000001"), (0, "0")]
)
def test_a_quantity_has_as_many_decimals_as_it_needs(micros: int, text: str) -> None:
    assert quantity_text(micros) == text


def test_in_json_they_are_numbers_with_all_their_digits() -> None:
    written = {"cost": raw_amount(-(10**18) - 1), "quantity": raw_quantity(10**15 + 1)}
    assert msgspec.json.encode(written) == (
        b'{"cost":-1000000000.000000001,"quantity":1000000000.000001}'
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3300, "55.0"), (0, "0.0"), (18930, "315.5"), (100, "1.666666667"), (50, "0.833333333")],
)
def test_minutes_are_seconds_divided_by_sixty(seconds: int, text: str) -> None:
    assert minutes_text(seconds * 1_000_000) == text


@pytest.mark.parametrize(
    ("numerator", "denominator", "quotient"),
    [
        (5, 2, 2),
        (7, 2, 4),
        (15, 10, 2),
        (25, 10, 2),
        (26, 10, 3),
        (-5, 2, -2),
        (-7, 2, -4),
        (0, 9, 0),
    ],
)
def test_halves_go_to_the_even_neighbour(numerator: int, denominator: int, quotient: int) -> None:
    assert divide_half_even(numerator, denominator) == quotient


@pytest.mark.parametrize("text", [b"1", b'"1"', b"1.0", b"1e0", b'"1.000000"', b"10e-1"])
def test_a_number_is_its_value_however_it_is_written(text: bytes) -> None:
    assert micros_of(text) == 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        b'""',
        b'" 1"',
        b'"1_0"',
        b'"NaN"',
        b'"Infinity"',
        b"true",
        b"null",
        b'"0x1"',
        b'"01"',
        b'"+1"',
    ],
)
def test_what_json_does_not_know_as_a_number_is_none(text: bytes) -> None:
    assert parsed(text) is None
    with pytest.raises(ValueError, match="not a number"):
        micros_of(text)


@pytest.mark.parametrize("text", [b"-1", b"1000000001", b"1e400", b"0.0000001", b"1e-9999"])
def test_a_quantity_out_of_range_or_too_fine_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a number|decimals"):
        micros_of(text)


def test_a_cost_has_nine_decimals_and_a_bound() -> None:
    assert nanos_of(b"0.000000001") == 1
    assert nanos_of(b"100000000") == 10**17
    for refused in (b"0.0000000001", b"100000000.000000001", b"-0.1"):
        with pytest.raises(ValueError, match=r"not a number|decimals"):
            nanos_of(refused)


def test_scaling_never_loses_a_digit() -> None:
    assert scaled(Decimal("123456789.123456"), 6) == 123_456_789_123_456
    with pytest.raises(ValueError, match="decimals"):
        scaled(Decimal("0.0000001"), 6)
