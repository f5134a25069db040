"""The differences of two books, as one applied to the other would show them."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import pricing, rate
from tollbook.domain.prices import Basis, CallTerms, Deck, PriceBook, Pricing, Rate, Tier
from tollbook.rating.books.compare import Change, differences

PICOS = 10**12


def book(*rates: Rate, decks: tuple[Deck, ...] = ()) -> PriceBook:
    return PriceBook("a", "USD", 20240101, "x", rates, decks=decks)


def price(picos: int, per: int = 1_000_000, **given: object) -> Pricing:
    return pricing(price=str(picos), per=str(per), price_picos=picos, per_micros=per, **given)


RATES = st.dictionaries(
    st.tuples(st.sampled_from(["", "44", "4477"]), st.sampled_from(["", "1"])),
    st.integers(0, 3),
).map(lambda it: {key: rate(price(picos), to=key[0], from_=key[1]) for key, picos in it.items()})
Rates = dict[tuple[str, str], Rate]


def _as_rates(rates: Rates) -> PriceBook:
    return book(*rates.values())


def _as_deck(rates: Rates) -> PriceBook:
    found = list(rates.values())
    templates = [rate(it.pricing, from_=it.from_) for it in found]
    numbers = range(len(found))
    return book(decks=(Deck(templates, [it.to for it in found], numbers, numbers),))


FORMS = st.sampled_from([_as_rates, _as_deck])


@examples(60)
@given(old=RATES, new=RATES, one=FORMS, other=FORMS)
def test_the_differences_turn_one_book_into_the_other(
    old: Rates, new: Rates, one: Callable[[Rates], PriceBook], other: Callable[[Rates], PriceBook]
) -> None:
    found = differences(one(old), other(new))
    prices = {key: it.pricing for key, it in old.items()}
    for it in found:
        key = it.rate.to, it.rate.from_
        assert (it.old, it.new) == (prices.get(key), new[key].pricing if key in new else None)
        if it.new is None:
            assert it.change is Change.REMOVED
            del prices[key]
            continue
        if it.old is None:
            assert it.change is Change.ADDED
        else:
            before, after = it.old.price_picos, it.new.price_picos
            assert it.change is (Change.DEARER if after > before else Change.CHEAPER)
            # A fraction is rounded half to even.
            exact = Fraction(after - before, before) * 10_000 if before else None
            assert it.percent == (None if exact is None else round(exact))
        prices[key] = it.new
    assert prices == {key: it.pricing for key, it in new.items()}
    keys = [(it.rate.meter, it.rate.to, it.rate.from_) for it in found]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize(
    ("old", "new", "change", "percent"),
    [
        (price(100), price(125), Change.DEARER, 2_500),
        (price(100), price(75), Change.CHEAPER, -2_500),
        (price(3), price(4), Change.DEARER, 3_333),
        (price(3), price(2), Change.CHEAPER, -3_333),
        (price(20_000), price(20_001), Change.DEARER, 0),
        (price(20_000), price(20_003), Change.DEARER, 2),
        (price(0), price(4), Change.DEARER, None),
        (price(4), price(0), Change.CHEAPER, -10_000),
        # 0.12 a minute is 0.002 a second: the same price in another unit.
        (price(12 * PICOS // 100, 60_000_000), price(2 * PICOS // 1000), None, None),
        (price(12 * PICOS // 100, 60_000_000), price(3 * PICOS // 1000), Change.DEARER, 5_000),
        # Anything but the price of a unit.
        (price(5), price(5, calls=CallTerms(minimum=1)), Change.CHANGED, None),
        (price(5), price(5, basis=Basis.EVENT), Change.CHANGED, None),
        (price(5), price(5, tiers=(Tier(None, "5", 5),)), Change.CHANGED, None),
        (price(5), price(5, buy=price(1)), Change.CHANGED, None),
        (price(5, markup=1), price(5, markup=2), Change.CHANGED, None),
        (pricing(price=None, markup=1), price(5), Change.CHANGED, None),
        # A price that is dearer is that, whatever else has changed.
        (price(5), price(6, calls=CallTerms(minimum=1)), Change.DEARER, 2_000),
        # The version of the rules matters only where they charge in another way.
        (price(5, rules=1), price(5, rules=2), None, None),
        (price(5, rules=1, prorated=True), price(5, rules=2, prorated=True), Change.CHANGED, None),
    ],
)
def test_a_rate_is_dearer_cheaper_or_changed(
    old: Pricing, new: Pricing, change: Change | None, percent: int | None
) -> None:
    found = differences(book(rate(old)), book(rate(new)))
    assert [(it.change, it.percent) for it in found] == ([(change, percent)] if change else [])


def test_differences_are_by_meter_and_prefix() -> None:
    new = [rate(to="45"), rate(to="44", from_="2"), rate(meter="api.request"), rate(to="44")]
    found = differences(book(), book(*new))
    assert [(it.rate.meter, it.rate.to, it.rate.from_) for it in found] == [
        ("api.request", "", ""),
        ("voice.call", "44", ""),
        ("voice.call", "44", "2"),
        ("voice.call", "45", ""),
    ]
    assert differences(book(), book()) == []
