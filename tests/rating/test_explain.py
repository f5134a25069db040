"""Why it cost: each step in words, from the same arithmetic."""

import pytest

from tollbook.domain.charges import Attributes, RatingInput, Unpriced
from tollbook.domain.exact import MICROS
from tollbook.rating.books.yaml_book import parse_price_book
from tollbook.rating.choose import choose
from tollbook.rating.explain import Explanation, explain
from tollbook.rating.tariff import ChosenRate, Tariff

HEAD = "name: x\ncurrency: USD\neffective_from: 2020-01-01\nsource: x\nrates:\n"
CALL = "meter: voice.call, price: 0.012, per: minute"
TO_LONDON: Attributes = {"to": "+442071838750"}


def explained(
    rate: str,
    quantity: float,
    attributes: Attributes | None = None,
    position: float | None = None,
    cost: int | None = None,
) -> Explanation:
    book = parse_price_book(f"{HEAD}  - {{{rate}}}\n")
    usage = RatingInput(book.rates[0].meter, round(quantity * MICROS), 20240215, attributes, cost)
    found = choose([[Tariff(book)]], usage, "USD")
    month = None if position is None else round(position * MICROS)
    explanation = explain(found.rate if isinstance(found, ChosenRate) else None, usage, month)
    assert isinstance(explanation, Explanation), explanation
    assert sum(line.cost for line in explanation.lines) == explanation.cost
    return explanation


@pytest.mark.parametrize(
    ("rate", "quantity", "steps"),
    [
        (
            f"{CALL}, increments: 60/6",
            61,
            [
                "61 s raw -> 66 s billed: at least 60 s, then steps of 6 s",
                "66 s / 60 s x 0.012 = 0.0132",
                "cost 0.0132",
            ],
        ),
        (
            f"{CALL}, connect_fee: 0.05, maximum_cost: 0.6",
            3600,
            [
                "3600 s raw -> 3600 s billed: as it lasted",
                "3600 s / 60 s x 0.012 = 0.72",
                "limited to the maximum cost of 0.6, connect fee included",
                "connect fee = 0.05",
                "cost 0.60",
            ],
        ),
        (
            f"{CALL}, grace: 3, increments: 1/1",
            2,
            ["2 s raw -> 0 s billed: free up to 3 s", "cost 0.00"],
        ),
        (
            f"{CALL}, connect_fee: 0.05",
            0,
            [
                "0 s raw -> 0 s billed: a call of no seconds is counted and not charged",
                "cost 0.00",
            ],
        ),
        (
            f"{CALL}, included: 5, increments: 60/6, connect_fee: 0.05",
            61,
            [
                "61 s raw -> 60 s billed: 5 s are included, at least 60 s, then steps of 6 s",
                "60 s / 60 s x 0.012 = 0.012",
                "connect fee = 0.05",
                "cost 0.062",
            ],
        ),
        (
            f"{CALL}, included: 5",
            5,
            ["5 s raw -> 0 s billed: 5 s are included", "0 s / 60 s x 0.012 = 0", "cost 0.00"],
        ),
        (
            f"{CALL}, first_price: 0.03, increments: 30/6",
            31,
            [
                "31 s raw -> 36 s billed: at least 30 s, then steps of 6 s",
                "first 30 s / 60 s x 0.03 + 6 s / 60 s x 0.012 = 0.0162",
                "cost 0.0162",
            ],
        ),
        (
            "meter: kb.usage, price: 0.10, per: minute",
            1,
            [
                "1 s raw",
                "1 s / 60 s x 0.10 = 0.001666666666...",
                "0.001666666666... rounded once, half to even: cost 0.001666667",
            ],
        ),
        (
            "meter: sms.outbound, price: 0.02, per: message, "
            "fees: [{name: carrier fee, price: 0.003, per: segment}, {name: USF, percent: 5%}]",
            3,
            [
                "3 segments raw",
                "priced as one, whatever its quantity",
                "1 event / 1 event x 0.02 = 0.02",
                "carrier fee: 0.003 per segment = 0.009",
                "USF: 5% of the price = 0.001",
                "cost 0.03",
            ],
        ),
        (
            "meter: api.request, price: 0.01, per: request, package: 1000",
            1001,
            [
                "1001 requests raw",
                "2000 requests billed: whole blocks of 1000 requests",
                "2000 requests / 1 request x 0.01 = 20",
                "cost 20.00",
            ],
        ),
        (
            "meter: phone.rental, price: 2.90, per: month, proration: daily",
            1,
            [
                "1 month raw",
                "1 month / 1 month x 2.90 x 15 of 29 days (2024-02-15 to 2024-02-29) = 1.5",
                "cost 1.50",
            ],
        ),
        (
            "meter: phone.rental, price: 2.90, per: month, proration: daily, "
            "fees: [{name: service, price: 0.58, per: month}]",
            1,
            [
                "1 month raw",
                "1 month / 1 month x 2.90 x 15 of 29 days (2024-02-15 to 2024-02-29) = 1.5",
                "service: 0.58 per month x 15 of 29 days = 0.3",
                "cost 1.80",
            ],
        ),
    ],
)
def test_each_step_is_explained(rate: str, quantity: float, steps: list[str]) -> None:
    assert list(explained(rate, quantity).steps) == steps


def test_media_are_told_in_bytes() -> None:
    explanation = explained(
        "meter: mms.inbound, price: 0.01, per: 100 KB", 1, {"media_bytes": 250_001}
    )
    assert explanation.steps[1:3] == (
        "media of 250001 bytes",
        "300000 bytes billed: whole blocks of 100000 bytes",
    )


def test_tiers_are_told_as_the_month_with_and_without() -> None:
    rate = "meter: sms.outbound, per: segment, graduated: [{up_to: 10, price: 0.1}, {price: 0.05}]"
    assert list(explained(rate, 4, position=8).steps) == [
        "4 segments raw",
        "the month is at 8 segments, with this at 12 segments",
        "the month with this: 10 segments / 1 segment x 0.1 + 2 segments / 1 segment x 0.05 = 1.10",
        "the month without it: 8 segments / 1 segment x 0.1 = 0.80",
        "1.10 - 0.80 = 0.30",
        "cost 0.30",
    ]


@pytest.mark.parametrize(
    ("position", "step"),
    [
        (0, "connect fee: that of the tier up to 600 s, in which the call begins at 0 s = 0.02"),
        (600, "connect fee: that of the last tier, in which the call begins at 600 s = 0.05"),
    ],
)
def test_the_tier_of_a_connect_fee_is_named(position: int, step: str) -> None:
    rate = (
        "meter: voice.call, per: minute, connect_fee: 0.05, "
        "graduated: [{up_to: 10, price: 0, connect_fee: 0.02}, {price: 0.01}]"
    )
    assert step in explained(rate, 60, position=position).steps


def test_blocks_of_a_month_are_told_likewise() -> None:
    rate = "meter: api.request, price: 0.01, per: request, package: 100, over: month"
    assert list(explained(rate, 2, position=99).steps) == [
        "2 requests raw",
        "the month is at 99 requests, with this at 101 requests",
        "the month with this: 200 requests in whole blocks / 1 request x 0.01 = 2.00",
        "the month without it: 100 requests in whole blocks / 1 request x 0.01 = 1.00",
        "2.00 - 1.00 = 1.00",
        "cost 1.00",
    ]


def test_an_own_cost_says_so() -> None:
    bare = explained(CALL, 61, cost=12_000_000)
    assert bare.steps == ("the event has its own cost, 0.012, and is charged that",)
    assert (bare.rate_id, bare.matched) == (None, "voice.call; own cost, no rate")
    marked_up = explained("meter: voice.call, markup: 12.5%", 61, cost=12_000_000)
    assert marked_up.steps == (
        "the event has its own cost, 0.012; with a markup of 12.5% it is 0.0135",
    )


def test_the_matched_rate_is_described() -> None:
    rate = (
        f"{CALL}, to: 4420, valid_from: 2024-01-01, valid_until: 2024-12-31, "
        'when: {direction: outbound}, hours: {days: "thu,sat", from: "20:00", until: "08:00"}'
    )
    book = parse_price_book(f"{HEAD}  - {{{rate}}}\n")
    attributes = {**TO_LONDON, "direction": "outbound"}
    usage = RatingInput("voice.call", MICROS, 20240215, attributes, minute=21 * 60)
    found = choose([[Tariff(book)]], usage, "USD")
    assert isinstance(found, ChosenRate)
    explanation = explain(found.rate, usage, version=found.tariff.version)
    assert isinstance(explanation, Explanation)
    assert (explanation.to, explanation.from_, explanation.version) == ("4420", "", 0)
    assert explanation.matched == (
        "voice.call; to 4420; direction outbound; thu 20:00 to fri 08:00, sat 20:00 to sun 08:00; "
        "from 2024-01-01; until 2024-12-31"
    )


def test_what_has_no_price_has_no_explanation_but_a_reason() -> None:
    assert isinstance(explain(None, RatingInput("voice.call", 1, 20240215)), Unpriced)


@pytest.mark.parametrize(
    ("rate", "matched"),
    [
        (f"{CALL}, to: 4420, destination: London", "voice.call; to 4420 (London)"),
        (f"{CALL}, destination: Anywhere", "voice.call; (Anywhere)"),
        (
            f"{CALL}, to: 44, from: 1, destination: United Kingdom",
            "voice.call; to 44 (United Kingdom); from 1",
        ),
    ],
)
def test_the_name_of_the_destination_is_next_to_its_prefix(rate: str, matched: str) -> None:
    found = explained(rate, 60, {"to": "+442071838750", "from": "+14155550100"})
    assert found.matched == matched
