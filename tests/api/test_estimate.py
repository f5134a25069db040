"""POST /v1/rate: the charges that ingest would make, and nothing stored."""

import gzip
import json
from typing import Any

import pytest

from tests.api.conftest import Tenant
from tests.api.test_explanations import EVENTS, EVERYTHING, shown
from tests.builders import Json, event
from tollbook.api.endpoints.estimate import MOST_ESTIMATES
from tollbook.api.openapi.examples import EVENT, RATED_ANSWER
from tollbook.api.pipeline.request_body import MOST_ESTIMATE_BYTES
from tollbook.domain.keys import Permission

PATH = "/v1/rate"


def test_an_estimate_has_fewer_events_and_bytes_than_a_request_of_events(tenant: Tenant) -> None:
    events = [event(id=str(it)) for it in range(MOST_ESTIMATES + 1)]
    assert tenant.post(PATH, json=events[1:]).status_code == 200
    refused = tenant.post(PATH, json=events)
    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
    assert "at most 1000 events; this one has 1001" in refused.json()["error"]
    long = b" " * MOST_ESTIMATE_BYTES + b"{}"
    headers = {"Content-Type": "application/json"}
    assert tenant.post(PATH, content=long, headers=headers).status_code == 413
    packed = headers | {"Content-Encoding": "gzip"}
    assert tenant.post(PATH, content=gzip.compress(long), headers=packed).status_code == 413


TABLES = ("events", "event_keys", "quarantine", "usage_daily", "usage_monthly", "tier_positions")


def rated(tenant: Tenant, *events: Any, key: str | None = None) -> list[Json]:
    answer = tenant.post(PATH, key, json=list(events))
    assert answer.status_code in (200, 207), answer.text
    found: list[Json] = answer.json()["charges"]
    return found


def contents(tenant: Tenant) -> list[Any]:
    counts = [tenant.rows(f"SELECT COUNT(*) FROM {table}") for table in TABLES]
    return [*counts, tenant.rows("SELECT COUNT(*) FROM organizations")]


def test_events_are_rated_and_nothing_is_stored(either: Tenant) -> None:
    before = contents(either)
    answer = either.post(PATH, json=[event(), event(id="2", organization_id="never heard of")])
    assert answer.status_code == 207
    reply = answer.json()
    assert reply["success"] is False
    assert reply["counts"] == {"priced": 1, "unpriced": 1, "rejected": 0}
    assert reply["charges"][0]["charge"]["cost"] == 0.122
    assert reply["charges"][1] == {
        "index": 1,
        "status": "unpriced",
        "id": "2",
        "code": "unknown_organization",
        "error": "no organization has this id yet",
    }
    assert contents(either) == before


def test_the_documented_example_is_what_the_server_answers(either: Tenant) -> None:
    either.organization("org_abc123")
    reply = either.post(PATH, json=EVENT).json()
    rate_id = RATED_ANSWER["charges"][0]["charge"]["rate"]["rate_id"]
    reply["charges"][0]["charge"]["rate"]["rate_id"] = rate_id
    assert reply == RATED_ANSWER


def test_what_is_rated_is_what_ingest_charges(either: Tenant) -> None:
    either.load(EVERYTHING)
    either.send(event(id="before", type="sms.outbound", quantity=2))
    batch = [event(id=str(n), **given) for n, (given, _, _) in enumerate(EVENTS)]
    charges = [it["charge"] for it in rated(either, *batch)]
    assert [it["tier"] for it in charges if it["tier"]] == [
        {"key": "sms.outbound", "position": 2},
        {"key": "sms.outbound", "position": 4},
        {"key": "api.request", "position": 0},
        {"key": "api.request", "position": 9},
    ]
    assert charges == [it["charge"] for it in rated(either, *batch)]
    either.send(*batch)
    assert charges == [shown(either, it["id"])["charge"] for it in batch]


NEW_RULES = """\
name: New rules
currency: USD
effective_from: 2024-01-01
source: a test
rates:
  - meter: voice.call
    per: second
    connect_fee: 0.05
    graduated: [{up_to: 60, price: 0, connect_fee: 0.02}, {price: 0.001}]
  - {meter: phone.rental, price: 3.10, per: month, proration: daily}
"""


def test_the_fee_of_a_tier_and_a_part_of_a_month_are_estimated_as_charged(either: Tenant) -> None:
    either.load(NEW_RULES)
    calls = [event(id=str(number), quantity=60) for number in (1, 2)]
    half = event(id="rental", type="phone.rental", quantity=2, time="2024-01-16T10:00:00Z")
    first, second, several = rated(either, *calls, half)
    costs = [[it["cost"] for it in found["charge"]["lines"]] for found in (first, second)]
    assert costs == [[0, 0.02], [0.06, 0.05]]
    assert (several["code"], several["error"]) == (
        "invalid_days",
        "a prorated rental is one event a month, with quantity 1",
    )


@pytest.mark.parametrize("media_type", ["application/x-ndjson", "application/jsonl"])
def test_lines_are_rated_like_an_array(tenant: Tenant, media_type: str) -> None:
    lines = f"{json.dumps(event())}\nnothing\n"
    answer = tenant.post(PATH, content=lines, headers={"Content-Type": media_type})
    reply = [(it["status"], it.get("code")) for it in answer.json()["charges"]]
    assert reply == [("priced", None), ("rejected", "unreadable_line")]


def test_what_is_wrong_is_said_as_for_events(tenant: Tenant) -> None:
    (bad,) = rated(tenant, event(quantity=-1, colour="red"))
    assert (bad["status"], bad["index"], bad["id"]) == ("rejected", 0, "call-1")
    assert [it["code"] for it in bad["details"]] == ["unknown_field", "negative"]
    (priceless,) = rated(tenant, event(attributes={"body": "x"}, cost=100_000_001))
    assert priceless["code"] == "out_of_range"
    assert tenant.post(PATH, content=b"{").status_code == 400
    assert tenant.post(PATH, json=[event()] * 10_001).status_code == 413


def test_segments_are_counted_from_the_text(tenant: Tenant) -> None:
    sms = event(type="sms.outbound", quantity=None, attributes={"body": "x" * 161})
    (reply,) = rated(tenant, sms)
    assert (reply["charge"]["quantity"], reply["charge"]["cost"]) == (2, 0.06)
    assert "xxx" not in json.dumps(reply)


def test_who_is_bound_to_an_organization_does_not_see_the_buy_price(tenant: Tenant) -> None:
    bound = tenant.key(Permission.READ_ANALYTICS, organization="org_1", user="user_1")
    (reply,) = rated(tenant, event(), key=bound)
    assert "buy" not in reply["charge"]
    (other,) = rated(tenant, event(user_id="user_2"), key=bound)
    assert (other["status"], other["code"]) == ("rejected", "not_for_this_key")


def test_an_empty_array_is_a_success_with_nothing(tenant: Tenant) -> None:
    answer = tenant.post(PATH, json=[])
    assert (answer.status_code, answer.json()["charges"]) == (200, [])
