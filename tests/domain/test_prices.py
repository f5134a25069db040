"""Rates and decks: flat prices as exact fractions, and decks as the rates that they hold."""

from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tollbook.domain.prices import (
    Basis,
    CallTerms,
    Deck,
    Fee,
    Pricing,
    Rate,
    Tier,
    conditions_of,
)

PER_MINUTE = Pricing("0.012", "minute", 12_000_000_000, 60_000_000)


def pricing(**given: object) -> Pricing:
    """A price of 0.012 a minute with other fields."""
    return msgspec.structs.replace(PER_MINUTE, **given)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"markup": 100_000},
        {"calls": CallTerms(first=60_000_000, following=6_000_000)},
        {"calls": CallTerms(minimum=30_000_000, grace=1_000_000)},
    ],
)
def test_a_price_by_quantity_alone_is_flat(given: dict[str, object]) -> None:
    flat = pricing(**given).flat_price
    assert flat is not None
    assert Fraction(*flat) == Fraction(12_000_000_000, 60_000_000 * 1000)


@pytest.mark.parametrize(
    "given",
    [
        {"price": None, "markup": 100_000},
        {"basis": Basis.EVENT},
        {"basis": Basis.MEDIA},
        {"tier_group": "voice"},
        {"tiers": (Tier(None, "0.01", 10_000_000_000),)},
        {"fees": (Fee("carrier fee", "0.001", price_picos=1_000_000_000),)},
        {"package": 60_000_000},
        {"prorated": True},
        {"buy": PER_MINUTE},
        {"calls": CallTerms(connect_fee=1)},
        {"calls": CallTerms(maximum_cost=0)},
        {"calls": CallTerms(maximum_cost=5)},
    ],
)
def test_any_other_price_is_not_flat(given: dict[str, object]) -> None:
    assert pricing(**given).flat_price is None


@examples(200)
@given(st.integers(0, 10**18), st.integers(1, 10**18))
def test_a_flat_price_is_the_exact_fraction_in_lowest_terms(picos: int, per: int) -> None:
    flat = Pricing("1", "unit", picos, per).flat_price
    assert flat is not None
    exact = Fraction(picos, per * 1000)
    assert flat == (exact.numerator, exact.denominator)


RATE = Rate("voice.call", PER_MINUTE)


@pytest.mark.parametrize("given", [{}, {"to": "44"}, {"from_": "1"}, {"id": 9}])
def test_prefixes_alone_decide_an_unconditional_rate(given: dict[str, object]) -> None:
    assert msgspec.structs.replace(RATE, **given).always


@pytest.mark.parametrize(
    "given",
    [
        {"when": (("to.country", "GB"),)},
        {"hours": ((0, 60),)},
        {"valid_from": 20240101},
        {"valid_until": 20240131},
    ],
)
def test_a_rate_with_conditions_is_not_always_in_force(given: dict[str, object]) -> None:
    assert not msgspec.structs.replace(RATE, **given).always


def test_conditions_are_named_as_in_a_book() -> None:
    rate = msgspec.structs.replace(RATE, to="44", from_="1", when=(("direction", "inbound"),))
    assert conditions_of(rate) == {"to": "44", "from": "1", "direction": "inbound"}
    assert conditions_of(RATE) == {}


OTHER = pricing(price="0.02", price_picos=20_000_000_000)
RATES = st.lists(
    st.builds(
        Rate,
        meter=st.sampled_from(("voice.call", "sms.outbound")),
        pricing=st.sampled_from((PER_MINUTE, OTHER)),
        to=st.sampled_from(("", "1", "44", "4420")),
        from_=st.sampled_from(("", "49")),
        valid_from=st.sampled_from((0, 20240101)),
        id=st.integers(1, 99),
    )
)


@examples(100)
@given(RATES)
def test_a_deck_holds_the_rates_that_it_was_made_of(rates: list[Rate]) -> None:
    deck = Deck.of(rates)
    assert list(deck.ids) == [rate.id for rate in rates]
    found = [deck.rate(row) for row in range(len(rates))]
    assert found == [msgspec.structs.replace(rate, id=0) for rate in rates]
    assert [(to, from_) for _, to, from_ in deck.rows()] == [(it.to, it.from_) for it in rates]


@examples(100)
@given(RATES)
def test_rates_that_differ_in_prefix_and_id_share_a_template(rates: list[Rate]) -> None:
    distinct = {msgspec.structs.replace(rate, to="", id=0) for rate in rates}
    deck = Deck.of(rates)
    assert len(deck.templates) == len(distinct)
    assert set(deck.templates) == distinct


def test_the_prefixes_of_an_inbound_deck_are_those_of_the_sender() -> None:
    template = msgspec.structs.replace(RATE, to="1")
    deck = Deck((template,), ("44", "49"), (0, 0), range(5, 7), inbound=True)
    assert list(deck.rows()) == [(0, "1", "44"), (0, "1", "49")]
    assert deck.rate(1) == msgspec.structs.replace(template, from_="49")


def test_a_deck_whose_columns_differ_in_length_is_a_defect() -> None:
    with pytest.raises(ValueError, match="shorter"):
        list(Deck((RATE,), ("44", "49"), (0,), range(1, 3)).rows())
