"""Load the deck and the book of docs/decks.md, and check its error."""

import re
from pathlib import Path

import pytest

from tollbook.domain.errors import PriceBookRefused
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_headers import COLUMNS
from tollbook.rating.books.deck_mapping import (
    NAMES,
    format_names,
    join_layers,
    parse_mapping,
)
from tollbook.rating.books.deck_terms import BookTerms, DeckTerms
from tollbook.rating.books.yaml_book import parse_price_book

PAGE = (Path(__file__).parents[2] / "docs" / "decks.md").read_text()
BLOCKS = re.findall(r"```(csv|yaml)\n(.*?)```", PAGE, re.DOTALL)
(DECK,) = [text for kind, text in BLOCKS if kind == "csv"]
MAPPING, BOOK = [text for kind, text in BLOCKS if kind == "yaml"]


def test_the_book_of_the_page_loads_with_its_examples() -> None:
    assert len(parse_price_book(BOOK, lambda _: DECK.encode()).decks[0].prefixes) == 7


def test_the_deck_is_refused_as_the_page_says() -> None:
    (sentence,) = re.findall(r"^line \d+: prefix.*$", PAGE, re.MULTILINE)
    wrong = DECK.replace("4474, 4475", "4420, 4475")
    with pytest.raises(PriceBookRefused) as refused:
        parse_deck(
            wrong,
            DeckTerms("voice.call", "minute"),
            BookTerms("uk", "USD", "2024-02-01", "uk.csv"),
        )
    assert [it.error for it in refused.value.details] == [sentence]


def test_the_mapping_of_the_page_reads_a_deck() -> None:
    text = "Zielvorwahl;Preis;Nebenzeit;Art;Alter Preis\n0044;0,02;0,01;fest;1\n0045;1;1;;\n"
    terms = join_layers([parse_mapping(MAPPING, "carrier.yaml")])
    book = parse_deck(text, terms, BookTerms("A", "EUR", "2024-02-01", "A"))
    assert book.decks[0].prefixes == ["44", "44"]


@pytest.mark.parametrize("name", [*NAMES, *format_names()])
def test_every_term_and_format_is_documented(name: str) -> None:
    words = {"columns": "--column", "access_codes": "--access-code"}
    shown = words.get(name, f"--{name.replace('_', '-')}")
    assert shown in PAGE or f"`{name}" in PAGE or f"`--format {name}" in PAGE


@pytest.mark.parametrize("field", COLUMNS)
def test_every_field_of_a_deck_is_documented(field: str) -> None:
    assert f"`{field}`" in PAGE
