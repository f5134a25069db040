"""Identities, events and reversals, found by their ids."""

import pytest

from tests.builders import Platform, event, reversal
from tollbook.store import events
from tollbook.store.database import Database

DAY = 20240115


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization("org_1")
    platform.organization("org_2")
    return platform


def test_an_organization_without_events_has_no_identities(platform: Platform) -> None:
    number = platform.number("org_1")
    with platform.database.reading() as snapshot:
        assert events.keys(snapshot, number, ["call-1"]) == {}
        assert events.keys(snapshot, number, []) == {}
        assert events.event(snapshot, number, DAY, "call-1") is None
        assert events.reversals_of(snapshot, number, ["call-1"]) == {}


def test_an_identity_has_the_day_of_its_event_and_0_in_quarantine(platform: Platform) -> None:
    platform.send(event(id="a"), event(id="b", quantity=90_000))
    with platform.database.reading() as snapshot:
        found = events.keys(snapshot, platform.number("org_1"), ["a", "b", "c", "a"])
        assert {name: key.day for name, key in found.items()} == {"a": DAY, "b": 0}
        assert found["a"].fingerprint != found["b"].fingerprint
        assert events.keys(snapshot, platform.number("org_2"), ["a"]) == {}


def test_an_event_comes_back_as_it_was_charged(platform: Platform) -> None:
    platform.send(event(id="a", attributes={"carrier": "x"}, resource_id="line", cost="0.5"))
    with platform.database.reading() as snapshot:
        found = events.event(snapshot, platform.number("org_1"), DAY, "a")
        assert events.event(snapshot, platform.number("org_1"), DAY + 1, "a") is None
    assert found is not None
    assert (found.user_id, found.resource_id, found.reverses) == ("user_1", "line", None)
    assert (found.quantity, found.cost, found.own_cost) == (61_000_000, 5 * 10**8, 5 * 10**8)
    usage = found.usage("voice.call")
    assert (usage.meter, usage.quantity, usage.day) == ("voice.call", 61_000_000, DAY)
    assert (usage.attributes, usage.cost) == ({"carrier": "x"}, 5 * 10**8)


def test_events_of_several_days_are_found_at_once(platform: Platform) -> None:
    platform.send(*(event(id=f"{n}", time=f"2024-01-1{n}T12:00:00Z") for n in range(5)))
    days = {f"{n}": 20240110 + n for n in range(5)}
    with platform.database.reading() as snapshot:
        found = events.events(snapshot, platform.number("org_1"), days)
        assert {name: it.day for name, it in found.items()} == days
        wrong = events.events(snapshot, platform.number("org_1"), {"0": 20240111, "x": 20240110})
        assert wrong == {}


def test_more_ids_than_a_statement_has_parameters(platform: Platform) -> None:
    platform.send(*(event(id=f"{n}") for n in range(5)))
    ids = [f"{n}" for n in range(5)]
    many = [f"{n}" for n in range(70_000)]
    with platform.database.reading() as snapshot:
        found = events.keys(snapshot, platform.number("org_1"), many)
        assert sorted(found) == ids
        days = dict.fromkeys(many, DAY)
        assert sorted(events.events(snapshot, platform.number("org_1"), days)) == ids


def test_a_reversal_is_found_by_the_event_that_it_reverses(platform: Platform) -> None:
    platform.send(event(id="a"), event(id="b"))
    platform.reverse(reversal("a", reason="billed twice"))
    number = platform.number("org_1")
    with platform.database.reading() as snapshot:
        found = events.reversals_of(snapshot, number, ["a", "b"])
        back = events.event(snapshot, number, DAY, "back a")
    assert list(found) == ["a"]
    assert (found["a"].id, found["a"].reason) == ("back a", "billed twice")
    assert back is not None
    assert (back.reverses, back.quantity, back.cost) == ("a", -61_000_000, -122_000_000)


BOOK = """\
name: Tiers
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - {meter: sms.outbound, per: segment, graduated: [{up_to: 5, price: 1}, {price: 0.5}]}
"""


def test_a_charge_by_tiers_knows_what_the_month_had_billed(platform: Platform) -> None:
    platform.load(BOOK)
    for n in range(2):
        platform.send(event(id=f"{n}", type="sms.outbound", quantity=3))
    platform.reverse(reversal("1"))
    number = platform.number("org_1")
    with platform.database.reading() as snapshot:
        first, second, back = (
            events.event(snapshot, number, DAY, it) for it in ("0", "1", "back 1")
        )
    assert first is not None
    assert second is not None
    assert back is not None
    assert [it.stood_at for it in (first, second)] == [0, 3_000_000]
    assert (back.position, back.stood_at) == (3_000_000, 6_000_000)


def test_a_charge_without_tiers_has_no_position(platform: Platform) -> None:
    platform.send(event(id="a"))
    with platform.database.reading() as snapshot:
        found = events.event(snapshot, platform.number("org_1"), DAY, "a")
    assert found is not None
    assert (found.position, found.stood_at, found.tier_key) == (None, None, None)
