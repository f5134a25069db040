"""Clashes between decks and single rates, against each row compared with each."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import pricing, rate
from tollbook.domain.prices import Deck, Pricing, Rate
from tollbook.rating.books.deck_clashes import RatePosition, deck_clashes, is_same_price

ONE, TWO = pricing(price="1", price_picos=1), pricing(price="2", price_picos=2)
JANUARY, FEBRUARY = (20240101, 20240131), (20240201, 20240229)


def of(
    prefix: str = "44", priced: Pricing = ONE, days: tuple[int, int] = JANUARY, **given: str
) -> Rate:
    return rate(priced, to=prefix, valid_from=days[0], valid_until=days[1], **given)


def inbound(*rates: Rate) -> Deck:
    """Return rates to a prefix as rates from it."""
    templates = [
        rate(it.pricing, to=it.from_, valid_from=it.valid_from, valid_until=it.valid_until)
        for it in rates
    ]
    return Deck(templates, [it.to for it in rates], range(len(rates)), range(len(rates)), True)


RATES = st.lists(
    st.builds(
        of,
        st.sampled_from(["", "4", "44"]),
        st.sampled_from([ONE, TWO]),
        st.sampled_from([JANUARY, FEBRUARY, (20240101, 20240229)]),
        meter=st.sampled_from(["voice.call", "sms.outbound"]),
        from_=st.sampled_from(["", "1"]),
        destination=st.sampled_from(["", "UK"]),
    ),
    max_size=5,
)


def _clash(one: Rate, other: Rate) -> bool:
    """Return whether two rates with nothing but prefixes and days price one usage."""
    same = (one.meter, one.to, one.from_) == (other.meter, other.to, other.from_)
    return same and one.valid_from <= other.valid_until and other.valid_from <= one.valid_until


def _same(one: Rate, other: Rate) -> bool:
    days = (one.valid_from, one.valid_until) == (other.valid_from, other.valid_until)
    return days and one.pricing == other.pricing


@examples(60)
@given(single=RATES, first=RATES, second=RATES)
def test_each_row_that_clashes_is_found_with_one_that_it_clashes_with(
    single: list[Rate], first: list[Rate], second: list[Rate]
) -> None:
    parts = [single, first, second]
    placed = [
        (RatePosition(part, row), it)
        for part, rates in enumerate(parts)
        for row, it in enumerate(rates)
    ]
    expected = {
        other for (one, a), (other, b) in combinations(placed, 2) if other.part and _clash(a, b)
    }
    found = deck_clashes(single, [Deck.of(first), Deck.of(second)])
    rates = dict(placed)
    for it in found:
        assert it.first < it.second
        assert _clash(rates[it.first], rates[it.second])
        assert it.same is _same(rates[it.first], rates[it.second])
        assert is_same_price(it.rate, rates[it.second])
    assert [(it.second, it.first) for it in found] == sorted((it.second, it.first) for it in found)
    assert {it.second for it in found} <= expected
    # A row may be named by another one only, but none of a group goes unnoticed.
    groups = {(rates[it].meter, rates[it].to, rates[it].from_) for it in expected}
    assert {
        (rates[it.second].meter, rates[it.second].to, rates[it.second].from_) for it in found
    } == groups


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (of(), of(), True),
        (of(destination="UK"), of(destination="GB"), True),
        (of(), of(priced=TWO), False),
        (of(), of(days=(20240131, 20240229)), False),
    ],
)
def test_a_clash_is_the_same_row_or_another_price(one: Rate, other: Rate, same: bool) -> None:
    (found,) = deck_clashes([], [Deck.of([one]), Deck.of([other])])
    assert (found.first, found.second, found.same) == ((1, 0), (2, 0), same)


@pytest.mark.parametrize(
    "other",
    [of("45"), of(days=FEBRUARY), of(from_="1"), of(meter="sms.outbound"), of("4")],
)
def test_rows_for_other_usage_do_not_clash(other: Rate) -> None:
    assert deck_clashes([], [Deck.of([of(), other])]) == []
    assert deck_clashes([other], [Deck.of([of()])]) == []


def test_single_rates_are_not_compared_with_each_other() -> None:
    assert deck_clashes([of(), of()], []) == []
    (found, *_) = deck_clashes([of(), of()], [Deck.of([of()])])
    assert found.second == (1, 0)


def test_an_inbound_deck_is_compared_by_the_other_end() -> None:
    assert deck_clashes([], [Deck.of([of()]), inbound(of())]) == []
    (found,) = deck_clashes([], [inbound(of()), inbound(of(priced=TWO))])
    assert (found.rate.from_, found.rate.to) == ("44", "")
    (found,) = deck_clashes([rate(ONE, from_="44")], [inbound(of(days=(0, 99991231)))])
    assert (found.first, found.second) == ((0, 0), (1, 0))


def test_a_prefix_in_two_meters_is_two_prefixes() -> None:
    mixed = Deck.of([of(), of(meter="sms.outbound")])
    assert deck_clashes([], [mixed]) == []
    found = deck_clashes([], [mixed, Deck.of([of(meter="sms.outbound")])])
    assert [it[:2] for it in found] == [((1, 1), (2, 0))]
