"""Tiers of a month: each event is charged from where the one before it left off."""

from random import Random

import pytest

from tests.builders import Json, Platform, event
from tollbook.store.database import Database

TIERED = """
name: Tiered
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - meter: sms.outbound
    per: segment
    graduated: [{up_to: 10, price: 0.05}, {up_to: 20, price: 0.03}, {price: 0.01}]
  - {meter: api.request, per: request, volume: [{up_to: 100, price: 0.02}, {price: 0.01}]}
  - {meter: voice.call, price: 0.002, per: second}
"""


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization()
    platform.load(TIERED)
    return platform


def sms(number: int, quantity: int = 1, **given: object) -> Json:
    usual = {"id": f"sms-{number:03d}", "type": "sms.outbound", "quantity": quantity}
    return event(**{**usual, **given})


def charges(platform: Platform) -> list[tuple[str, int | None, int]]:
    rows = platform.rows("SELECT id_text(id), position, cost FROM events ORDER BY id")
    return [(row[0], None if row[1] is None else row[1] // 10**6, row[2]) for row in rows]


def months(platform: Platform) -> list[tuple[int, int]]:
    rows = platform.rows("SELECT month, quantity FROM tier_positions ORDER BY month, tier_key")
    return [(month, micros // 10**6) for month, micros in rows]


def test_events_are_charged_in_order_from_where_the_month_stands(platform: Platform) -> None:
    assert platform.statuses(sms(1, 8), sms(2, 4), sms(3, 10)) == ["accepted"] * 3
    # 8 at 0.05; 2 at 0.05 and 2 at 0.03; 8 at 0.03 and 2 at 0.01
    assert charges(platform) == [
        ("sms-001", 0, 400_000_000),
        ("sms-002", 8, 160_000_000),
        ("sms-003", 12, 260_000_000),
    ]
    assert months(platform) == [(202401, 22)]
    assert platform.differences() == []


def test_a_volume_tier_that_is_reached_reprices_the_month_in_the_event_that_reaches_it(
    platform: Platform,
) -> None:
    platform.send(sms(1, 90, type="api.request"), sms(2, 20, type="api.request"))
    # 90 * 0.02 = 1.80; then 110 * 0.01 - 1.80 = -0.70
    assert charges(platform) == [("sms-001", 0, 1_800_000_000), ("sms-002", 90, -700_000_000)]
    assert platform.differences() == []


def test_duplicates_and_conflicts_take_no_part_of_a_tier(platform: Platform) -> None:
    platform.send(sms(1, 8))
    outcomes = platform.statuses(sms(1, 8), sms(1, 9), sms(2, 2), sms(2, 2), sms(2, 3), sms(3, 1))
    assert outcomes == ["duplicate", "conflict", "accepted", "duplicate", "conflict", "accepted"]
    assert charges(platform)[1:] == [("sms-002", 8, 100_000_000), ("sms-003", 10, 30_000_000)]
    assert months(platform) == [(202401, 11)]
    assert platform.statuses(sms(1, 8), sms(2, 2)) == ["duplicate"] * 2
    assert months(platform) == [(202401, 11)]


def test_a_refused_atomic_batch_takes_no_part_of_a_tier(platform: Platform) -> None:
    platform.send(sms(1, 8))
    settled = platform.send(sms(2, 5), sms(1, 9), atomic=True)
    assert [it.status for it in settled.receipts] == ["rejected", "conflict"]
    assert months(platform) == [(202401, 8)]
    assert platform.statuses(sms(3, 4), sms(4), atomic=True) == ["accepted"] * 2
    assert months(platform) == [(202401, 13)]


def test_a_late_event_is_charged_from_where_its_own_month_stands_when_it_arrives(
    database: Database,
) -> None:
    platform = Platform(database)
    platform.organization(timezone="America/New_York")
    platform.load(TIERED)
    platform.send(sms(1, 10, time="2024-02-01T12:00:00Z"))
    platform.send(sms(2, 10, time="2024-02-01T04:59:59Z"), sms(3, 10, time="2024-02-01T05:00:00Z"))
    assert charges(platform) == [
        ("sms-001", 0, 500_000_000),
        ("sms-002", 0, 500_000_000),
        ("sms-003", 10, 300_000_000),
    ]
    assert months(platform) == [(202401, 10), (202402, 20)]


def test_organizations_do_not_share_a_tier(platform: Platform) -> None:
    platform.organization("org_2")
    platform.send(sms(1, 10), sms(2, 10, organization_id="org_2"))
    assert charges(platform) == [("sms-001", 0, 500_000_000), ("sms-002", 0, 500_000_000)]


def test_an_event_that_brings_its_cost_takes_no_part_of_a_tier(platform: Platform) -> None:
    platform.send(sms(1, 10, cost=1), sms(2, 1))
    assert charges(platform) == [("sms-001", None, 10**9), ("sms-002", 0, 50_000_000)]
    assert months(platform) == [(202401, 1)]


def test_the_users_of_a_batch_with_tiers_exist_afterwards(platform: Platform) -> None:
    platform.send(sms(1, user_id="a"), event(user_id="b"), sms(2, organization_id="new"))
    assert platform.rows("SELECT id FROM users ORDER BY id") == [("a",), ("b",)]
    platform.send(sms(3, user_id="c"), event(id="call-2", user_id="d"))
    assert len(platform.rows("SELECT id FROM users")) == 4


@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_the_charges_of_a_sequence_do_not_depend_on_how_it_is_cut(
    platform: Platform, size: int
) -> None:
    chance = Random(7)
    sent = [sms(n, chance.randrange(1, 4), user_id=f"user_{n % 3}") for n in range(40)]
    sent += [sent[3], sent[5]]
    for start in range(0, len(sent), size):
        platform.send(*sent[start : start + size])
    expected, stands = [], 0
    for it in sent[:40]:
        price = month_price(stands + it["quantity"]) - month_price(stands)
        expected.append((it["id"], stands, price))
        stands += it["quantity"]
    assert charges(platform) == expected
    assert platform.differences() == []


def month_price(segments: int) -> int:
    first, second = min(segments, 10), max(0, min(segments, 20) - 10)
    return first * 50_000_000 + second * 30_000_000 + max(0, segments - 20) * 10_000_000


def test_a_replay_charges_from_where_the_month_stands_then(platform: Platform) -> None:
    waiting = [sms(n, 4, organization_id="org_2") for n in (3, 1, 2)]
    assert platform.statuses(*waiting) == ["quarantined"] * 3
    platform.organization("org_2")
    platform.send(sms(9, 8, organization_id="org_2"))
    assert platform.replay() == 3
    # In the order of their ids: 2 at 0.05 and 2 at 0.03; 4 at 0.03; 4 at 0.03
    assert charges(platform) == [
        ("sms-001", 8, 160_000_000),
        ("sms-002", 12, 120_000_000),
        ("sms-003", 16, 120_000_000),
        ("sms-009", 0, 400_000_000),
    ]
    assert months(platform) == [(202401, 20)]
    assert platform.differences() == []


def test_a_book_loaded_after_rating_and_before_the_commit_decides(platform: Platform) -> None:
    platform.send(event())
    dearer = TIERED.replace("price: 0.05", "price: 0.5")
    prepared = platform.prepare(sms(1, 2), event(id="call-2"))
    platform.load(dearer)
    platform.commit(prepared)
    assert charges(platform)[-1] == ("sms-001", 0, 1_000_000_000)


def test_verification_notices_a_month_that_was_moved(platform: Platform) -> None:
    platform.send(sms(1, 3))
    with platform.database.writing() as transaction:
        transaction.execute("UPDATE tier_positions SET quantity = quantity + 1")
    assert {it.check for it in platform.differences()} == {"tier_positions"}


def test_an_event_past_what_a_month_can_bill_is_rejected_alone(platform: Platform) -> None:
    platform.organization("org_2")
    platform.send(event(id="first", type="api.request", quantity=1))
    nearly = "UPDATE tier_positions SET quantity = 9000000000000000000 - 1000000000000000"
    with platform.database.writing() as transaction:
        transaction.execute(nearly)
    many: Json = {"type": "api.request", "quantity": 10**9}
    settled = platform.send(
        event(id="fits", **many),
        event(id="too many", **many),
        event(id="too many", **many),
        event(id="elsewhere", organization_id="org_2", **many),
        event(id="other meter"),
    )
    assert [it.status for it in settled.receipts] == [
        "accepted",
        "rejected",
        "rejected",
        "accepted",
        "accepted",
    ]
    (problem,) = settled.receipts[1].details
    assert (problem.code, problem.field) == ("sum_out_of_range", "quantity")
    assert problem.error == (
        "quantity would raise api.request of organization org_1 above 9000000000000 billed units "
        "in 2024-01"
    )
    assert platform.statuses(event(id="too many", type="api.request", quantity=1)) == ["rejected"]
    february = event(id="too many", time="2024-02-01T00:00:00Z", **many)
    assert platform.statuses(february) == ["accepted"]
    assert platform.rows("SELECT COUNT(*) FROM event_keys") == [(5,)]
