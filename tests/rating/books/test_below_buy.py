"""Rates that sell below their buy price: the quantities that are tried, and the largest loss."""

import pytest

from tollbook.domain.exact import MICROS, NANOS
from tollbook.rating.books.below_buy import Loss, largest_loss
from tollbook.rating.books.yaml_book import parse_price_book

HEAD = """
name: Sold
currency: USD
effective_from: 2024-01-01
source: a test
rates:
"""


def loss(rate: str) -> Loss | None:
    (parsed,) = parse_price_book(f"{HEAD}  - {rate}\n").rates
    return largest_loss(parsed)


def of(quantity: int, cost: str, buy: str, tier: int | None = None) -> Loss:
    nanos = (int(float(it) * 1_000_000) * (NANOS // 1_000_000) for it in (cost, buy))
    return Loss(tier, quantity * MICROS, *nanos)


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("{meter: sms.outbound, price: 0.02, per: segment}", None),
        ("{meter: sms.outbound, price: 0.02, per: segment, buy: 0.02}", None),
        ("{meter: sms.outbound, price: 0.02, per: segment, buy: 0.03}", of(1, "0.02", "0.03")),
        ("{meter: sms.outbound, price: 0, per: segment, buy: 0}", None),
        ("{meter: phone.rental, price: 1, per: month, buy: 2}", of(1, "1", "2")),
        ("{meter: voice.call, markup: 10%}", None),
        (
            "{meter: sms.outbound, price: 0.02, per: segment, buy: 0.03, fees: "
            "[{name: Carrier, price: 0.02, per: segment}]}",
            None,
        ),
        # The whole minute is sold at a profit, and a second of it at a loss.
        (
            "{meter: voice.call, price: 0.06, per: minute, "
            "buy: {price: 0.05, per: minute, increments: 60/60}}",
            of(1, "0.001", "0.05"),
        ),
        (
            "{meter: voice.call, price: 0.06, per: minute, increments: 60/60, "
            "buy: {price: 0.05, per: minute, increments: 1/1}}",
            None,
        ),
        (
            "{meter: api.request, per: request, "
            "graduated: [{up_to: 100, price: 0.02}, {price: 0.001}], buy: 0.01}",
            of(1, "0.001", "0.01", tier=2),
        ),
        (
            "{meter: api.request, per: request, "
            "volume: [{up_to: 100, price: 0.02}, {price: 0.001}], buy: 0.01}",
            of(101, "0.101", "1.01", tier=2),
        ),
        (
            "{meter: api.request, price: 0.005, per: request, package: 1000, buy: 0.006}",
            of(1, "5", "6"),
        ),
    ],
)
def test_the_largest_loss_of_a_rate(rate: str, expected: Loss | None) -> None:
    assert loss(rate) == expected
