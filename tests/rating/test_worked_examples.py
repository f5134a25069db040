"""Worked examples in the manner of public carrier rules, each with its arithmetic by hand.

A book of one rate, an event, and what it costs. The rates are those of the words in front.
"""

import pytest

from tollbook.domain.charges import Attributes, Charge, RatingInput, Unpriced
from tollbook.domain.exact import MICROS, amount_text
from tollbook.rating.books.yaml_book import parse_price_book
from tollbook.rating.charge import rate_usage
from tollbook.rating.tariff import Tariff

HEAD = "name: x\ncurrency: USD\neffective_from: 2020-01-01\nsource: x\nrates:\n"
CALL = "meter: voice.call, price: 0.012, per: minute"
TIERS = "[{up_to: 1000, price: 0.010}, {up_to: 5000, price: 0.008}, {price: 0.005}]"
SMS = "meter: sms.outbound, per: segment"
RENT = "meter: phone.rental, price: 3.10, per: month, proration: daily"


def rated(
    rate: str,
    quantity: float = 1,
    day: int = 20240115,
    attributes: Attributes | None = None,
    position: float | None = None,
    cost: int | None = None,
) -> Charge | Unpriced:
    book = parse_price_book(f"{HEAD}  - {{{rate}}}\n")
    micros = round(quantity * MICROS)
    usage = RatingInput(book.rates[0].meter, micros, day, attributes, cost)
    month = None if position is None else round(position * MICROS)
    return rate_usage([[Tariff(book)]], usage, "USD", month)


def charge(
    rate: str,
    quantity: float = 1,
    day: int = 20240115,
    attributes: Attributes | None = None,
    position: float | None = None,
    cost: int | None = None,
) -> Charge:
    found = rated(rate, quantity, day, attributes, position, cost)
    assert isinstance(found, Charge), found
    assert sum(line.cost for line in found.lines) == found.cost
    return found


@pytest.mark.parametrize(
    ("rule", "seconds", "billed", "cost"),
    [
        # 60/60, every begun minute: 61 s are 2 minutes; 2 * 0.012
        ("increments: 60/60", 61, 120, "0.024"),
        ("increments: 60/60", 60, 60, "0.012"),
        ("increments: 60/60", 1, 60, "0.012"),
        # 60/6: a minute, then steps of 6: 61 -> 66; 66 / 60 * 0.012
        ("increments: 60/6", 61, 66, "0.0132"),
        ("increments: 60/6", 66, 66, "0.0132"),
        ("increments: 60/6", 67, 72, "0.0144"),
        # 30/6, the usual one of wholesale in North America: 31 -> 36; 36 / 60 * 0.012
        ("increments: 30/6", 31, 36, "0.0072"),
        ("increments: 30/6", 7, 30, "0.006"),
        # 1/1, by the second: 61 / 60 * 0.012
        ("increments: 1/1", 61, 61, "0.0122"),
        ("increments: 1/1", 60.2, 61, "0.0122"),
        # 60/1: 30 -> 60, 61 -> 61
        ("increments: 60/1", 30, 60, "0.012"),
        ("increments: 60/1", 61, 61, "0.0122"),
        # a minimum alone: 61 stays 61
        ("minimum: 60", 10, 60, "0.012"),
        ("minimum: 60", 61, 61, "0.0122"),
        # a minimum that is no step: 40 by 6 from 30 is 42; 42 / 60 * 0.012
        ("minimum: 40, increments: 30/6", 5, 42, "0.0084"),
        # grace: up to 3 s free, the fourth second is billed from the first
        ("grace: 3, increments: 6/6", 3, 0, "0.00"),
        ("grace: 3, increments: 6/6", 4, 6, "0.0012"),
        # connect fee: 0.05 + 66 / 60 * 0.012
        ("connect_fee: 0.05, increments: 60/6", 61, 66, "0.0632"),
        # counted and not charged: neither connect fee nor minimum
        ("connect_fee: 0.05, minimum: 60", 0, 0, "0.00"),
        ("connect_fee: 0.05, grace: 5", 5, 0, "0.00"),
        # maximum: an hour would be 0.72; with the fee 0.77; held to 0.60
        ("connect_fee: 0.05, maximum_cost: 0.6", 3600, 3600, "0.60"),
        ("maximum_cost: 0.6", 3600, 3600, "0.60"),
        ("maximum_cost: 0.6", 3000, 3000, "0.60"),  # 50 min * 0.012 is 0.60, just not more
        ("maximum_cost: 0.6", 2999, 2999, "0.5998"),  # 2999 / 60 * 0.012
        ("increments: 1/1", 1, 1, "0.0002"),  # 1 / 60 * 0.012
        # 5 s included: 61 - 5 = 56, a begun minute: 0.012 + 0.01
        ("included: 5, increments: 60/60, connect_fee: 0.01", 61, 60, "0.022"),
        # a grace of 5 charges the whole call: two begun minutes
        ("grace: 5, increments: 60/60, connect_fee: 0.01", 61, 120, "0.034"),
        # within the included seconds only the connect fee is charged, and no minimum
        ("included: 5, minimum: 30, connect_fee: 0.01", 5, 0, "0.01"),
        ("included: 5, minimum: 30, connect_fee: 0.01", 6, 30, "0.016"),
        ("included: 5, increments: 60/60", 0, 0, "0.00"),
        ("included: 10, grace: 5, connect_fee: 0.01", 5, 0, "0.00"),
        # the first 30 s at 0.03, then steps of 6 at 0.012: 0.015 + 6 / 60 * 0.012
        ("first_price: 0.03, increments: 30/6", 31, 36, "0.0162"),
        ("first_price: 0.03, increments: 30/6", 5, 30, "0.015"),
        # cheaper at first: 0 + 30 / 60 * 0.012
        ("first_price: 0, increments: 30/6", 60, 60, "0.006"),
        # the minimum is billed beyond the first increment: 0.015 + 30 / 60 * 0.012
        ("first_price: 0.03, increments: 30/6, minimum: 60", 5, 60, "0.021"),
        # 5 s included, 30 of 31 s at the price of the first: 0.015 + 0.05
        ("first_price: 0.03, increments: 30/6, included: 5, connect_fee: 0.05", 35, 30, "0.065"),
    ],
)
def test_calls(rule: str, seconds: float, billed: int, cost: str) -> None:
    found = charge(f"{CALL}, {rule}", seconds)
    assert (found.billed, amount_text(found.cost)) == (billed * MICROS, cost)


def test_a_price_by_call_is_for_those_that_lasted() -> None:
    rule = "meter: voice.call, price: 0.25, per: call"
    assert amount_text(charge(rule, 3600).cost) == "0.25"
    assert charge(rule, 0).cost == 0


@pytest.mark.parametrize(
    ("rate", "segments", "lines"),
    [
        # 0.0079 a segment and a carrier fee of 0.003 a segment: 2 * 0.0079, 2 * 0.003
        (
            "price: 0.0079, per: segment, fees: [{name: carrier fee, price: 0.003, per: segment}]",
            2,
            {"price": "0.0158", "carrier fee": "0.006"},
        ),
        # by message, the fee too
        (
            "price: 0.02, per: message, fees: [{name: carrier fee, price: 0.01, per: message}]",
            3,
            {"price": "0.02", "carrier fee": "0.01"},
        ),
        # a price by message with a fee by segment: 0.02, 3 * 0.003
        (
            "price: 0.02, per: message, fees: [{name: carrier fee, price: 0.003, per: segment}]",
            3,
            {"price": "0.02", "carrier fee": "0.009"},
        ),
        # a surcharge of 7.5% of 0.0158 and one of 0.001 an event
        (
            "price: 0.0079, per: segment, "
            "fees: [{name: USF, percent: 7.5%}, {name: levy, price: 0.001, per: event}]",
            2,
            {"price": "0.0158", "USF": "0.001185", "levy": "0.001"},
        ),
        # 1/3 each of 0.00000001: 3.33 nanos, twice; the whole is 6.67 -> 7 and the price has 4
        (
            "price: 0.00000001, per: 3 segments, "
            "fees: [{name: levy, price: 0.00000001, per: 3 segments}]",
            1,
            {"price": "0.000000004", "levy": "0.000000003"},
        ),
    ],
)
def test_fees_are_lines_of_their_own(rate: str, segments: int, lines: dict[str, str]) -> None:
    found = charge(f"meter: sms.outbound, {rate}", segments)
    assert {line.name: amount_text(line.cost) for line in found.lines} == lines


def test_a_percentage_is_of_price_and_connect_fee() -> None:
    # (60 / 60 * 0.012 + 0.05) * 10% = 0.0062
    found = charge(f"{CALL}, connect_fee: 0.05, fees: [{{name: tax, percent: 10%}}]", 60)
    lines = {line.name: amount_text(line.cost) for line in found.lines}
    assert lines == {"price": "0.012", "connect fee": "0.05", "tax": "0.0062"}


@pytest.mark.parametrize(
    ("per", "size", "billed", "cost"),
    [
        ("100 KB", 250_001, 300_000, "0.03"),  # 3 blocks of 100,000 bytes
        ("100 KB", 300_000, 300_000, "0.03"),
        ("100 KB", 0, 0, "0.00"),
        ("MB", 1, 1_000_000, "0.01"),
        ("KiB", 1025, 2048, "0.02"),
    ],
)
def test_media_are_priced_by_size_in_whole_blocks(
    per: str, size: int, billed: int, cost: str
) -> None:
    found = charge(
        f"meter: mms.outbound, price: 0.01, per: {per}", 1, 20240115, {"media_bytes": size}
    )
    assert (found.billed, amount_text(found.cost)) == (billed * MICROS, cost)


@pytest.mark.parametrize(
    ("rate", "requests", "cost"),
    [
        ("price: 10, per: 1000 requests, package: 1", 1, "10.00"),
        ("price: 10, per: 1000 requests, package: 1", 1001, "20.00"),
        ("price: 0.01, per: request, package: 1000", 1001, "20.00"),
        ("price: 0.01, per: request, package: 1000", 0, "0.00"),
    ],
)
def test_packages_are_whole_blocks_of_an_event(rate: str, requests: int, cost: str) -> None:
    assert amount_text(charge(f"meter: api.request, {rate}", requests).cost) == cost


@pytest.mark.parametrize(
    ("already", "requests", "cost"),
    [
        (0, 1, "10.00"),  # the first request opens a block of 1000
        (1, 999, "0.00"),  # ... which holds 999 more
        (999, 2, "10.00"),
        (0, 2500, "30.00"),
    ],
)
def test_packages_over_a_month_share_their_blocks(already: int, requests: int, cost: str) -> None:
    rate = "meter: api.request, price: 0.01, per: request, package: 1000, over: month"
    found = charge(rate, requests, position=already)
    assert (amount_text(found.cost), found.billed) == (cost, requests * MICROS)


@pytest.mark.parametrize(
    ("mode", "already", "segments", "cost"),
    [
        ("graduated", 0, 1000, "10.00"),  # 1000 * 0.010
        ("graduated", 1000, 1, "0.008"),
        ("graduated", 999, 2, "0.018"),  # 1 * 0.010 + 1 * 0.008
        ("graduated", 900, 5000, "37.50"),  # 100 * 0.010 + 4000 * 0.008 + 900 * 0.005
        ("graduated", 0, 6000, "47.00"),  # 10 + 4000 * 0.008 + 1000 * 0.005
        ("volume", 0, 1000, "10.00"),
        ("volume", 1000, 1, "-1.992"),  # 1001 * 0.008 - 1000 * 0.010 = 8.008 - 10
        ("volume", 1001, 1, "0.008"),
        ("volume", 0, 6000, "30.00"),  # 6000 * 0.005
    ],
)
def test_tiers_of_a_month(mode: str, already: int, segments: int, cost: str) -> None:
    found = charge(f"{SMS}, {mode}: {TIERS}", segments, position=already)
    assert (amount_text(found.cost), found.billed) == (cost, segments * MICROS)


def test_tiers_are_counted_in_the_unit_of_the_price() -> None:
    # up to 100 minutes at 0.02, then 0.01: from 99 min on, 2 min cost 0.02 + 0.01
    rate = "meter: voice.call, per: minute, graduated: [{up_to: 100, price: 0.02}, {price: 0.01}]"
    assert amount_text(charge(rate, 120, position=99 * 60).cost) == "0.03"


@pytest.mark.parametrize(
    ("day", "attributes", "cost", "billed"),
    [
        # February of a leap year has 29 days: from the 15th on 15 of 29; 3.10 * 15 / 29
        (20240215, {}, "1.603448276", 517_241),
        # ... of a common year 28: 14 of 28; 3.10 / 2
        (20230215, {}, "1.55", 500_000),
        # the 29th alone: 3.10 / 29
        (20240229, {}, "0.106896552", 34_483),
        # March 2024 has a day of 23 hours in Berlin, and 31 days all the same: 3.10 / 31
        (20240331, {}, "0.10", 32_258),
        (20240301, {}, "3.10", 1_000_000),
        # October 2024 has one of 25 hours: from the 27th on 5 of 31
        (20241027, {}, "0.50", 161_290),
        # a last month: up to the 10th included, 10 of 31
        (20240101, {"until_day": "2024-01-10"}, "1.00", 322_581),
        # a first month with a day: from the 22nd on 10 of 31, whenever the event comes
        (20240131, {"from_day": "2024-01-22"}, "1.00", 322_581),
        # first and last in one: the 5th to the 5th is one day
        (20240105, {"from_day": "2024-01-05", "until_day": "2024-01-05"}, "0.10", 32_258),
        # what began before the month and ends after it is the whole month
        (20240115, {"from_day": "2023-06-01", "until_day": "2024-06-30"}, "3.10", 1_000_000),
    ],
)
def test_rentals_by_the_day(day: int, attributes: Attributes, cost: str, billed: int) -> None:
    found = charge(RENT, 1, day, attributes)
    assert (amount_text(found.cost), found.billed) == (cost, billed)


@pytest.mark.parametrize(
    ("quantity", "day", "attributes"),
    [
        (12, 20240215, {}),  # a year from February on is no twelve parts of February
        (1.000001, 20240202, {}),
        (2, 20240201, {"until_day": "2024-02-28"}),
        (2, 20240201, {"from_day": "2024-02-02", "until_day": "2025-02-02"}),
    ],
)
def test_a_part_of_a_month_is_of_one_rental(
    quantity: float, day: int, attributes: Attributes
) -> None:
    reason = "a prorated rental is one event a month, with quantity 1"
    assert rated(RENT, quantity, day, attributes) == Unpriced("invalid_days", reason)


@pytest.mark.parametrize(
    ("quantity", "day", "attributes", "cost"),
    [
        (12, 20240201, {}, "37.20"),  # twelve whole months
        (12, 20240215, {"from_day": "2024-01-15", "until_day": "2025-01-14"}, "37.20"),
        (0.5, 20230215, {}, "0.775"),  # half a rental for half of February: 3.10 / 4
        (0, 20240215, {}, "0.00"),
    ],
)
def test_whole_months_and_parts_of_a_rental_are_charged(
    quantity: float, day: int, attributes: Attributes, cost: str
) -> None:
    assert amount_text(charge(RENT, quantity, day, attributes).cost) == cost


def test_fees_by_the_month_are_for_the_same_days_as_the_price() -> None:
    # 14 of 28 days: 3.10 / 2, 0.50 / 2, 0.30 / 3 / 2; 1 for the event; 10% of 1.55
    fees = (
        "{name: service, price: 0.50, per: month}, {name: quarterly, price: 0.30, per: 3 months}, "
        "{name: setup, price: 1, per: event}, {name: tax, percent: 10%}"
    )
    found = charge(f"{RENT}, fees: [{fees}]", 1, 20230215)
    lines = {line.name: amount_text(line.cost) for line in found.lines}
    assert lines == {
        "price": "1.55",
        "service": "0.25",
        "quarterly": "0.05",
        "setup": "1.00",
        "tax": "0.155",
    }


TIER_FEES = (
    "meter: voice.call, per: minute, connect_fee: 0.05, graduated: "
    "[{up_to: 10, price: 0, connect_fee: 0.02}, {up_to: 20, price: 0.01}, "
    "{price: 0.005, connect_fee: 0}]"
)


@pytest.mark.parametrize(
    ("already", "seconds", "lines"),
    [
        (0, 60, {"price": "0.00", "connect fee": "0.02"}),  # free minutes bear the fee
        (0, 0, {"price": "0.00"}),  # a call of no seconds bears none
        (
            599,
            61,
            {"price": "0.01", "connect fee": "0.02"},
        ),  # the first second is in the first tier
        (600, 60, {"price": "0.01", "connect fee": "0.05"}),  # ... and here in the next: the rate's
        (1199, 61, {"price": "0.005166667", "connect fee": "0.05"}),  # 1 s at 0.01 + 60 s at 0.005
        (1200, 60, {"price": "0.005"}),  # a fee of 0
    ],
)
def test_a_call_bears_the_connect_fee_of_the_tier_of_its_first_second(
    already: int, seconds: int, lines: dict[str, str]
) -> None:
    found = charge(TIER_FEES, seconds, position=already)
    assert {line.name: amount_text(line.cost) for line in found.lines} == lines


def test_a_tier_may_have_the_only_connect_fee() -> None:
    rate = TIER_FEES.replace("connect_fee: 0.05, ", "", 1)
    assert amount_text(charge(rate, 60, position=0).cost) == "0.02"
    assert charge(rate, 0, position=0).cost == 0
    assert amount_text(charge(rate, 60, position=600).cost) == "0.01"


def test_a_rental_without_proration_is_the_whole_month() -> None:
    assert amount_text(charge(RENT.replace("daily", "none"), 1, 20240229).cost) == "3.10"


@pytest.mark.parametrize(
    ("buy", "bought"),
    [
        ("0.006", "0.0066"),  # as billed: 66 / 60 * 0.006
        ("{price: 0.006, increments: 1/1}", "0.0061"),  # 61 / 60 * 0.006
        ("{price: 0.0001, per: second, increments: 1/1}", "0.0061"),
        ("{price: 0.006, increments: 60/60, connect_fee: 0.01}", "0.022"),  # 2 * 0.006 + 0.01
    ],
)
def test_what_it_is_bought_for_has_terms_of_its_own(buy: str, bought: str) -> None:
    found = charge(f"{CALL}, increments: 60/6, connect_fee: 0.05, buy: {buy}", 61)
    assert found.buy is not None
    assert (amount_text(found.cost), amount_text(found.buy)) == ("0.0632", bought)


def test_what_nobody_knows_is_not_nothing() -> None:
    assert charge(CALL, 61).buy is None
    assert charge(f"{CALL}, buy: 0", 61).buy == 0


def test_an_own_cost_with_a_markup() -> None:
    # 0.0123 * 1.15 = 0.014145
    found = charge("meter: sms.outbound, markup: 15%", cost=12_300_000)
    assert (amount_text(found.cost), found.buy) == ("0.014145", 12_300_000)
    assert [(line.name, line.cost) for line in found.lines] == [
        ("own cost", 12_300_000),
        ("markup", 1_845_000),
    ]


def test_an_own_cost_without_a_markup_in_the_book_stays() -> None:
    found = charge(CALL, 61, cost=5)
    assert (found.cost, found.rate_id, found.buy) == (5, None, 5)
