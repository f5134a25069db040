"""Reversals inside tiers and packages: each is charged the difference it makes to its month."""

import pytest

from tests.builders import Json, Platform, event, reversal
from tollbook.analytics.event import ChargedEvent, find_event
from tollbook.store.database import Database

HEAD = "name: T\ncurrency: USD\neffective_from: 2024-01-01\nsource: a test\nrates:\n"
PACKAGE = "per: 1000 segments, price: 10, package: 1, over: month"
GRADUATED = "per: segment, graduated: [{up_to: 1000, price: 1}, {price: 0.5}]"
VOLUME = "per: segment, volume: [{up_to: 1000, price: 0.03}, {price: 0.02}]"
NANOS = 10**9


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    return platform


def load(platform: Platform, pricing: str) -> None:
    platform.load(f"{HEAD}  - {{meter: sms.outbound, {pricing}}}\n")


def sms(name: str, quantity: int, **given: object) -> Json:
    return event(**{"id": name, "type": "sms.outbound", "quantity": quantity, **given})


def month(platform: Platform) -> int:
    ((cost,),) = platform.rows("SELECT cost FROM organization_monthly")
    return int(cost)


@pytest.mark.parametrize(
    ("pricing", "sent", "back", "more", "right"),
    [
        (PACKAGE, (1, 500), (0,), 400, 10 * NANOS),
        (GRADUATED, (1000, 1000), (0,), 100, 1050 * NANOS),
        (VOLUME, (900, 200, 100), (0,), 0, 9 * NANOS),
        (VOLUME, (900, 200, 100), (0, 1), 950, 22 * NANOS - NANOS),
        (GRADUATED, (1000, 1000), (0, 1), 0, 0),
        (PACKAGE, (1000, 1, 1000), (1, 0), 0, 10 * NANOS),
        (GRADUATED.replace("0.5}]", "0.5}], fees: [{name: toll, price: 2, per: event}]"),
         (1000, 1000), (0,), 100, 1054 * NANOS),
    ],
)  # fmt: skip
def test_the_month_costs_what_its_remaining_quantity_costs(
    platform: Platform,
    pricing: str,
    sent: tuple[int, ...],
    back: tuple[int, ...],
    more: int,
    right: int,
) -> None:
    load(platform, pricing)
    platform.send(*(sms(str(n), quantity) for n, quantity in enumerate(sent)))
    assert {it for it, _ in platform.reversed(*(reversal(str(n)) for n in back))} == {"accepted"}
    if more:
        platform.send(sms("more", more))
    assert month(platform) == right
    assert platform.differences() == []


def test_reversals_of_one_request_follow_each_other(platform: Platform) -> None:
    load(platform, GRADUATED)
    platform.send(sms("a", 900), sms("b", 900), sms("c", 900))
    platform.reverse(reversal("a"), reversal("nothing"), reversal("c"), reversal("a", id="again"))
    rows = platform.rows(
        "SELECT id_text(id), position, cost FROM events WHERE reverses IS NOT NULL ORDER BY id"
    )
    # F(2,700) = 1,850, F(1,800) = 1,400, F(900) = 900
    assert rows == [
        ("back a", 1_800_000_000, -450 * NANOS),
        ("back c", 900_000_000, -500 * NANOS),
    ]
    assert platform.differences() == []


CALLS = (
    "per: second, connect_fee: 5, graduated: "
    "[{up_to: 100, price: 0, connect_fee: 2}, {up_to: 200, price: 1}, {price: 1, connect_fee: 0}]"
)


def test_a_reversal_gives_back_the_connect_fee_that_its_call_bore(platform: Platform) -> None:
    platform.load(f"{HEAD}  - {{meter: voice.call, {CALLS}}}\n")
    platform.send(*(event(id=name, quantity=100) for name in "abc"), event(id="zero", quantity=0))
    costs = dict(platform.rows("SELECT id_text(id), cost FROM events"))
    assert costs == {"a": 2 * NANOS, "b": 105 * NANOS, "c": 100 * NANOS, "zero": 0}
    assert {it for it, _ in platform.reversed(*map(reversal, ("a", "c", "b", "zero")))} == {
        "accepted"
    }
    costs = dict(platform.rows("SELECT id_text(id), cost FROM events WHERE reverses IS NOT NULL"))
    # The last hundred seconds of the month, then the hundred before, then the free ones.
    assert costs == {
        "back a": -102 * NANOS,
        "back c": -100 * NANOS,
        "back b": -5 * NANOS,
        "back zero": 0,
    }
    assert month(platform) == 0
    assert platform.differences() == []


def test_the_explanation_of_a_reversal_has_the_connect_fee_of_its_call(platform: Platform) -> None:
    platform.load(f"{HEAD}  - {{meter: voice.call, {CALLS}}}\n")
    platform.send(event(id="a", quantity=100), event(id="b", quantity=100))
    platform.reverse(reversal("a"))
    with platform.database.reading() as snapshot:
        number = platform.number("org_1")
        found = find_event(snapshot, platform.tenant, number, "back a")
    assert isinstance(found, ChargedEvent)
    assert (found.replay_mismatch, found.explanation.cost) == (None, -102 * NANOS)
    assert (
        "connect fee: that of the tier up to 100 s, in which the call begins at 0 s = -2"
        in found.explanation.steps
    )


def test_the_difference_is_on_the_user_and_the_day_of_the_event(platform: Platform) -> None:
    load(platform, PACKAGE)
    platform.send(sms("a", 1, user_id="ann", time="2024-01-03T10:00:00Z"), sms("b", 500))
    platform.reverse(reversal("a"))
    rows = platform.rows("SELECT user_id, count, cost FROM usage_monthly ORDER BY user_id")
    assert rows == [("ann", 0, 10 * NANOS), ("user_1", 1, 0)]
    ann, other = platform.users()["users"]
    assert (ann["user_id"], ann["total_cost"], ann["total_sms_sent"]) == ("ann", 10, 0)
    assert (other["user_id"], other["total_cost"]) == ("user_1", 0)


def test_a_difference_over_what_an_event_may_cost_is_refused(platform: Platform) -> None:
    load(platform, "per: segment, volume: [{up_to: 1000000000, price: 0}, {price: 0.09}]")
    sent = sms("a", 1_000_000_000), sms("b", 1), sms("c", 900_000_000)
    assert platform.statuses(*sent) == ["accepted"] * 3
    assert platform.reversed(reversal("a"), reversal("c")) == [
        ("rejected", "cost_out_of_range"),
        ("accepted", None),
    ]
    assert month(platform) == 90_000_000_090_000_000
    assert platform.differences() == []


def test_a_reversal_stored_as_the_exact_opposite_keeps_its_charge_and_verifies(
    platform: Platform,
) -> None:
    load(platform, PACKAGE)
    platform.send(sms("a", 1), sms("b", 500))
    platform.reverse(reversal("a"))
    with platform.database.writing() as transaction:
        transaction.execute(
            "UPDATE events SET position = 0, cost = -10000000000 WHERE reverses IS NOT NULL"
        )
        for table in ("usage_daily", "usage_monthly"):
            transaction.execute(f"UPDATE {table} SET cost = 0")
        for table in ("organization_daily", "organization_monthly", "organization_hourly"):
            transaction.execute(f"UPDATE {table} SET cost = 0")
    assert platform.differences() == []


@pytest.mark.parametrize("change", ["cost = cost + 1", "position = position - 1"])
def test_verification_notices_a_reversal_that_is_not_the_difference_it_makes(
    platform: Platform, change: str
) -> None:
    load(platform, GRADUATED)
    platform.send(sms("a", 1000), sms("b", 1000))
    platform.reverse(reversal("a"))
    with platform.database.writing() as transaction:
        transaction.execute(f"UPDATE events SET {change} WHERE reverses IS NOT NULL")
    assert "reversals in tiers" in {it.check for it in platform.differences()}
