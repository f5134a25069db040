"""What the text of an option may be, and which value it becomes."""

from datetime import date
from decimal import Decimal
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tollbook.cli import parameters
from tollbook.cli.parameters import (
    COST,
    COUNTRY,
    CURRENCY,
    DAY,
    FRACTION,
    METER,
    MOMENT,
    MONTH,
    NETWORK,
    NUMBER_FORMAT,
    PAIR,
    PERIOD,
    SELECTION,
    Parsed,
    whole,
)


def value(kind: Parsed, text: str) -> Any:
    return kind.convert(text, None, None)


def refusal(kind: Parsed, text: str) -> str:
    with pytest.raises(click.BadParameter) as refused:
        value(kind, text)
    return refused.value.message


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (DAY, "2024-02-29", date(2024, 2, 29)),
        (MONTH, "2024-01", date(2024, 1, 1)),
        (MOMENT, "2024-01-31", date(2024, 1, 31)),
        (MOMENT, "1970-01-01T00:00:01Z", 1_000_000),
        (MOMENT, "1970-01-01T01:00:00.000001+01:00", 1),
        (MOMENT, "1969-12-31T23:59:59Z", -1_000_000),
        (PERIOD, "this_month", "this_month"),
        (PERIOD, "2024-12", "2024-12"),
        (COST, "0", 0),
        (COST, "0.000000001", 1),
        (COST, "12.5", 12_500_000_000),
        (FRACTION, "0.8", 0.8),
        (FRACTION, "1", 1.0),
        (CURRENCY, "USD", "USD"),
        (COUNTRY, "US", "US"),
        (COUNTRY, "001", "001"),
        (COUNTRY, "none", ""),
        (NETWORK, "192.0.2.7", "192.0.2.7"),
        (NETWORK, "2001:db8::/32", "2001:db8::/32"),
        (METER, "whatsapp.marketing", "whatsapp.marketing"),
        (METER, "a.b1_.c", "a.b1_.c"),
        (NUMBER_FORMAT, "strict", "strict"),
        (NUMBER_FORMAT, "GB+international", "GB+international"),
        (PAIR, "price=Rate USD", ("price", "Rate USD")),
        (PAIR, " price = a=b ", ("price", "a=b")),
        (SELECTION, "Type=a, b,", ("Type", ("a", "b", ""))),
        (SELECTION, "Type=", ("Type", ("",))),
    ],
)
def test_a_text_becomes_a_value(kind: Parsed, text: str, expected: object) -> None:
    found = value(kind, text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("kind", "text", "sentence"),
    [
        (DAY, "2023-02-29", "2023-02-29 is not a date such as 2024-01-31"),
        (DAY, "20240131", "is not a date"),
        (DAY, "2024-1-31", "is not a date"),
        (DAY, "", "is not a date"),
        (MONTH, "2024-13", "2024-13 is not a month such as 2024-01"),
        (MONTH, "2024-01-01", "is not a month"),
        (MOMENT, "2024-01-31T00:00", "neither a day such as 2024-01-31 nor a time"),
        (MOMENT, "2024-01-31T00:00:00", "neither a day"),
        (PERIOD, "next_month", "is not one of"),
        (PERIOD, "0000-01", "nor a month"),
        (COST, "-1", "-1 is not an amount of at least 0, with at most 9 decimals"),
        (COST, "0.0000000001", "is not an amount"),
        (COST, "1,5", "is not an amount"),
        (COST, "nan", "is not an amount"),
        (FRACTION, "80%", "80% is not a fraction such as 0.8"),
        (FRACTION, "inf", "is not a fraction"),
        (CURRENCY, "usd", "currency must be an ISO 4217 code such as USD"),
        (CURRENCY, "XXQ", "currency must be"),
        (COUNTRY, "usa", "usa is not"),
        (COUNTRY, "us", "us is not"),
        (NETWORK, "192.0.2.7/24", "address must contain addresses or networks"),
        (NETWORK, "example.com", "address must contain"),
        (METER, "call", "type must be two or more words joined by dots"),
        (METER, "voice.Call", "type must be"),
        (METER, f"a.{'b' * 63}", "type must be"),
        (NUMBER_FORMAT, "ZZ", "number_format must be"),
        (NUMBER_FORMAT, "international+GB", "number_format must be"),
        (PAIR, "price", "price is not like NAME=VALUE"),
        (PAIR, "=Rate", "is not like NAME=VALUE"),
        (PAIR, "price=", "is not like NAME=VALUE"),
        (SELECTION, "Type", "Type is not like HEADER=VALUE"),
        (SELECTION, " =a", "is not like HEADER=VALUE"),
    ],
)
def test_another_text_is_refused_with_what_it_should_be(
    kind: Parsed, text: str, sentence: str
) -> None:
    assert sentence in refusal(kind, text)


def test_a_default_is_a_value_already() -> None:
    assert DAY.convert(date(2024, 1, 1), None, None) == date(2024, 1, 1)
    assert PAIR.convert(None, None, None) is None


@pytest.mark.parametrize("text", ["1", "24", "024"])
def test_a_whole_number_is_within_its_bounds(text: str) -> None:
    assert value(whole("hour", 1, 240), text) == int(text)


@pytest.mark.parametrize(
    "text", ["0", "25", "-1", "+1", "1.0", "", " 1", "1_0", "\u0661", "\u00b2", "0001"]
)
def test_any_other_number_is_refused_with_its_bounds(text: str) -> None:
    assert refusal(whole("hour", 1, 24), text) == f"{text} is not a hour from 1 to 24"


@pytest.mark.parametrize(
    ("kind", "low"), [("EVENTS", 1), ("ROWS", 0), ("VERSION", 0)], ids=lambda it: str(it)
)
def test_counts_begin_at_their_first_number(kind: str, low: int) -> None:
    parsed = getattr(parameters, kind)
    assert value(parsed, f"{low}") == low
    assert value(parsed, "999999999") == 999_999_999
    refusal(parsed, "1000000000")
    if low:
        refusal(parsed, f"{low - 1}")


@given(st.dates())
def test_every_day_is_read_back(day: date) -> None:
    assert value(DAY, day.isoformat()) == day
    assert value(MOMENT, day.isoformat()) == day
    assert value(MONTH, day.isoformat()[:7]) == day.replace(day=1)


@given(st.decimals(0, 1_000_000, places=9))
def test_every_amount_is_read_exactly(amount: Decimal) -> None:
    assert value(COST, f"{amount:f}") == int(amount.scaleb(9))


@given(st.text(max_size=5))
def test_a_type_refuses_and_never_fails(text: str) -> None:
    for kind in (DAY, MONTH, MOMENT, PERIOD, COST, FRACTION, COUNTRY, PAIR, SELECTION):
        try:
            value(kind, text)
        except click.BadParameter as refused:
            assert refused.message  # noqa: PT017  either a value or a sentence
