"""Worked examples of rating, each with its arithmetic by hand."""

import pytest

from tests.rating.builders import pricing, rate, tariff, usage
from tollbook.administration.price_books import example_book
from tollbook.domain.charges import Charge, Unpriced
from tollbook.domain.prices import Basis
from tollbook.rating.charge import rate_usage
from tollbook.rating.tariff import Tariff

EXAMPLE = Tariff(example_book())


def charged(given: Charge | Unpriced) -> Charge:
    assert isinstance(given, Charge), given
    return given


@pytest.mark.parametrize(
    ("meter", "micros", "nanos"),
    [
        ("voice.call", 61_000_000, 122_000_000),  # 61 s * 0.002 = 0.122
        ("api.request", 250_000_000_000, 10_000_000_000),  # 250,000 / 1000 * 0.04 = 10.00
        ("api.request", 1_000_000, 40_000),  # 1 / 1000 * 0.04 = 0.00004
        ("sms.outbound", 3_000_000, 90_000_000),  # 3 segments * 0.03 = 0.09
        ("mms.outbound", 7_000_000, 50_000_000),  # by message: 1 * 0.05
        ("api.storage", 450_000_000, 2_250_000_000),  # 450 GB-days / 30 * 0.15 = 2.25
        ("kb.usage", 3_300_000_000, 5_500_000_000),  # 55 min * 0.10 = 5.50
        ("kb.usage", 1_000_000, 1_666_667),  # 1/60 * 0.10 = 0.001666666..., rounded once
        ("phone.rental", 500_000, 1_495_000_000),  # half a month * 2.99
        ("voice.call", 0, 0),
    ],
)
def test_the_example_book_charges(meter: str, micros: int, nanos: int) -> None:
    charge = charged(rate_usage([[EXAMPLE]], usage(meter=meter, quantity=micros), "USD"))
    assert charge.cost == nanos


def test_a_message_price_bills_one_message_whatever_the_segments() -> None:
    segments = usage(meter="mms.inbound", quantity=5_000_000)
    charge = charged(rate_usage([[EXAMPLE]], segments, "USD"))
    assert (charge.cost, charge.billed) == (20_000_000, 1_000_000)


@pytest.mark.parametrize(
    ("picos", "nanos"),
    [(500, 0), (501, 1), (1500, 2), (2500, 2), (2501, 3), (3500, 4)],
)
def test_the_one_rounding_is_half_to_even_at_a_billionth(picos: int, nanos: int) -> None:
    book = tariff(rate(pricing(price_picos=picos)))
    assert charged(rate_usage([[book]], usage(quantity=1_000_000), "USD")).cost == nanos


def test_a_cost_past_the_bound_is_unpriced() -> None:
    dear = tariff(rate(pricing(price_picos=10**18)))
    unpriced = rate_usage([[dear]], usage(quantity=10**15), "USD")
    assert isinstance(unpriced, Unpriced)
    assert unpriced.code == "cost_out_of_range"


def test_a_buy_price_past_the_bound_is_unpriced_too() -> None:
    dear = tariff(rate(pricing(buy=pricing(price_picos=10**18))))
    assert isinstance(rate_usage([[dear]], usage(quantity=10**15), "USD"), Unpriced)


def test_an_event_that_brings_its_cost_is_charged_that_even_without_a_book() -> None:
    charge = charged(rate_usage([], usage(cost=7, quantity=3), "USD"))
    assert (charge.cost, charge.billed, charge.rate_id, charge.buy) == (7, 3, None, 7)
    assert [(line.name, line.cost) for line in charge.lines] == [("own cost", 7)]


def test_a_message_price_is_for_the_event() -> None:
    by_call = tariff(rate(pricing(price_picos=10**12, basis=Basis.EVENT)))
    assert charged(rate_usage([[by_call]], usage(quantity=61_000_000), "USD")).cost == 10**9
