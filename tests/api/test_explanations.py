"""GET /v1/events/{organization_id}/{event_id}: the event, and its charge from stored facts."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.api.conftest import Tenant
from tests.builders import Json, event, reversal
from tollbook.api.openapi.examples import EVENT, EXPLAINED_EVENT
from tollbook.domain.keys import Permission

EVERYTHING = """
name: Everything
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - {meter: voice.call, price: 0.002, per: second}
  - meter: voice.call
    to: 44
    price: 0.01
    per: minute
    increments: 60/6
    grace: 3
    connect_fee: 0.005
    maximum_cost: 1
    fees: [{name: carrier fee, price: 0.001, per: event}, {name: tax, percent: 10%}]
    buy: 0.004
  - {meter: sms.outbound, per: segment, graduated: [{up_to: 3, price: 0.05}, {price: 0.01}]}
  - {meter: api.request, per: request, volume: [{up_to: 10, price: 0.02}, {price: 0.01}]}
  - {meter: phone.rental, price: 2.99, per: month, proration: daily}
  - {meter: mms.outbound, price: 0.01, per: 100 KB}
  - {meter: sms.inbound, markup: 15%}
  - {meter: kb.usage, price: 0.10, per: minute, package: 5}
"""


def path(identity: str, organization: str = "org_1") -> str:
    return f"/v1/events/{quote(organization, safe='')}/{quote(identity, safe='')}"


def shown(tenant: Tenant, identity: str = "call-1", **given: Any) -> Json:
    answer = tenant.get(path(identity, **given))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def test_an_event_is_told_by_value_with_its_charge(either: Tenant) -> None:
    sent = event(time="2024-01-15T11:30:00.5+01:00", quantity="61.50", attributes={"n": 1.0})
    either.send(sent)
    found = shown(either)
    assert found["event"].pop("received_at").endswith("Z")
    assert found["event"] == {
        "id": "call-1",
        "type": "voice.call",
        "organization_id": "org_1",
        "user_id": "user_1",
        "resource_id": None,
        "time": "2024-01-15T10:30:00.500000Z",
        "day": "2024-01-15",
        "quantity": 61.5,
        "cost": None,
        "attributes": {"n": 1},
    }
    assert found["status"] == "charged"
    assert found["replay_mismatch"] is found["reversal"] is found["quarantine"] is None
    charge = found["charge"]
    assert charge.pop("rate")["book"] == {"version": 1, "name": "Example prices"}
    assert charge == {
        "cost": 0.123,
        "currency": "USD",
        "quantity": 61.5,
        "billed": 61.5,
        "unit": "second",
        "lines": [{"name": "price", "cost": 0.123}],
        "tier": None,
        "steps": charge["steps"],
        "buy": None,
    }


def test_the_documented_example_is_what_the_server_answers(either: Tenant) -> None:
    either.organization("org_abc123")
    either.send(EVENT)
    found = shown(either, "call-7731", organization="org_abc123")
    found["event"]["received_at"] = EXPLAINED_EVENT["event"]["received_at"]
    found["charge"]["rate"]["rate_id"] = EXPLAINED_EVENT["charge"]["rate"]["rate_id"]
    assert found == EXPLAINED_EVENT


# A hand in each: what the ledger stored, line by line.
CALL = {"to": "+442071838750"}
ELSEWHERE = {"to": "+33123456789"}
EVENTS: list[tuple[Json, Any, list[tuple[str, Any]]]] = [
    # 61 s -> 66 s; 66/60 * 0.01 = 0.011; fee 0.001; tax 10% of 0.016
    (
        {"quantity": 61, "attributes": CALL},
        0.0186,
        [("price", 0.011), ("connect fee", 0.005), ("carrier fee", 0.001), ("tax", 0.0016)],
    ),
    ({"quantity": 2, "attributes": CALL}, 0, [("price", 0)]),
    ({"quantity": 0, "attributes": CALL}, 0, [("price", 0)]),
    ({"quantity": 61, "attributes": ELSEWHERE}, 0.122, [("price", 0.122)]),
    ({"type": "sms.outbound", "quantity": 2}, 0.1, [("price", 0.1)]),
    ({"type": "sms.outbound", "quantity": 2}, 0.06, [("price", 0.06)]),
    ({"type": "api.request", "quantity": 9}, 0.18, [("price", 0.18)]),
    ({"type": "api.request", "quantity": 2}, -0.07, [("price", -0.07)]),
    # 17 of 31 days from the 15th
    ({"type": "phone.rental", "quantity": 1}, 1.639677419, [("price", 1.639677419)]),
    (
        {"type": "mms.outbound", "quantity": 1, "attributes": {"media_bytes": 100_001}},
        0.02,
        [("price", 0.02)],
    ),
    (
        {"type": "sms.inbound", "quantity": 1, "cost": 2},
        2.3,
        [("own cost", 2), ("markup", 0.3)],
    ),
    ({"cost": 0.25}, 0.25, [("own cost", 0.25)]),
    # 61 s in blocks of 5 minutes
    (
        {"type": "kb.usage", "resource_id": "kb", "quantity": 61},
        0.5,
        [("price", 0.5)],
    ),
]


def test_every_kind_of_charge_replays_to_what_is_stored(either: Tenant) -> None:
    either.load(EVERYTHING)
    batch = [event(id=str(n), **given) for n, (given, _, _) in enumerate(EVENTS)]
    assert set(either.statuses(*batch)) == {"accepted"}
    for n, (_, cost, lines) in enumerate(EVENTS):
        found = shown(either, str(n))
        assert found["replay_mismatch"] is None, found
        charge = found["charge"]
        assert (charge["cost"], n) == (cost, n)
        assert [(it["name"], it["cost"]) for it in charge["lines"]] == lines
        assert charge["steps"]
    # The last first: so each leaves its month as it found it, and gets back all it was charged.
    either.reverse(*(reversal(str(n)) for n in reversed(range(len(EVENTS)))))
    for n, (_, cost, lines) in enumerate(EVENTS):
        found = shown(either, f"back {n}")
        assert (found["replay_mismatch"], found["status"]) == (None, "reversal")
        assert found["charge"]["cost"] == -cost
        negated = [(it["name"], -it["cost"]) for it in found["charge"]["lines"]]
        assert negated == lines
    assert either.differences() == []


def test_the_matched_prefix_and_the_buy_price_are_told(either: Tenant) -> None:
    either.load(EVERYTHING)
    either.send(event(attributes=CALL), event(id="2", attributes=ELSEWHERE), event(id="3", cost=1))
    charge = shown(either)["charge"]
    assert (charge["rate"]["to"], charge["rate"]["from"]) == ("44", None)
    assert charge["rate"]["book"] == {"version": 2, "name": "Everything"}
    assert (charge["quantity"], charge["billed"], charge["buy"]) == (61, 66, 0.0044)
    assert shown(either, "2")["charge"]["buy"] is None
    assert shown(either, "3")["charge"]["rate"] is None
    assert shown(either, "3")["event"]["cost"] == shown(either, "3")["charge"]["buy"] == 1


def test_who_is_bound_to_an_organization_does_not_see_what_usage_is_bought_for(
    tenant: Tenant,
) -> None:
    tenant.send(event(cost=1))
    bound = tenant.key(Permission.READ_ANALYTICS, organization="org_1")
    charge = tenant.get(path("call-1"), bound).json()["charge"]
    assert "buy" not in charge
    assert charge["cost"] == 1


def test_the_tier_position_is_that_of_the_charge(either: Tenant) -> None:
    either.load(EVERYTHING)
    for n in range(2):
        either.send(event(id=str(n), type="sms.outbound", quantity=2))
    tier = shown(either, "1")["charge"]["tier"]
    assert tier == {"key": "sms.outbound", "position": 2}


def test_a_reversed_event_names_its_reversal_and_the_other_way_round(either: Tenant) -> None:
    either.send(event())
    key = either.key()
    either.reverse(reversal(reason="dropped"), key=key)
    found = shown(either)
    assert (found["status"], found["charge"]["cost"]) == ("reversed", 0.122)
    named = found["reversal"]
    assert named.pop("received_at").endswith("Z")
    assert named == {
        "id": "back call-1",
        "reverses": "call-1",
        "reason": "dropped",
        "key": key[:15],
    }
    back = shown(either, "back call-1")
    assert (back["status"], back["event"]["quantity"]) == ("reversal", -61)
    assert (back["charge"]["billed"], back["charge"]["cost"]) == (-61, -0.122)
    assert back["charge"]["steps"][0] == "reverses call-1: dropped"
    assert back["reversal"]["reverses"] == "call-1"
    bound = either.key(organization="org_1")
    assert "key" not in either.get(path("call-1"), bound).json()["reversal"]


def test_an_event_in_quarantine_is_told_with_the_reason(either: Tenant) -> None:
    sent = event(organization_id="nobody", quantity="1.50", cost="0.10", attributes={"to": "+1"})
    either.send(sent)
    found = shown(either, organization="nobody")
    assert (found["status"], found["charge"]) == ("quarantined", None)
    assert found["quarantine"] == {
        "code": "unknown_organization",
        "error": "no organization has this id yet",
        "ways_out": ["replay", "discard"],
    }
    quarantined = found["event"]
    assert (quarantined["day"], quarantined["quantity"], quarantined["cost"]) == (None, 1.5, 0.1)
    assert quarantined["attributes"] == {"to": "+1"}


@pytest.mark.parametrize(
    ("meddling", "code"),
    [
        ("UPDATE events SET cost = cost + 1", "replay_differs"),
        ("UPDATE events SET billed = billed + 1", "replay_differs"),
        ("UPDATE events SET rate_id = 999999", "rate_missing"),
    ],
)
def test_a_charge_that_does_not_replay_is_said_and_not_hidden(
    either: Tenant, meddling: str, code: str
) -> None:
    either.send(event())
    of_organization = f"WHERE organization_id = {either.number('org_1')}"
    sql = f"SELECT cost, billed, rate_id FROM events {of_organization}"
    ((*before,),) = either.rows(sql)
    with either.database.writing() as transaction:
        transaction.execute(f"{meddling} {of_organization}")
    found = shown(either)
    ((cost, *_),) = either.rows(sql)
    with either.database.writing() as transaction:  # other tests verify the same ledger
        was = dict(zip(("cost", "billed", "rate"), before, strict=True))
        assignments = "cost = :cost, billed = :billed, rate_id = :rate"
        transaction.execute(f"UPDATE events SET {assignments} {of_organization}", **was)
    assert found["replay_mismatch"]["code"] == code
    assert found["replay_mismatch"]["error"]
    assert round(found["charge"]["cost"] * 10**9) == cost
    assert [it["cost"] for it in found["charge"]["lines"]] == [found["charge"]["cost"]]


@pytest.mark.parametrize(
    "identity", ["a/b", "/", "a//b", "...", "ü 漢", "a?b#c", "%2F", "a+b", "a%"]
)
def test_ids_of_any_characters_are_found(tenant: Tenant, identity: str) -> None:
    tenant.send(event(id=identity))
    assert shown(tenant, identity)["event"]["id"] == identity


@pytest.mark.parametrize("wrong", ["nothing", "%00", "x" * 300, ""])
def test_what_is_not_there_is_not_found(tenant: Tenant, wrong: str) -> None:
    assert tenant.get(f"/v1/events/org_1/{wrong}").status_code == 404


def test_strangers_find_nothing(tenant: Tenant, site: Any) -> None:
    tenant.send(event())
    stranger = site.tenant()
    answer = tenant.get(path("call-1"), stranger.admin)
    assert answer.status_code == 404


def test_the_reversal_of_what_opened_a_package_says_what_stays_charged(either: Tenant) -> None:
    either.load(
        "name: T\ncurrency: USD\neffective_from: 2024-01-01\nsource: a test\nrates:\n"
        "  - {meter: api.request, price: 10, per: 1000 requests, package: 1, over: month}\n"
    )
    either.send(
        event(type="api.request", quantity=1),
        event(id="others", type="api.request", quantity=500),
    )
    either.reverse(reversal(reason="a mistake"))
    rest = (
        "call-1 was charged 10.00 and its reversal back call-1 0.00: 10.00 remains charged without "
        "usage, so that the month costs exactly what its remaining usage costs"
    )
    found = shown(either, "back call-1")
    assert (found["replay_mismatch"], found["charge"]["cost"]) == (None, 0)
    assert found["charge"]["tier"]["position"] == 501
    assert found["charge"]["steps"] == [
        "reverses call-1: a mistake",
        "1 request raw",
        "the month is at 501 requests, without this at 500 requests",
        "the month with this: 1000 requests in whole blocks / 1000 requests x 10 = 10.00",
        "the month without it: 1000 requests in whole blocks / 1000 requests x 10 = 10.00",
        "10.00 - 10.00 = 0.00",
        "cost 0.00",
        rest,
    ]
    assert shown(either, "call-1")["charge"]["steps"][-1] == rest
