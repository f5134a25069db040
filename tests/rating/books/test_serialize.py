"""A rate is shown in the words in which a book is written: what is shown can be loaded again."""

import msgspec
import pytest

from tollbook.domain.prices import Rate
from tollbook.rating.books.serialize import show_rate
from tollbook.rating.books.vocabulary import format_price
from tollbook.rating.books.yaml_book import parse_price_book

HEAD = "name: A\ncurrency: USD\neffective_from: 2024-02-01\nsource: mail\nrates:\n  - "
WRITTEN = [
    '{"meter": "voice.call", "price": "0.0120", "per": "minute", "to": "44"}',
    '{"meter": "voice.call", "price": "1", "per": "minute", "from": "1", "when": {"a": "b"}}',
    '{"meter": "voice.call", "price": "1", "per": "minute", "increments": "60/6", "minimum": "30",'
    ' "grace": "2.5", "connect_fee": "0.05", "maximum_cost": "9"}',
    '{"meter": "voice.call", "price": "1", "per": "minute", "valid_from": "2024-02-01",'
    ' "valid_until": "2024-02-29"}',
    '{"meter": "api.request", "price": "1", "per": "request", "package": "100"}',
    '{"meter": "api.request", "price": "1", "per": "10 requests", "package": "2", "over": "month",'
    ' "tier_group": "g"}',
    '{"meter": "voice.call", "per": "minute", "tier_group": "g", "graduated":'
    ' [{"price": "2", "up_to": "100"}, {"price": "1"}]}',
    '{"meter": "sms.outbound", "per": "segment", "tier_group": "g", "volume":'
    ' [{"price": "2", "up_to": "100"}, {"price": "1"}]}',
    '{"meter": "mms.outbound", "price": "0.01", "per": "2 MB"}',
    '{"meter": "phone.rental", "price": "1", "per": "month", "proration": "daily"}',
    '{"meter": "sms.outbound", "price": "1", "per": "segment", "fees":'
    ' [{"name": "carrier", "price": "0.1", "per": "segment"}, {"name": "tax", "percent": "8.5%"}]}',
    '{"meter": "voice.call", "price": "2", "per": "minute", "increments": "60/6", "buy":'
    ' {"price": "1", "per": "minute", "increments": "1/1"}}',
    '{"meter": "voice.call", "markup": "12.5%"}',
]


def parsed(text: str) -> Rate:
    return parse_price_book(HEAD + text).rates[0]


@pytest.mark.parametrize("text", WRITTEN)
def test_a_rate_is_shown_as_it_was_written(text: str) -> None:
    shown = msgspec.to_builtins(show_rate(parsed(text)))
    assert {**shown, "rate_id": 0} == {**msgspec.json.decode(text), "rate_id": 0}


@pytest.mark.parametrize("text", WRITTEN)
def test_what_is_shown_can_be_loaded_again(text: str) -> None:
    rate = parsed(text)
    shown = msgspec.to_builtins(show_rate(rate))
    del shown["rate_id"]
    assert parsed(msgspec.json.encode(shown).decode()) == rate


def test_hours_are_shown_as_weekdays_and_times() -> None:
    hours = '{days: mon-tue, from: "08:00", until: "20:00"}'
    rate = parsed(f"{{meter: voice.call, price: 1, per: minute, hours: {hours}}}")
    assert show_rate(rate).hours == ["mon 08:00 to mon 20:00", "tue 08:00 to tue 20:00"]
    week = parsed("{meter: voice.call, price: 1, per: minute, hours: {days: sun}}")
    assert show_rate(week).hours == ["sun 00:00 to sun 24:00"]


def test_what_is_bought_for_can_be_left_out() -> None:
    rate = parsed("{meter: voice.call, price: 2, per: minute, buy: 1}")
    assert show_rate(rate, with_buy=False).buy is None


@pytest.mark.parametrize(
    ("picos", "text"), [(0, "0"), (10**12, "1"), (1, "0.000000000001"), (15 * 10**11, "1.5")]
)
def test_amounts_are_written_exactly(picos: int, text: str) -> None:
    assert format_price(picos) == text
