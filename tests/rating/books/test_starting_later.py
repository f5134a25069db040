"""Prefixes whose price starts later than their book, and the shorter prefix until then."""

import pytest

from tollbook.domain.prices import PriceBook
from tollbook.rating.books import starting_later
from tollbook.rating.books.deck_book import parse_deck
from tollbook.rating.books.deck_terms import BookTerms, DeckTerms
from tollbook.rating.books.starting_later import find_later_rates


def parse(rows: str) -> PriceBook:
    text = f"Name,Prefix,Rate,Start\n{rows}"
    head = BookTerms("A", "USD", "2024-02-01", "x")
    return parse_deck(text, DeckTerms("voice.call", "minute"), head)


def later(rows: str) -> list[tuple[str, str, str, str]]:
    found = find_later_rates(parse(rows)).first
    return [(it.to, it.valid_from, it.until_then, it.destination) for it in found]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ("UK,44,1,\nUK mobile,4477,2,2024-02-01\n", []),
        (
            "UK,44,1,\nUK mobile,4477,2,2024-03-01\n",
            [("4477", "2024-03-01", "44", "UK mobile")],
        ),
        ("UK,44,1,2024-03-01\n", [("44", "2024-03-01", "", "UK")]),
        ("UK,44,1,2024-01-01\nUK,44,2,2024-03-01\n", []),
        (
            "UK,44,1,2024-03-01\nUK,44,2,2024-04-01\nall,default,3,\n",
            [("44", "2024-03-01", "", "UK")],
        ),
        (
            "UK,44,1,\nA,4477,2,2024-03-01\nB,44771,2,2024-03-01\n",
            [("4477", "2024-03-01", "44", "A"), ("44771", "2024-03-01", "44", "B")],
        ),
    ],
)
def test_a_prefix_without_a_price_on_the_first_day_is_found(
    rows: str, found: list[tuple[str, str, str, str]]
) -> None:
    assert later(rows) == found


def test_the_first_are_listed_and_all_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting_later, "MOST_LISTED", 2)
    found = find_later_rates(parse("".join(f",{n},1,2024-03-01\n" for n in range(31, 36))))
    assert (found.number, [it.to for it in found.first]) == (5, ["31", "32"])
