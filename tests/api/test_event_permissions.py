"""Costs and reversals need permissions of their own, in every way in."""

import json
from typing import Any

import pytest

from tests.api.both_ways import way  # noqa: F401  each test runs over both ways
from tests.api.conftest import Tenant
from tests.builders import Json, event, reversal
from tollbook.domain.keys import Permission

WRITE, COST = Permission.WRITE_EVENTS, Permission.STATE_COSTS
READ, REVERSE = Permission.READ_ANALYTICS, Permission.REVERSE_EVENTS
NO_COST = ("permission_missing", "cost", "cost requires the permission events:cost")
NO_REVERSAL = ("permission_missing", "reverses", "reverses requires the permission events:reverse")
LINES = {"Content-Type": "application/x-ndjson"}


def refusal(receipt: Json) -> tuple[str, str, str]:
    assert receipt["status"] == "rejected"
    return receipt["code"], receipt["field"], receipt["error"].partition(",")[0]


def sent(
    tenant: Tenant, key: str, path: str = "/v1/events", **given: Any
) -> tuple[int, list[Json]]:
    answer = tenant.post(path, key, **given)
    found = answer.json()
    return answer.status_code, found.get("receipts", found.get("charges"))


def stored(tenant: Tenant) -> list[str]:
    number = tenant.number("org_1")
    rows = tenant.rows(
        "SELECT id_text(id) FROM event_keys WHERE organization_id = :number ORDER BY id",
        number=number,
    )
    return [row[0] for row in rows]


@pytest.mark.parametrize("cost", [0, 1.5, "2"])
def test_an_event_that_states_its_cost_is_rejected_alone(either: Tenant, cost: Any) -> None:
    key = either.key(WRITE)
    costly, plain = event(id="costly", cost=cost), event(id="plain")
    assert (sent(either, key, json=costly)[0]) == 207
    status, receipts = sent(either, key, json=[costly, plain])
    assert (status, receipts[1]["status"]) == (207, "accepted")
    lines = "\n".join(map(json.dumps, (costly, event(id="line"))))
    _, by_line = sent(either, key, content=lines, headers=LINES)
    assert refusal(receipts[0]) == refusal(by_line[0]) == NO_COST
    assert stored(either) == ["line", "plain"]


def test_an_atomic_batch_with_such_an_event_stores_nothing(either: Tenant) -> None:
    body = [event(id="costly", cost=1), event(id="plain")]
    status, receipts = sent(either, either.key(WRITE), "/v1/events?atomic=true", json=body)
    assert status == 422
    assert refusal(receipts[0]) == NO_COST
    assert receipts[1]["code"] == "batch_refused"
    assert stored(either) == []


def test_an_event_with_other_problems_names_this_one_too(tenant: Tenant) -> None:
    _, (receipt,) = sent(tenant, tenant.key(WRITE), json=event(cost=1, quantity=-1))
    assert [it["code"] for it in receipt["details"]] == ["negative", "permission_missing"]
    _, (receipt,) = sent(tenant, tenant.key(WRITE), json=event(cost=-1))
    assert [it["code"] for it in receipt["details"]] == ["negative"]


def test_null_states_no_cost_and_is_rejected(tenant: Tenant) -> None:
    _, (receipt,) = sent(tenant, tenant.key(WRITE), json={**event(), "cost": None})
    assert [it["code"] for it in receipt["details"]] == ["cost_null"]


def test_a_cost_that_comes_later_follows_the_same_rule(either: Tenant) -> None:
    waits = event(cost_pending=True)
    for path in ("/v1/events", "/v1/rate"):
        key = either.key(WRITE, READ)
        _, (receipt,) = sent(either, key, path, json=waits)
        assert refusal(receipt)[:2] == ("permission_missing", "cost_pending")
        assert sent(either, key, path, json=event(id="2", cost_pending=False))[0] == 200
    _, (receipt,) = sent(either, either.key(WRITE, COST), json=waits)
    assert (receipt["status"], receipt["code"]) == ("quarantined", "cost_pending")


@pytest.mark.parametrize("permissions", [(WRITE, COST), (Permission.ADMIN,)])
def test_a_key_with_the_permission_states_costs(
    either: Tenant, permissions: tuple[Permission, ...]
) -> None:
    assert sent(either, either.key(*permissions), json=event(cost=1))[0] == 200


def test_an_estimate_follows_the_same_rule(either: Tenant) -> None:
    for key in (either.key(READ), either.key(READ, WRITE)):
        status, (one, other) = sent(either, key, "/v1/rate", json=[event(cost=1), event(id="2")])
        assert (status, refusal(one), other["status"]) == (207, NO_COST, "priced")
    assert sent(either, either.key(READ, COST), "/v1/rate", json=event(cost=1))[0] == 200


@pytest.mark.parametrize("path", ["/v1/events/reversals", "/v1/events/reversals?atomic=true"])
def test_a_reversal_is_rejected(either: Tenant, path: str) -> None:
    either.send(event())
    status, (receipt,) = sent(either, either.key(WRITE, COST), path, json=reversal())
    assert status == (422 if "atomic" in path else 207)
    assert refusal(receipt) == NO_REVERSAL
    assert stored(either) == ["call-1"]
    for permissions in ((WRITE, REVERSE), (Permission.ADMIN,)):
        assert sent(either, either.key(*permissions), path, json=reversal())[0] == 200


def test_reversing_alone_sends_nothing(tenant: Tenant) -> None:
    key = tenant.key(REVERSE, COST)
    for path in ("/v1/events", "/v1/events/reversals"):
        assert tenant.post(path, key, json=reversal()).status_code == 403


def test_admin_of_a_user_includes_neither(either: Tenant) -> None:
    either.send(event())
    key = either.key(organization="org_1", user="user_1")
    _, (receipt,) = sent(either, key, json=event(id="2", cost=1))
    assert refusal(receipt) == NO_COST
    _, (receipt,) = sent(either, key, "/v1/events/reversals", json=reversal())
    assert refusal(receipt) == NO_REVERSAL
    named = either.key(Permission.ADMIN, COST, REVERSE, organization="org_1", user="user_1")
    assert sent(either, named, json=event(id="2", cost=1))[0] == 200
    assert sent(either, named, "/v1/events/reversals", json=reversal())[0] == 200
