"""Rows of a deck with one prefix: the same row twice, and a price that ends another."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import pricing, rate
from tollbook.domain.periods import day_number
from tollbook.domain.prices import FIRST_DAY, LAST_DAY, Deck, Pricing, Rate
from tollbook.rating.books.deck_successions import SettledDeck, settle_rows

ONE, TWO = pricing(price="1", price_picos=1), pricing(price="2", price_picos=2)


def settled(*rates: Rate) -> SettledDeck:
    return settle_rows(Deck.of(rates), range(2, 2 + len(rates)))


def of(priced: Pricing = ONE, since: int = FIRST_DAY, until: int = LAST_DAY, **given: str) -> Rate:
    return rate(priced, valid_from=since, valid_until=until, **{"to": "44", **given})


def rows(found: SettledDeck) -> list[Rate]:
    return [found.deck.rate(it) for it in range(len(found.deck.prefixes))]


def test_a_deck_in_which_no_prefix_comes_twice_stays_as_it_is() -> None:
    deck = Deck.of([of(), of(to="45")])
    found = settle_rows(deck, [2, 3])
    assert found.deck is deck
    assert (found.lines, found.identical, found.ended) == ([2, 3], 0, 0)


@pytest.mark.parametrize(
    ("since", "until"), [(20240201, 20240131), (20240301, 20240229), (20250101, 20241231)]
)
def test_a_later_price_ends_an_earlier_one_the_day_before(since: int, until: int) -> None:
    found = settled(of(ONE, 20240115), of(TWO, since))
    assert rows(found) == [of(ONE, 20240115, until), of(TWO, since)]
    assert (found.ended, found.identical, list(found.lines)) == (1, 0, [2, 3])


def test_the_order_of_the_rows_does_not_matter() -> None:
    found = settled(of(TWO, 20240201), of(ONE, 20240115), of(ONE, 20240301))
    assert rows(found) == [
        of(TWO, 20240201, 20240229),
        of(ONE, 20240115, 20240131),
        of(ONE, 20240301),
    ]
    assert found.ended == 2


def test_a_price_with_a_last_day_is_not_ended() -> None:
    given = [of(ONE, 20240115, 20240630), of(TWO, 20240201)]
    assert rows(settled(*given)) == given


def test_two_prices_from_the_same_day_are_left_to_clash() -> None:
    given = [of(ONE, 20240115), of(TWO, 20240115)]
    found = settled(*given)
    assert (rows(found), found.ended, found.identical) == (given, 0, 0)


def test_the_first_of_identical_rows_is_kept_whatever_its_destination_is_called() -> None:
    found = settled(of(destination="UK"), of(to="45"), of(destination="United Kingdom"), of())
    assert rows(found) == [of(destination="UK"), of(to="45")]
    assert (list(found.lines), found.identical) == ([2, 3], 2)


@pytest.mark.parametrize("other", [{"from_": "1"}, {"when": (("a", "1"),)}, {"hours": ((0, 60),)}])
def test_rows_that_differ_in_a_condition_are_apart(other: dict[str, object]) -> None:
    given = [of(ONE), rate(TWO, to="44", valid_from=20240201, **other)]
    found = settled(*given)
    assert (rows(found), found.ended, found.identical) == (given, 0, 0)


def test_prices_that_end_on_one_day_share_a_template() -> None:
    found = settled(
        *(of(it, since, to=to) for to in ("44", "45") for it, since in ((ONE, 0), (TWO, 20240201)))
    )
    assert len(found.deck.templates) == 3
    assert found.ended == 2


FIRST = date(2024, 1, 1)
DAYS = st.integers(0, 40).map(lambda it: day_number(FIRST + timedelta(days=it)))


@examples(100)
@given(
    st.lists(
        st.tuples(st.sampled_from(["44", "45"]), st.sampled_from([ONE, TWO]), DAYS),
        max_size=8,
    )
)
def test_on_each_day_the_latest_price_applies(given: list[tuple[str, Pricing, int]]) -> None:
    """With at most one price from a day on, each day of a prefix has the latest one alone."""
    first_of = {(to, since): priced for to, priced, since in reversed(given)}
    found = settled(*(of(priced, since, to=to) for (to, since), priced in first_of.items()))
    for to in ("44", "45"):
        for offset in range(45):
            day = day_number(FIRST + timedelta(days=offset))
            begun = [since for prefix, since in first_of if prefix == to and since <= day]
            expected = [first_of[to, max(begun)]] if begun else []
            valid = [
                it for it in rows(found) if it.to == to and it.valid_from <= day <= it.valid_until
            ]
            assert [it.pricing for it in valid] == expected
