"""Price books in YAML: read exactly, or refused whole with every error and its line."""

import pytest

from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.prices import Basis
from tollbook.rating.books.yaml_book import parse_price_book

BOOK = """\
name: Standard
currency: EUR
effective_from: 2024-01-31
source: carrier agreement 17
rates:
  - {meter: voice.call, price: 0.1, per: minute}
"""


def with_rate(rate: str) -> str:
    return BOOK + f"  - {{{rate}}}\n"


def refusal(text: str) -> list[tuple[str, str, str]]:
    with pytest.raises(PriceBookRefused) as refused:
        parse_price_book(text)
    return [(it.field, it.code, it.error.partition(":")[0]) for it in refused.value.details]


def test_a_book_is_read_exactly() -> None:
    book = parse_price_book(BOOK)
    assert (book.name, book.currency, book.effective_from) == ("Standard", "EUR", 20240131)
    (rate,) = book.rates
    assert (rate.pricing.price, rate.pricing.price_picos, rate.pricing.per_micros) == (
        "0.1",
        10**11,
        60 * 10**6,
    )


@pytest.mark.parametrize(
    ("rate", "micros", "per_event"),
    [
        ("meter: api.request, price: 4, per: 1000 requests", 1000 * 10**6, False),
        ("meter: api.request, price: 4, per: request", 10**6, False),
        ("meter: voice.call, price: 4, per: 2 hours, when: {a: b}", 7200 * 10**6, False),
        ("meter: voice.call, price: 4, per: 0.5 second, when: {a: b}", 500_000, False),
        ("meter: api.storage, price: 4, per: GB-month", 30 * 10**6, False),
        ("meter: api.storage, price: 4, per: GB-day", 10**6, False),
        ("meter: sms.outbound, price: 4, per: message", 10**6, True),
        ("meter: mms.outbound, price: 4, per: segment", 10**6, False),
    ],
)
def test_per_is_a_number_of_units(rate: str, micros: int, per_event: bool) -> None:
    read = parse_price_book(with_rate(rate)).rates[1].pricing
    assert (read.per_micros, read.basis is Basis.EVENT) == (micros, per_event)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- 1", [("", "not_a_mapping", "line 1")]),
        ("", [("", "not_a_mapping", "line 1")]),
        (BOOK.replace("EUR", "euro"), [("currency", "invalid_currency", "line 2")]),
        (BOOK.replace("2024-01-31", "2024-02-31"), [("effective_from", "invalid_date", "line 3")]),
        (BOOK.replace("name: Standard\n", ""), [("name", "missing_field", "line 1")]),
        (BOOK.replace("Standard", "[a]"), [("name", "not_a_text", "line 1")]),
        (BOOK + "surprise: 1\n", [("surprise", "unknown_field", "line 7")]),
        (BOOK + "name: again\n", [("name", "repeated_field", "line 7")]),
        (BOOK.partition("rates:")[0] + "rates: []", [("rates", "not_a_list", "line 5")]),
        (BOOK + "  - 7\n", [("rates[1]", "not_a_mapping", "line 7")]),
        (with_rate("price: 1, per: x"), [("rates[1].meter", "missing_field", "line 7")]),
        (
            with_rate("meter: fax, price: 1, per: x"),
            [("rates[1].meter", "unknown_meter", "line 7")],
        ),
        (
            with_rate("meter: fax, volume: [{up_to: 9, price: 2}, {price: 1}], per: x"),
            [("rates[1].meter", "unknown_meter", "line 7")],
        ),
        *(
            (
                with_rate(f"meter: sms.inbound, price: {price}, per: segment"),
                [("rates[1].price", "invalid_price", "line 7")],
            )
            for price in ("cheap", "-1", "NaN", "1e9", "0.0000000000001", ".inf")
        ),
        *(
            (
                with_rate(f"meter: sms.inbound, price: 1, per: {per}"),
                [("rates[1].per", "invalid_per", "line 7")],
            )
            for per in ("second", "0 segments", "-1 segment", "segment-ish", "1 1 segment")
        ),
        (
            with_rate("meter: sms.inbound, price: 1, per: segment, when: x"),
            [("rates[1].when", "not_a_mapping", "line 7")],
        ),
        (
            with_rate("meter: sms.inbound, price: 1, per: segment, when: {a: [1]}"),
            [("rates[1].when.a", "not_a_text", "line 7")],
        ),
        (
            with_rate("meter: voice.call, price: 2, per: second"),
            [("rates", "ambiguous_rates", "line 7")],
        ),
    ],
)
def test_a_wrong_book_is_refused_with_its_line(
    text: str, found: list[tuple[str, str, str]]
) -> None:
    assert refusal(text) == found


def test_all_errors_of_a_book_are_listed() -> None:
    text = BOOK.replace("EUR", "x").replace("0.1", "y") + "  - {meter: z}\n"
    assert {field for field, _, _ in refusal(text)} == {
        "currency",
        "rates[0].price",
        "rates[1].meter",
        "rates[1].price",
        "rates[1].per",
    }


@pytest.mark.parametrize(
    "text", ["a: [", "a: &a [*a", "\t", "{" * 5000, "a: !!python/object:x 1\nb"]
)
def test_what_is_no_yaml_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(PriceBookRefused):
        parse_price_book(text)
