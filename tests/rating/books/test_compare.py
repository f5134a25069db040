"""What changes from one book to another, by what a rate is for and not by how it is written."""

from tests.rating.builders import pricing, rate
from tollbook.domain.prices import Basis, CallTerms, Deck, PriceBook, Pricing, Rate
from tollbook.rating.books.compare import differences


def book(*rates: Rate, decks: tuple[Deck, ...] = ()) -> PriceBook:
    return PriceBook("a", "USD", 20240101, "x", rates, decks=decks)


def found(old: PriceBook, new: PriceBook) -> list[tuple[str, str, int | None]]:
    return [(it.change.value, it.rate.to, it.percent) for it in differences(old, new)]


def price(picos: int, **given: object) -> Pricing:
    return pricing(price_picos=picos, price=str(picos), **given)


def test_a_book_is_as_it_was() -> None:
    rates = (rate(to="44"), rate(to="44", when=(("a", "b"),)), rate(from_="1"))
    assert found(book(*rates), book(*rates)) == []


def test_rates_come_and_go() -> None:
    assert found(book(rate(to="44")), book(rate(to="45"))) == [
        ("removed", "44", None),
        ("added", "45", None),
    ]


def test_rates_become_dearer_and_cheaper() -> None:
    old = book(rate(price(100), to="44"), rate(price(100), to="45"), rate(price(0), to="46"))
    new = book(rate(price(125), to="44"), rate(price(50), to="45"), rate(price(1), to="46"))
    assert found(old, new) == [
        ("dearer", "44", 2500),
        ("cheaper", "45", -5000),
        ("dearer", "46", None),
    ]


def test_another_unit_is_the_same_price() -> None:
    minute = price(60, per="minute", per_micros=60_000_000)
    assert found(book(rate(price(1))), book(rate(minute))) == []


def test_other_terms_at_the_same_price_are_a_change() -> None:
    stepped = price(1, calls=CallTerms(first=60, following=60))
    assert found(book(rate(price(1))), book(rate(stepped))) == [("changed", "", None)]
    event = price(1, basis=Basis.EVENT)
    assert found(book(rate(price(1))), book(rate(event))) == [("changed", "", None)]


def test_days_of_validity_are_compared_in_their_order() -> None:
    old = book(rate(price(1), to="44", valid_from=20240101))
    new = book(
        rate(price(2), to="44", valid_from=20240301),
        rate(price(1), to="44", valid_from=20240201, valid_until=20240229),
    )
    assert found(old, new) == [("added", "44", None)]


def test_decks_and_rates_are_compared_with_each_other() -> None:
    deck = Deck((rate(price(1)), rate(price(3))), ["44", "45"], [0, 1], range(2))
    inbound = Deck((rate(price(1)),), ["44"], [0], range(1), inbound=True)
    old = book(decks=(deck, inbound))
    new = book(rate(price(1), from_="44"), rate(price(1), to="44"), rate(price(4), to="45"))
    assert found(old, new) == [("dearer", "45", 3333)]
