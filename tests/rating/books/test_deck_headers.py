"""The headers of decks: the field that each names, its unit, and its money."""

import pytest

from tollbook.domain.meters import BY_TYPE
from tollbook.rating.books.deck_headers import (
    COLUMNS,
    COUNTRIES,
    NAMES,
    is_table,
    parse_header,
)

CALL, SMS = BY_TYPE["voice.call"], BY_TYPE["sms.outbound"]


@pytest.mark.parametrize(
    ("cell", "field"),
    [
        ("Prefix", "prefix"),
        ("  DIAL   CODE ", "prefix"),
        ("Dial-Code", "prefix"),
        ("E164", "prefix"),
        ("Vorwahl", "prefix"),
        ("Préfixe", "prefix"),
        ("Country Code", "country_code"),
        ("CC", "country_code"),
        ("Area Codes", "area_codes"),
        ("Origination", "origin"),
        ("Ccy", "currency"),
        ("First increment", "first_increment"),
        ("First increment (sec)", "first_increment"),
        ("Next_Increment", "next_increment"),
        ("Rate", "price"),
        ("Rate per minute", "price"),
        ("Rate USD/min", "price"),
        ("USD/min", "price"),
        ("€ / min", "price"),
        ("PPM", "price"),
        ("USD", None),
        ("per minute", None),
        ("Margin", None),
        ("", None),
        ("Comment", None),
    ],
)
def test_a_header_names_a_field(cell: str, field: str | None) -> None:
    assert parse_header(cell).field == field


@pytest.mark.parametrize("field", ["prefix", "country_code", "area_codes", "origin", "currency"])
def test_the_name_of_a_field_is_a_header_of_it(field: str) -> None:
    assert parse_header(field).field == field
    assert parse_header(field.upper().replace("_", " ")).field == field
    assert field in COLUMNS


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("Country", True),
        ("country iso2", True),
        ("ISO 3166 code", True),
        ("Land", True),
        ("Name of the country", False),
        ("Code", False),
        ("Name", False),
        ("", False),
    ],
)
def test_a_column_of_countries_is_known_by_its_words(cell: str, expected: bool) -> None:
    assert parse_header(cell).is_country is expected


@pytest.mark.parametrize(
    ("cell", "hundredths"),
    [("Rate in cents", True), ("ct/min", True), ("Rate USD", False), ("Price", False)],
)
def test_amounts_may_be_in_cents(cell: str, hundredths: bool) -> None:
    assert parse_header(cell).hundredths is hundredths


@pytest.mark.parametrize(
    ("cell", "currency", "is_wrong"),
    [
        ("Rate USD", "USD", False),
        ("Rate (usd)", "USD", False),
        ("Rate EUR", "USD", True),
        ("Rate €", "EUR", False),
        ("Rate €", "USD", True),
        ("Rate $", "USD", False),
        ("Rate", "JPY", False),
        ("Rate UAH", "UAH", False),
        ("Rate UAH", "USD", True),
        ("RATE ALL", "USD", False),
    ],
)
def test_the_money_of_a_header_must_be_that_of_the_book(
    cell: str, currency: str, is_wrong: bool
) -> None:
    assert bool(parse_header(cell).currency_problem(currency)) is is_wrong


@pytest.mark.parametrize(
    ("cell", "field", "per", "problem"),
    [
        ("Rate/min", "price", "minute", None),
        ("Rate/min", "price", "second", "is by minute, and read as by second"),
        ("Rate per second", "price", "minute", "is by second, and read as by minute"),
        ("Rate", "price", "minute", None),
        ("Rate per minutes", "price", "minute", None),
        (
            "First increment (min)",
            "first_increment",
            "minute",
            "is by minute, and read as by second",
        ),
        ("First increment (sec)", "first_increment", "minute", None),
        ("Rate per hour", "price", "minute", "is by hour, and read as by minute"),
        ("Connect fee per min", "connect_fee", "minute", None),
    ],
)
def test_the_unit_of_a_header_must_be_that_by_which_it_is_read(
    cell: str, field: str, per: str, problem: str | None
) -> None:
    assert parse_header(cell).unit_problem(field, per, CALL) == problem


def test_a_unit_of_another_meter_is_another_unit() -> None:
    header = parse_header("Rate per message")
    assert header.unit_problem("price", "segment", SMS) == ("is by message, and read as by segment")
    assert parse_header("Rate per segments").unit_problem("price", "segment", SMS) is None


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["Prefix", "Rate"], True),
        (["Destination", "Code", "Price USD/min"], True),
        (["Country Code", "Rate"], True),
        (["Country", "Rate"], True),
        (["Prefix"], False),
        (["Rate"], False),
        (["Destination", "Rate"], False),
        (["44", "0.05"], False),
        ([], False),
    ],
)
def test_a_header_names_a_prefix_and_a_price(cells: list[str], expected: bool) -> None:
    assert is_table(cells, {}, frozenset()) is expected


def test_the_terms_of_a_deck_name_what_is_not_known_by_itself() -> None:
    cells = ["Wohin", "Wieviel"]
    assert not is_table(cells, {}, frozenset())
    assert is_table(cells, {"wohin": "prefix", "wieviel": "price"}, frozenset())
    assert is_table(["Prefix", "  PEAK   time "], {}, frozenset({"peak time"}))
    assert not is_table(["Prefix", "Rate"], {"rate": "origin"}, frozenset())


def test_names_of_destinations_and_countries_are_written_as_they_are_compared() -> None:
    for name in (*NAMES, *COUNTRIES):
        assert parse_header(name.upper()).words == name
