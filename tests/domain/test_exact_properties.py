"""Exact numbers against the standard library's decimals."""

import json
import re
from decimal import ROUND_HALF_EVEN, Context, Decimal

import msgspec
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.exact import (
    AMOUNTS_AS_STRINGS,
    amount_text,
    divide_half_even,
    micros_of,
    minutes_text,
    nanos_of,
    parsed,
    quantity_text,
    raw_amount,
    raw_amounts,
    scaled,
)

INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-1000, 1000)
DIVISORS = st.integers(1, 100) | st.integers(1, 10**21)
AMOUNTS = INTEGERS | st.integers(-(10**16), 10**16) | st.integers(-(10**6), 10**6)
AMPLE = Context(prec=100)
TEXTS = st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**9)).map(str)


def divided(numerator: int, denominator: int, places: int = 0) -> Decimal:
    quotient = AMPLE.divide(Decimal(numerator), Decimal(denominator))
    return quotient.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN, AMPLE)


@examples(400)
@given(numerator=INTEGERS, denominator=DIVISORS)
@example(numerator=5, denominator=2)
@example(numerator=-5, denominator=2)
@example(numerator=7, denominator=2)
@example(numerator=-7, denominator=2)
def test_division_rounds_once_and_half_to_even(numerator: int, denominator: int) -> None:
    assert divide_half_even(numerator, denominator) == divided(numerator, denominator)


@examples(200)
@given(half=st.integers(-(2**62), 2**62), denominator=st.integers(1, 10**12))
def test_a_half_goes_to_the_even_neighbour(half: int, denominator: int) -> None:
    quotient = divide_half_even((2 * half + 1) * denominator, 2 * denominator)
    assert quotient % 2 == 0
    assert quotient in (half, half + 1)


@examples(300)
@given(nanos=INTEGERS)
def test_an_amount_is_written_exactly_and_with_its_cents(nanos: int) -> None:
    text = amount_text(nanos)
    assert scaled(Decimal(text), 9) == nanos
    assert re.fullmatch(r"-?(0|[1-9]\d*)\.(\d\d|\d{2,8}[1-9])", text)
    assert json.loads(text, parse_float=Decimal) == Decimal(nanos).scaleb(-9)


@examples(300)
@given(micros=INTEGERS, least=st.integers(0, 6))
def test_a_quantity_is_written_exactly(micros: int, least: int) -> None:
    text = quantity_text(micros, least)
    assert scaled(Decimal(text), 6) == micros
    decimals = text.partition(".")[2]
    assert len(decimals) == least or (len(decimals) > least and not decimals.endswith("0"))


@examples(300)
@given(micros=INTEGERS)
def test_minutes_are_seconds_by_sixty_to_nine_decimals(micros: int) -> None:
    text = minutes_text(micros)
    assert Decimal(text) == divided(micros, 60_000_000, 9)
    assert re.fullmatch(r"-?(0|[1-9]\d*)\.(\d|\d{1,8}[1-9])", text)


@examples(300)
@given(value=INTEGERS, places=st.integers(0, 12), more=st.integers(0, 6))
def test_scaling_keeps_every_digit(value: int, places: int, more: int) -> None:
    number = Decimal(value).scaleb(-places)
    assert scaled(number, places) == value
    assert scaled(number, places + more) == value * 10**more


@examples(200)
@given(value=INTEGERS, places=st.integers(1, 12))
def test_scaling_refuses_to_lose_a_digit(value: int, places: int) -> None:
    assume(value % 10)
    with pytest.raises(ValueError, match="decimals"):
        scaled(Decimal(value).scaleb(-places), places - 1)


@examples(300)
@given(text=TEXTS)
def test_a_number_reads_the_same_bare_and_quoted(text: str) -> None:
    assert parsed(text.encode()) == parsed(json.dumps(text).encode()) == Decimal(text)


@examples(200)
@given(text=st.text(max_size=12) | st.from_regex(r"[-+0-9.eE ]{1,12}", fullmatch=True))
def test_what_json_does_not_call_a_number_is_none(text: str) -> None:
    is_number = re.fullmatch(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,4})?", text)
    number = parsed(json.dumps(text).encode())
    assert number == (Decimal(text) if is_number else None)


@examples(300)
@given(micros=st.integers(0, 10**15), nanos=st.integers(0, 10**17))
def test_quantities_and_costs_come_back_as_they_were_written(micros: int, nanos: int) -> None:
    assert micros_of(quantity_text(micros).encode()) == micros
    assert nanos_of(amount_text(nanos).encode()) == nanos
    assert nanos_of(json.dumps(amount_text(nanos)).encode()) == nanos


@examples(1000)
@given(column=st.lists(AMOUNTS, max_size=5), are_strings=st.booleans())
@example(column=[10**15 - 1, 1 - 10**15, 125_500_000_000, 0, 10_000], are_strings=False)
@example(column=[10**15, 5 * 10**8], are_strings=False)
@example(column=[999, 5 * 10**8], are_strings=False)
def test_a_column_of_amounts_is_written_as_each_amount(
    column: list[int], are_strings: bool
) -> None:
    token = AMOUNTS_AS_STRINGS.set(are_strings)
    try:
        written = [msgspec.json.encode(it).decode().strip('"') for it in raw_amounts(column)]
        assert raw_amounts(column) == list(map(raw_amount, column))
    finally:
        AMOUNTS_AS_STRINGS.reset(token)
    assert written == list(map(amount_text, column))
