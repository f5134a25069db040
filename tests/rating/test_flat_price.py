"""The short way of a flat price: it charges what rating would, or leaves it to rating."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import MONDAY, pricing, rate, tariff, usage
from tollbook.domain.charges import Charge
from tollbook.domain.prices import Basis, CallTerms, Rate, Tier
from tollbook.rating.charge import MOST_COST_NANOS, rate_usage
from tollbook.rating.choose import Books
from tollbook.rating.flat_price import FlatPrice, find_flat_price, has_markup


def found(*rates: Rate, meter: str = "voice.call", **given_book: object) -> FlatPrice | None:
    book = tariff(*rates, **given_book)
    return find_flat_price([[book]], meter, MONDAY, "USD")


def test_the_only_rate_of_a_meter_is_its_flat_price() -> None:
    assert found(rate(pricing(price_picos=4_000), id=7)) == FlatPrice(7, 1, 250_000)


@pytest.mark.parametrize(
    "rates",
    [
        (rate(to="44"),),
        (rate(to="44"), rate()),
        (rate(when=(("a", "b"),)),),
        (rate(hours=((0, 60),)),),
        (rate(valid_from=20240101),),
        (rate(pricing(basis=Basis.EVENT)),),
        (rate(pricing(calls=CallTerms(first=60_000_000, following=60_000_000))),),
        (rate(pricing(tier_group="g", tiers=(Tier(None, "1", 1),))),),
        (rate(pricing(buy=pricing())),),
        (rate(pricing(price=None, markup=5)),),
        (),
    ],
)
def test_any_other_price_is_left_to_rating(rates: tuple[Rate, ...]) -> None:
    assert found(*rates) is None


def test_a_markup_for_own_costs_does_not_change_the_price() -> None:
    assert found(rate(pricing(price_picos=1_000), id=1), rate(pricing(price=None, markup=5)))


def test_another_meter_or_currency_has_another_price() -> None:
    assert found(rate(), meter="sms.outbound") is None
    assert found(rate(), currency="EUR") is None
    assert found(rate(), effective_from=MONDAY + 1) is None
    assert found(rate(), effective_from=MONDAY) is not None


def two_books(*own: Rate) -> Books:
    return [[tariff(*own)], [tariff(rate(pricing(price_picos=9_000), id=9))]]


def test_an_own_book_without_the_meter_is_passed_over() -> None:
    own = rate(meter="sms.outbound")
    price = find_flat_price(two_books(own), "voice.call", MONDAY, "USD")
    assert price is not None
    assert price.rate_id == 9


def test_an_own_book_with_conditions_hides_the_flat_price_of_the_tenant() -> None:
    assert find_flat_price(two_books(rate(to="44")), "voice.call", MONDAY, "USD") is None


def test_the_version_in_force_decides() -> None:
    older, newer = rate(pricing(price_picos=1_000), id=1), rate(pricing(price_picos=2_000), id=2)
    books = [[tariff(newer, effective_from=MONDAY), tariff(older)]]
    for day, rate_id in ((MONDAY - 1, 1), (MONDAY, 2)):
        price = find_flat_price(books, "voice.call", day, "USD")
        assert price is not None
        assert price.rate_id == rate_id


def test_a_cost_up_to_the_largest_is_charged() -> None:
    assert FlatPrice(1, 1, 1).charge(MOST_COST_NANOS) == Charge(MOST_COST_NANOS, MOST_COST_NANOS, 1)
    assert FlatPrice(1, 1, 1).charge(MOST_COST_NANOS + 1) is None


@examples(300)
@given(st.integers(0, 10**15), st.sampled_from((1, 7, 60, 3_600)), st.integers(0, 10**12))
def test_a_flat_price_charges_what_rating_does(picos: int, per: int, quantity: int) -> None:
    books = [[tariff(rate(pricing(price_picos=picos, per_micros=per * 1_000_000), id=3))]]
    price = find_flat_price(books, "voice.call", MONDAY, "USD")
    assert price is not None
    rated = rate_usage(books, usage(quantity=quantity), "USD")
    assert price.charge(quantity) == (rated if isinstance(rated, Charge) else None)


@pytest.mark.parametrize(
    ("rates", "meter", "expected"),
    [
        ((rate(pricing(price=None, markup=5)),), "voice.call", True),
        ((rate(), rate(pricing(price=None, markup=5), to="44")), "voice.call", True),
        ((rate(pricing(price=None, markup=5)),), "sms.outbound", False),
        ((rate(),), "voice.call", False),
        ((), "voice.call", False),
    ],
)
def test_a_cost_is_the_charge_where_no_rate_marks_it_up(
    rates: tuple[Rate, ...], meter: str, expected: bool
) -> None:
    books = [[tariff(rate())], [tariff(*rates)]]
    assert has_markup(books, meter, MONDAY, "USD") is expected
    assert not has_markup(books, meter, MONDAY, "EUR")
