"""Calls with an unknown origin, where a deck prices by origin."""

import pytest

from tests.rating.builders import pricing, rate, tariff, usage
from tollbook.domain.charges import Charge, Unpriced
from tollbook.domain.prices import Deck, PriceBook, Rate
from tollbook.rating.books.deck_origins import add_unknown_origins
from tollbook.rating.charge import rate_usage
from tollbook.rating.tariff import Tariff

UK, US = "+442071838750", "+12125550100"
LONDON = rate(pricing(price="7", price_picos=7 * 10**12), to="44")
FROM_US = rate(pricing(price="9", price_picos=9 * 10**12), to="44", from_="1")
PARIS = rate(pricing(price="3", price_picos=3 * 10**12), to="33")


def deck_of(*rates: Rate, inbound: bool = False) -> Deck:
    if not inbound:
        prefixes = [it.to for it in rates]
        templates = [rate(it.pricing, from_=it.from_, when=it.when) for it in rates]
    else:
        prefixes = [it.from_ for it in rates]
        templates = [rate(it.pricing, to=it.to, when=it.when) for it in rates]
    return Deck(templates, prefixes, range(len(rates)), range(len(rates)), inbound)


def cost(deck: Deck, **attributes: str) -> int | str:
    """Return whole units of the currency for a second, or why there is no price."""
    book = PriceBook("a", "USD", 19000101, "x", (), decks=(deck,))
    call = usage(quantity=1_000_000, attributes=attributes)
    found = rate_usage([[Tariff(book)]], call, "USD", 0)
    return found.cost // 10**9 if isinstance(found, Charge) else found.code


@pytest.mark.parametrize(
    ("origin", "before", "after"),
    [
        (US, 9, 9),
        (UK, 7, 7),
        ("Anonymous", "number_unreadable", 7),
        ("sip:alice@example.com", "number_unreadable", 7),
        ("12345", "number_unreadable", 7),
        ("client:alice", "number_unreadable", 7),
    ],
)
def test_a_call_whose_origin_is_no_number_has_the_price_without_an_origin(
    origin: str, before: int | str, after: int
) -> None:
    deck = deck_of(LONDON, FROM_US, PARIS)
    added, _ = add_unknown_origins(deck, [2, 3, 4])
    attributes = {"to": UK, "from": origin}
    assert cost(deck, **attributes) == before
    assert cost(added, **attributes) == after


def test_only_rows_of_prefixes_with_an_origin_are_repeated() -> None:
    deck = deck_of(LONDON, FROM_US, PARIS)
    added, lines = add_unknown_origins(deck, [2, 3, 4])
    assert added.prefixes == ["44", "44", "33", *["44"] * 5]
    assert list(lines) == [2, 3, 4, *[2] * 5]
    assert list(added.ids) == list(range(8))
    kinds = [dict(it.when).get("from.kind") for it in added.templates]
    assert kinds[:3] == [None] * 3
    assert sorted(map(str, kinds[3:])) == ["alphanumeric", "client", "none", "short_code", "sip"]


def test_conditions_of_a_row_stay() -> None:
    peak = rate(LONDON.pricing, to="44", when=(("a", "1"),))
    added, _ = add_unknown_origins(deck_of(peak, FROM_US), [2, 3])
    assert all(("a", "1") in it.when for it in added.templates[2:])
    assert all(tuple(sorted(it.when)) == it.when for it in added.templates)


def test_the_other_end_of_an_inbound_deck_is_the_number_that_was_called() -> None:
    all_ = rate(LONDON.pricing, from_="44")
    to_us = rate(FROM_US.pricing, from_="44", to="1")
    added, _ = add_unknown_origins(deck_of(all_, to_us, inbound=True), [2, 3])
    assert {name for it in added.templates[2:] for name, _ in it.when} == {"to.kind"}
    assert added.prefixes == ["44"] * 7


def test_a_deck_without_origins_stays_as_it_is() -> None:
    added, lines = add_unknown_origins(deck_of(LONDON, PARIS), [2, 3])
    assert (added.prefixes, list(lines)) == (["44", "33"], [2, 3])


def test_without_a_deck_an_unknown_origin_is_no_matter() -> None:
    call = usage(attributes={"to": UK, "from": "Anonymous"})
    assert not isinstance(rate_usage([[tariff(LONDON)]], call, "USD", 0), Unpriced)
