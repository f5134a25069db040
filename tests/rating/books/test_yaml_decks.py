"""Decks that a YAML book names: read from files, and checked against each other and its rates."""

import pytest

from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.prices import PriceBook
from tollbook.rating.books.serialize import show_rate
from tollbook.rating.books.yaml_book import parse_price_book

HEAD = "name: A\ncurrency: USD\neffective_from: 2024-02-01\nsource: mail\n"
UK = "{file: uk.csv, meter: voice.call, per: minute}"
FILES = {
    "uk.csv": b"Prefix,Rate,Increments\n4420,0.012,60/6\n447,0.09,60/60\n",
    "fr.csv": b"Code;Tarif;Alt\n33;0,02;x\n447;0,1;x\n",
    "bad.csv": b"Prefix,Rate\nx,1\n44,y\n",
}


def files(name: str) -> bytes:
    if name not in FILES:
        raise ValueError("cannot be read: it is not there")
    return FILES[name]


def parse(*decks: str, rates: str = "", more: str = "") -> PriceBook:
    entries = "".join(f"  - {deck}\n" for deck in decks)
    return parse_price_book(f"{HEAD}{rates}decks:\n{entries}{more}", files)


def refusal(*decks: str, **given: str) -> list[tuple[str, str]]:
    with pytest.raises(PriceBookRefused) as refused:
        parse(*decks, **given)
    return [(it.field, it.error) for it in refused.value.details]


def test_a_book_may_be_of_decks_alone() -> None:
    book = parse(UK)
    assert book.rates == ()
    assert [list(deck.prefixes) for deck in book.decks] == [["4420", "447"]]


def test_a_deck_is_read_as_the_book_says() -> None:
    french = (
        "{file: fr.csv, meter: sms.outbound, per: segment, columns: {prefix: Code, price: Tarif}, "
        "ignore: [Alt], decimal_comma: true, when: {route: direct}}"
    )
    one, other = parse(UK, french).decks
    assert one.templates[0].pricing.calls is not None
    assert (other.templates[0].meter, other.templates[0].pricing.price) == ("sms.outbound", "0.02")
    assert other.templates[0].when == (("route", "direct"),)


def test_examples_are_priced_by_decks_too() -> None:
    example = "event: {type: voice.call, quantity: 61, attributes: {to: +442071838750}}"
    right = f"examples:\n  - {{{example}, cost: 0.0132}}\n"
    assert parse(UK, more=right).decks
    (said,) = refusal(UK, more=right.replace("0.0132", "0.0122"))
    assert "this example costs 0.0132, not 0.0122" in said[1]


def test_errors_of_a_deck_name_its_file_and_line() -> None:
    assert refusal("{file: bad.csv, meter: voice.call, per: minute}") == [
        (
            "decks[0].Prefix",
            "bad.csv line 2: Prefix must be prefixes such as 4420, 4470-4479 or 4477;4478, the "
            "first digits of international numbers",
        ),
        (
            "decks[0].Rate",
            "bad.csv line 3: Rate must be a number from 0 to 1000000 with at most 12 decimals",
        ),
    ]


def test_a_row_and_a_rate_must_not_stand_in_each_others_way() -> None:
    rates = "rates:\n  - {meter: voice.call, to: 447, price: 1, per: minute}\n"
    assert refusal(UK, rates=rates) == [
        (
            "decks[0].prefix",
            "uk.csv line 3: prefix 447 has another price on line 6 of the price book",
        )
    ]
    other_meter = rates.replace("voice.call", "sms.outbound").replace("minute", "segment")
    assert parse(UK, rates=other_meter).rates
    other_condition = rates.replace("price:", "when: {a: b}, price:")
    assert parse(UK, rates=other_condition).rates


def test_decks_must_not_stand_in_each_others_way() -> None:
    french = (
        "{file: fr.csv, meter: voice.call, per: minute, columns: {prefix: Code, price: Tarif}, "
        "ignore: [Alt], decimal_comma: true}"
    )
    assert refusal(UK, french) == [
        ("decks[1].prefix", "fr.csv line 3: prefix 447 has another price on uk.csv line 3")
    ]
    assert parse(UK, french.replace("per: minute", "per: minute, inbound: true")).decks
    assert refusal(UK, UK)[0] == (
        "decks[1].prefix",
        "uk.csv line 2: prefix 4420 is on uk.csv line 2 already",
    )


@pytest.mark.parametrize(
    ("deck", "said"),
    [
        ("uk.csv", "line 6: a deck is a mapping of file, meter and per"),
        ("{file: uk.csv, meter: voice.call}", "line 6: per is missing"),
        ("{file: no.csv, meter: voice.call, per: minute}", "line 6: file cannot be read: it is"),
        ("{file: uk.csv, meter: fax, per: minute}", "uk.csv: meter 'fax' is unknown"),
        ("{file: uk.csv, meter: voice.call, per: minute, inbound: x}", "line 6: inbound must be"),
        ("{file: uk.csv, meter: voice.call, per: minute, columns: x}", "line 6: columns must be"),
        ("{file: uk.csv, meter: voice.call, per: minute, ignore: x}", "line 6: ignore must be"),
        ("{file: uk.csv, meter: voice.call, per: minute, colour: x}", "line 6: unknown field"),
    ],
)
def test_what_is_said_of_a_deck_may_be_wrong(deck: str, said: str) -> None:
    ((_, sentence),) = refusal(deck)
    assert sentence.startswith(said)


def test_a_book_without_rates_and_decks_is_refused() -> None:
    with pytest.raises(PriceBookRefused) as refused:
        parse_price_book(HEAD)
    assert [it.error for it in refused.value.details] == ["line 1: rates is missing"]


def test_without_files_no_deck_is_read() -> None:
    with pytest.raises(PriceBookRefused) as refused:
        parse_price_book(f"{HEAD}decks:\n  - {UK}\n")
    assert [it.code for it in refused.value.details] == ["decks_out_of_reach"]


FILES |= {
    "astpp.csv": b"Code,Destination,Per Minute Cost,Precedence\n0093,Afghanistan,0.25,0\n",
    "map.yaml": b"access_codes: ['00']\nincluded: 5\n",
    "peak.csv": b"Prefix,Inter,Intra\n1934,0.1,0.2\n",
    "bad.yaml": b"dates: dmy\ncolum: x\n",
}


def test_a_deck_has_the_terms_of_a_format_under_those_of_a_mapping_file() -> None:
    book = parse("{file: astpp.csv, format: astpp, columns_from: map.yaml, increments: 60/60}")
    rate = book.decks[0].rate(0)
    assert (rate.to, rate.destination, rate.pricing.per) == ("93", "Afghanistan", "minute")
    assert show_rate(rate).included == "5"


def test_a_deck_has_a_column_of_prices_for_each_condition() -> None:
    prices = "prices: {Inter: {scope: inter}, Intra: {scope: intra}}"
    (deck,) = parse(f"{{file: peak.csv, meter: voice.call, per: minute, {prices}}}").decks
    found = [(it.pricing.price, it.when) for it in map(deck.rate, range(2))]
    assert found == [("0.1", (("scope", "inter"),)), ("0.2", (("scope", "intra"),))]


@pytest.mark.parametrize(
    ("deck", "sentence"),
    [
        ("{file: uk.csv, format: nobody}", "format there is no format 'nobody'; the formats are"),
        ("{file: uk.csv, columns_from: bad.yaml}", "columns_from bad.yaml has errors"),
        ("{file: uk.csv, columns_from: no.yaml}", "columns_from cannot be read: it is not there"),
        ("{file: uk.csv, meter: voice.call}", "per is missing"),
    ],
)
def test_a_wrong_format_or_mapping_file_is_refused(deck: str, sentence: str) -> None:
    assert any(sentence in error for _, error in refusal(deck))
