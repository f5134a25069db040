"""Rates as columns: templates and rows out, and the same rates back."""

from array import array

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import pricing, rate
from tollbook.domain.prices import Deck, PriceBook, Rate
from tollbook.store.price_columns import columns_of, decks_of, rate_of

FIRST_ID = 101
RATES = st.lists(
    st.builds(
        rate,
        st.sampled_from((pricing(), pricing(price_picos=2))),
        meter=st.sampled_from(("voice.call", "sms.outbound")),
        to=st.sampled_from(("", "44", "4420")),
        from_=st.sampled_from(("", "1", "49")),
        when=st.sampled_from(((), (("a", "b"),))),
    ),
    max_size=8,
)


def book(rates: list[Rate], *decks: Deck) -> PriceBook:
    return PriceBook("test", "USD", 20240101, "test", tuple(rates), decks=decks)


def stored(of: PriceBook) -> tuple[list[tuple[int, int, str, str]], list[Rate]]:
    columns = columns_of(of)
    rows = [(number, *row) for number, row in enumerate(columns.rows, FIRST_ID)]
    assert len(rows) == columns.size
    return rows, columns.templates


@examples(200)
@given(RATES)
@example([])
@example([rate(to="44", from_="1")])
@example([rate(from_="1"), rate(to="44"), rate(to="44", from_="1")])
def test_stored_rates_come_back_with_their_ids(rates: list[Rate]) -> None:
    rows, templates = stored(book(rates))
    expected = [msgspec.structs.replace(it, id=number) for number, it in enumerate(rates, FIRST_ID)]
    assert [rate_of(row, templates[row[1]]) for row in rows] == expected
    back = [
        msgspec.structs.replace(deck.rate(at), id=deck.ids[at])
        for deck in decks_of(rows, templates)
        for at in range(len(deck.prefixes))
    ]
    assert sorted(back, key=lambda it: it.id) == expected


@examples(100)
@given(RATES)
def test_a_template_has_neither_prefixes_nor_id_and_is_stored_once(rates: list[Rate]) -> None:
    _, templates = stored(book(rates))
    assert all((it.to, it.from_, it.id) == ("", "", 0) for it in templates)
    assert len(set(templates)) == len(templates)
    distinct = {msgspec.structs.replace(it, to="", from_="") for it in rates}
    assert set(templates) == distinct


def test_decks_share_templates_with_rates() -> None:
    outbound = Deck((rate(),), ("44", "49"), (0, 0), range(2))
    inbound = Deck((rate(to="1"),), ("33",), (0,), range(1), inbound=True)
    rows, templates = stored(book([rate(to="7")], outbound, inbound))
    assert templates == [rate()]
    assert [row[2:] for row in rows] == [("7", ""), ("44", ""), ("49", ""), ("1", "33")]


def test_rates_without_a_sender_are_one_deck() -> None:
    rows, templates = stored(book([rate(to="44"), rate(to="49"), rate()]))
    (deck,) = decks_of(rows, templates)
    assert deck.ids == range(FIRST_ID, FIRST_ID + 3)
    assert not deck.inbound


def test_ids_with_gaps_are_kept_as_they_are() -> None:
    rows, templates = stored(book([rate(to="44"), rate(from_="1"), rate(to="49")]))
    outbound, inbound, both = decks_of(rows, templates)
    assert outbound.ids == array("q", [FIRST_ID, FIRST_ID + 2])
    assert (list(inbound.ids), inbound.inbound) == ([FIRST_ID + 1], True)
    assert list(both.ids) == []
