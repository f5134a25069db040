"""Decks of any content: a book or a refusal, never anything else; and a deck prices as a book."""

from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import usage
from tollbook.domain.errors import PriceBookRefused
from tollbook.domain.prices import PriceBook
from tollbook.rating.books.compare import differences
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_file import decode_deck
from tollbook.rating.books.deck_terms import BookTerms, DeckTerms
from tollbook.rating.books.yaml_book import parse_price_book
from tollbook.rating.charge import rate_usage
from tollbook.rating.tariff import Tariff

TERMS = DeckTerms("voice.call", "minute")
BOOK = BookTerms("A", "USD", "2024-01-01", "x")
HEADERS = ("Prefix", "Rate", "CC", "Area code", "Increments", "Start", "End", "Name", "Setup")
CELLS = st.one_of(
    st.text(max_size=12),
    st.from_regex(r"[0-9]{1,4}(-[0-9]{1,4})?([;, ][0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"[0-9]{0,3}[.,/-][0-9]{1,13}", fullmatch=True),
)
TABLES = st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=6)


def as_text(rows: list[list[str]]) -> str:
    return "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)


def read(text: str) -> PriceBook | PriceBookRefused:
    try:
        return parse_deck(text, TERMS, BOOK)
    except PriceBookRefused as refusal:
        return refusal


@examples(100)
@given(header=st.lists(st.sampled_from(HEADERS), max_size=6), rows=TABLES)
def test_any_table_is_a_book_or_is_refused(header: list[str], rows: list[list[str]]) -> None:
    found = read(as_text([header, *rows]))
    assert found.decks[0].prefixes if isinstance(found, PriceBook) else found.details


@examples(100)
@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_book_or_are_refused(content: bytes) -> None:
    found = read(decode_deck(content))
    assert isinstance(found, PriceBook) or found.details


PRICES = st.dictionaries(
    st.from_regex(r"[1-9][0-9]{0,5}", fullmatch=True),
    st.tuples(st.integers(0, 10**6), st.sampled_from(["1/1", "60/6", "60/60"])),
    min_size=1,
    max_size=30,
)


def as_deck(rates: dict[str, tuple[int, str]]) -> PriceBook:
    rows = "".join(f"{to},0.{price:06d},{steps}\n" for to, (price, steps) in rates.items())
    return parse_deck(f"Prefix,Rate,Increments\n{rows}", TERMS, BOOK)


def as_yaml(rates: dict[str, tuple[int, str]]) -> PriceBook:
    entries = "".join(
        f"  - {{meter: voice.call, to: {to}, price: 0.{price:06d}, per: minute, "
        f"increments: {steps}}}\n"
        for to, (price, steps) in rates.items()
    )
    head = "name: A\ncurrency: USD\neffective_from: 2024-01-01\nsource: x\n"
    return parse_price_book(f"{head}rates:\n{entries}")


@examples(100)
@given(rates=PRICES, number=st.from_regex(r"[1-9][0-9]{7,11}", fullmatch=True))
def test_a_deck_prices_as_the_same_rates_in_yaml(
    rates: dict[str, tuple[int, str]], number: str
) -> None:
    deck, book = as_deck(rates), as_yaml(rates)
    assert differences(deck, book) == []
    call = usage(quantity=61_000_000, attributes={"to": f"+{number}"})
    one, other = (rate_usage([[Tariff(it)]], call, "USD") for it in (deck, book))
    assert getattr(one, "cost", None) == getattr(other, "cost", None)
