"""What holds for every rate and every usage."""

import re
from fractions import Fraction

import msgspec
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.properties.profile import examples
from tests.rating.builders import MONDAY, pricing, rate, tariff, usage
from tollbook.domain.charges import Charge, RatingInput
from tollbook.domain.exact import MICROS, NANOS, amount_text
from tollbook.domain.prices import Basis, CallTerms, Fee, Pricing, Tier, TierMode
from tollbook.rating.books.pricing import terms_of_buy
from tollbook.rating.calculation import calculate
from tollbook.rating.charge import apply_pricing, rate_usage
from tollbook.rating.explain import explain
from tollbook.rating.number_formats import digits_of

SECONDS = st.integers(0, 7200).map(lambda it: it * MICROS)
PICOS = st.integers(0, 5 * 10**11)
QUANTITIES = st.integers(0, 10**5).map(lambda it: it * MICROS)


@st.composite
def calls(draw: st.DrawFn) -> CallTerms:
    first, following = draw(st.tuples(*[st.sampled_from((1, 6, 30, 60))] * 2))
    connect_fee = draw(st.just(0) | PICOS)
    return CallTerms(
        draw(st.sampled_from((0, 10, 60))) * MICROS,
        first * MICROS,
        following * MICROS,
        draw(st.sampled_from((0, 3))) * MICROS,
        connect_fee,
        draw(st.none() | st.integers(connect_fee, 10**12)),
    )


@st.composite
def fees(draw: st.DrawFn) -> tuple[Fee, ...]:
    found = []
    for number in range(draw(st.integers(0, 3))):
        name, per = f"fee {number}", draw(st.sampled_from((MICROS, 3 * MICROS, 7 * MICROS)))
        if draw(st.booleans()):
            found.append(Fee(name, "", share=draw(st.integers(0, 10**6))))
        else:
            basis = draw(st.sampled_from((Basis.UNIT, Basis.EVENT)))
            found.append(Fee(name, "", "x", draw(PICOS), per, basis))
    return tuple(found)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    ends = sorted(draw(st.sets(st.integers(1, 10**5), max_size=4)))
    return tuple(Tier(end and end * MICROS, "0", draw(PICOS)) for end in (*ends, None))


@st.composite
def pricings(draw: st.DrawFn) -> Pricing:
    """Any pricing of a meter in seconds that a book may hold."""
    tiered = draw(st.booleans())
    of_tiers = draw(tiers()) if tiered else ()
    terms = draw(st.none() | calls())
    if terms is not None and tiered:
        terms = CallTerms(terms.minimum, terms.first, terms.following, terms.grace, 7)
    return Pricing(
        "0",
        "second",
        draw(PICOS),
        draw(st.sampled_from((1, 7, 60))) * MICROS,
        calls=terms,
        package=0 if tiered else draw(st.sampled_from((0, 0, 7, 1000))) * MICROS,
        tiers=of_tiers,
        tier_mode=draw(st.sampled_from(TierMode)),
        tier_group="g" if tiered else None,
        fees=draw(fees()),
        buy=draw(st.none() | st.just(pricing(price_picos=7))),
    )


def charged(terms: Pricing, used: RatingInput, position: int | None = None) -> Charge:
    found = apply_pricing(terms, 1, used, position)
    assert isinstance(found, Charge), found
    return found


@examples(200)
@given(pricings(), SECONDS, QUANTITIES)
def test_lines_add_up_to_the_cost_and_none_is_negative(
    terms: Pricing, quantity: int, position: int
) -> None:
    charge = charged(terms, usage(quantity=quantity), position)
    assert sum(line.cost for line in charge.lines) == charge.cost
    if not terms.tiers:
        assert all(line.cost >= 0 for line in charge.lines)


@examples(200)
@given(pricings(), SECONDS)
def test_the_short_way_of_plain_prices_comes_to_the_same(terms: Pricing, quantity: int) -> None:
    without_fees = terms_of_buy(terms.calls)
    flat = msgspec.structs.replace(
        terms, calls=without_fees, package=0, tiers=(), tier_group=None, fees=(), buy=None
    )
    assert flat.flat_price is not None
    used = usage(quantity=quantity)
    work, charge = calculate(flat, used), charged(flat, used)
    assert work is not None
    assert (work.cost, work.billed, work.lines) == (charge.cost, charge.billed, ())  # type: ignore[union-attr]


@examples(200)
@given(PICOS, st.integers(0, 10**6))
def test_per_unit_is_a_package_of_one(picos: int, requests: int) -> None:
    used = usage(meter="api.request", quantity=requests * MICROS)
    alone = pricing(price_picos=picos)
    for package in (
        pricing(price_picos=picos, package=MICROS),
        pricing(price_picos=picos, package=MICROS, monthly=True, tier_group="g"),
    ):
        one, other = charged(alone, used), charged(package, used, 0)
        assert (one.cost, one.billed) == (other.cost, other.billed)


@examples(200)
@given(tiers(), QUANTITIES, QUANTITIES)
def test_graduated_tiers_never_jump_down(steps: tuple[Tier, ...], before: int, more: int) -> None:
    terms = pricing(tiers=steps, tier_group="g")
    assert charged(terms, usage(quantity=more), before).cost >= 0


@examples(200)
@given(tiers(), st.sampled_from(TierMode), st.lists(QUANTITIES, max_size=8))
def test_a_month_costs_the_same_however_it_is_split_and_ordered(
    steps: tuple[Tier, ...], mode: TierMode, quantities: list[int]
) -> None:
    terms = pricing(tiers=steps, tier_mode=mode, tier_group="g", per_micros=7 * MICROS)
    whole = charged(terms, usage(quantity=sum(quantities)), 0).cost
    for order in (quantities, quantities[::-1], sorted(quantities)):
        position, total = 0, 0
        for quantity in order:
            charge = charged(terms, usage(quantity=quantity), position)
            position, total = position + charge.billed, total + charge.cost
        assert (position, total) == (sum(quantities), whole)


@examples(200)
@given(st.text("123456789", min_size=8, max_size=12), st.data())
def test_a_longer_prefix_wins(digits: str, data: st.DataObject) -> None:
    assume(digits_of(f"+{digits}") == digits)  # without a national prefix that is dropped
    lengths = data.draw(st.sets(st.integers(0, 7), min_size=1))
    book = tariff(*(rate(to=digits[:length], id=length + 1) for length in lengths))
    found = rate_usage([[book]], usage(attributes={"to": f"+{digits}"}), "USD")
    assert isinstance(found, Charge)
    assert found.rate_id == max(lengths) + 1


@examples(200)
@given(pricings(), SECONDS, QUANTITIES)
def test_the_explanation_replays_to_the_cost(terms: Pricing, quantity: int, position: int) -> None:
    used = usage(quantity=quantity)
    month = position if terms.tier_group else None
    charge, explained = charged(terms, used, month), explain(rate(terms, id=1), used, month)
    assert (explained.cost, explained.billed, explained.lines) == (
        charge.cost,
        charge.billed,
        charge.lines,
    )  # type: ignore[union-attr]
    assert explained.steps[-1].endswith(f"cost {amount_text(charge.cost)}")  # type: ignore[union-attr]


@examples(200)
@given(st.integers(0, 7200), st.integers(0, 10**4))
def test_the_arithmetic_in_words_can_be_done_by_hand(seconds: int, cents: int) -> None:
    words = amount_text(cents * NANOS // 100)
    terms = pricing(
        price=words,
        price_picos=cents * 10**10,
        per_micros=60 * MICROS,
        calls=CallTerms(first=60 * MICROS, following=6 * MICROS),
    )
    used = usage(quantity=seconds * MICROS, day=MONDAY)
    explained = explain(rate(terms, id=1), used)
    (step,) = [it for it in explained.steps if " x " in it] or [""]  # type: ignore[union-attr]
    match = re.match(r"(\d+) s / (\d+) s x ([\d.]+) = ([\d.]+)$", step)
    if not seconds:
        assert not match
        return
    assert match
    billed, per, price, amount = map(Fraction, match.groups())
    assert billed / per * price == amount == Fraction(explained.cost, NANOS)  # type: ignore[union-attr]
