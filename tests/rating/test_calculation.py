"""The arithmetic of a charge, each value on its own."""

from fractions import Fraction

import pytest

from tests.rating.builders import pricing, usage
from tollbook.domain.charges import ChargeLine, Unpriced
from tollbook.domain.exact import MICROS
from tollbook.domain.prices import Basis, CallTerms, Fee, Pricing, Tier
from tollbook.rating.calculation import FREE, MONTH_UNKNOWN, NO_PRICE, Calculation, calculate

NANO = 1_000


def calculated(priced: Pricing, position: int | None = None, **given: object) -> Calculation:
    found = calculate(priced, usage(**given), position)
    assert isinstance(found, Calculation), found
    return found


def test_a_plain_price_is_the_quantity_times_the_price() -> None:
    work = calculated(pricing(price_picos=3 * NANO))
    assert (work.counted, work.basis, work.billed) == (60 * MICROS,) * 3
    assert (work.exact, work.cost, work.lines) == (180 * NANO, 180, ())


def test_without_a_price_there_is_no_charge() -> None:
    assert calculate(pricing(price=None, markup=5), usage()) is NO_PRICE


def test_tiers_need_the_position_of_the_month() -> None:
    tiered = pricing(tiers=(Tier(None, "1", NANO),), tier_group="g")
    assert calculate(tiered, usage()) is MONTH_UNKNOWN
    assert calculated(tiered, position=0).cost == 60


def test_a_free_call_has_no_fees() -> None:
    terms = CallTerms(grace=60 * MICROS, connect_fee=NANO)
    fee = Fee("carrier", "1", price_picos=NANO)
    assert calculate(pricing(calls=terms, fees=(fee,)), usage()) is FREE
    assert calculated(pricing(calls=terms), quantity=60 * MICROS + 1).cost > 0


@pytest.mark.parametrize(
    ("maximum", "cost", "held_to"),
    [(None, 65, None), (65, 65, None), (64, 64, 59 * NANO), (5, 5, 0)],
)
def test_price_and_connect_fee_are_limited_together(
    maximum: int | None, cost: int, held_to: int | None
) -> None:
    limit = None if maximum is None else maximum * NANO
    terms = CallTerms(connect_fee=5 * NANO, maximum_cost=limit)
    work = calculated(pricing(price_picos=NANO, calls=terms))
    assert (work.cost, work.held_to) == (cost, held_to)
    assert work.lines == (ChargeLine("price", cost - 5), ChargeLine("connect fee", 5))


def test_a_maximum_without_a_fee_is_one_line() -> None:
    work = calculated(pricing(price_picos=NANO, calls=CallTerms(maximum_cost=7 * NANO)))
    assert (work.cost, work.lines) == (7, ())


FEES = (
    Fee("per event", "0", price_picos=2 * NANO),
    Fee("per minute", "0", price_picos=3 * NANO, per_micros=60 * MICROS, basis=Basis.UNIT),
    Fee("tax", "10%", share=100_000),
)


def test_fees_are_for_the_event_for_units_or_a_share_of_the_price() -> None:
    work = calculated(pricing(price_picos=NANO, fees=FEES), quantity=120 * MICROS)
    assert dict(work.fees) == {
        "per event": 2 * NANO,
        "per minute": 6 * NANO,
        "tax": 12 * NANO,
    }
    assert work.cost == 120 + 2 + 6 + 12


def test_a_share_is_of_price_and_connect_fee_and_of_no_other_fee() -> None:
    terms = CallTerms(connect_fee=40 * NANO)
    work = calculated(pricing(price_picos=NANO, calls=terms, fees=FEES))
    assert dict(work.fees)["tax"] == 10 * NANO
    assert [line.name for line in work.lines][:2] == ["price", "connect fee"]


def test_price_and_fees_are_rounded_together_and_lines_add_up() -> None:
    thirds = tuple(Fee(f"fee {n}", "0", price_picos=NANO, per_micros=3 * MICROS) for n in range(3))
    work = calculated(pricing(price_picos=1, fees=thirds), quantity=MICROS)
    assert work.exact == Fraction(1) + NANO
    assert (work.cost, [line.cost for line in work.lines]) == (1, [0, 0, 1, 0])


def test_a_prorated_price_is_exact_until_it_is_a_cost() -> None:
    rental = pricing(price_picos=31 * NANO, prorated=True, per_micros=MICROS)
    work = calculated(rental, meter="phone.rental", quantity=MICROS, day=20240110)
    assert work.days is not None
    assert (work.days.days, work.cost, work.billed) == (22, 22, 709_677)


def test_days_that_cannot_be_read_are_a_reason() -> None:
    found = calculate(pricing(prorated=True), usage(attributes={"from_day": "soon"}))
    assert isinstance(found, Unpriced)
    assert found.code == "invalid_days"


def test_a_package_bills_whole_blocks() -> None:
    work = calculated(pricing(price_picos=NANO, package=50 * MICROS))
    assert (work.basis, work.billed, work.cost) == (60 * MICROS, 100 * MICROS, 100)


def test_a_missing_size_is_a_reason() -> None:
    found = calculate(pricing(basis=Basis.MEDIA), usage())
    assert isinstance(found, Unpriced)
    assert found.code == "media_bytes_missing"
