"""POST /v1/events/corrections, events whose price comes later, and what shows them."""

import csv
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.conftest import Tenant
from tests.builders import Json, correction, event

PATH = "/v1/events/corrections"
LINES = {"Content-Type": "application/x-ndjson"}
JANUARY = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-01-31"}


def pending(identity: str = "call-1", **given: Any) -> Json:
    return event(id=identity, cost_pending=True, **given)


def listed(tenant: Tenant) -> dict[str, tuple[str | None, str | None]]:
    events = tenant.get("/v1/events", params=JANUARY).json()["events"]
    return {it["id"]: (it["corrects"], it["corrected_by"]) for it in events}


def explained(tenant: Tenant, identity: str) -> Json:
    answer: Json = tenant.get(f"/v1/events/org_1/{identity}").json()
    return answer


def test_a_correction_and_what_shows_it(either: Tenant) -> None:
    assert either.post("/v1/events", json=[event(id="a"), pending("b")]).status_code == 207
    body = [correction("a", id="a2", quantity=30), correction("b", id="b2", cost="0.5")]
    answer = either.post(PATH, json=body)
    assert answer.status_code == 200
    assert answer.json()["receipts"] == [
        {"index": 0, "status": "accepted", "id": "a2", "reversal_id": "a2.reversal"},
        {"index": 1, "status": "accepted", "id": "b2"},
    ]
    assert either.post(PATH, json=body).json()["counts"]["duplicate"] == 2
    either.post(PATH, json=correction("a2", id="a3", quantity=31, reason="again"))
    assert listed(either) == {
        "a": (None, "a2"),
        "a2.reversal": (None, None),
        "a2": ("a", "a3"),
        "a3.reversal": (None, None),
        "a3": ("a2", None),
        "b2": ("b", None),
    }
    middle = explained(either, "a2")
    assert middle["status"] == "reversed"
    shown = middle["correction"]
    assert shown.pop("time").endswith("Z")
    assert shown == {
        "corrects": "a",
        "corrected_by": "a3",
        "first": "a",
        "latest": "a3",
        "reason": "a test",
    }
    waited = explained(either, "b")
    assert (waited["status"], waited["correction"]["corrected_by"]) == ("corrected", "b2")
    assert (waited["quarantine"]["code"], waited["quarantine"]["ways_out"]) == ("cost_pending", [])
    assert waited["charge"] is None
    assert explained(either, "a2.reversal")["correction"] is None
    user = either.users()["users"][0]
    assert (user["total_voice_calls"], user["total_voice_seconds"]) == (2, 92)


def test_files_end_with_the_corrections(tenant: Tenant) -> None:
    tenant.post("/v1/events", json=event(id="a"))
    tenant.post(PATH, json=correction("a", id="b", quantity=30))
    text = tenant.get("/v1/events", params={**JANUARY, "format": "csv"}).text
    header, *rows = csv.reader(text.splitlines())
    assert header[-4:] == ["organization_id", "currency", "corrects", "corrected_by"]
    assert sorted(row[-4:] for row in rows) == [
        ["org_1", "USD", "", ""],
        ["org_1", "USD", "", "b"],
        ["org_1", "USD", "a", ""],
    ]


def test_lines_are_corrected_one_by_one(tenant: Tenant) -> None:
    tenant.post("/v1/events", json=[event(id="a"), event(id="b")])
    lines = [
        json.dumps(correction("a", quantity=1)),
        "{",
        "",
        json.dumps(correction("b", quantity=2)),
    ]
    answer = tenant.post(PATH, content="\n".join(lines), headers=LINES)
    assert answer.status_code == 207
    found = [(it["status"], it.get("code")) for it in answer.json()["receipts"]]
    assert found == [("accepted", None), ("rejected", "unreadable_line"), ("accepted", None)]
    unreadable = tenant.post(PATH, content="{\n[", headers=LINES)
    assert (unreadable.status_code, unreadable.json()["code"]) == (400, "unreadable_body")


def test_an_atomic_request_is_refused_whole(tenant: Tenant) -> None:
    tenant.post("/v1/events", json=[event(), pending("late")])
    good, waits = correction(quantity=30), correction("late", quantity=2)
    answer = tenant.post(f"{PATH}?atomic=true", json=[good, waits])
    assert answer.status_code == 422
    found = [(it["status"], it["code"]) for it in answer.json()["receipts"]]
    assert found == [("rejected", "batch_refused"), ("rejected", "cost_pending")]
    assert tenant.post(PATH, json=good).status_code == 200
    answer = tenant.post(f"{PATH}?atomic=true", json={**good, "reason": "another"})
    assert answer.status_code == 409
    assert tenant.post(PATH, json=waits).status_code == 207


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"id": ""}, [("id", "empty")]),
        ({"id": None}, [("id", "missing_field")]),
        ({"id": "x" * 247}, [("id", "too_long")]),
        ({"reason": "x" * 501}, [("reason", "too_long")]),
        ({"reason": 7}, [("reason", "not_a_string")]),
        ({"corrects": None}, [("corrects", "missing_field")]),
        ({"reverses": "x"}, [("reverses", "unknown_field")]),
        (
            {"time": None, "type": None, "quantity": None},
            [("time", "missing_field"), ("type", "missing_field"), ("quantity", "missing_field")],
        ),
        (
            {"time": "noon", "quantity": -1},
            [("time", "invalid_time"), ("quantity", "negative")],
        ),
        ({"cost": "x"}, [("cost", "not_a_number")]),
        ({"cost_pending": 1}, [("cost_pending", "not_a_boolean")]),
        ({"cost": 1, "cost_pending": True}, [("cost_pending", "cost_and_cost_pending")]),
        ({"attributes": [1]}, [("attributes", "not_an_object")]),
    ],
)
def test_everything_wrong_with_a_correction_is_listed(
    tenant: Tenant, given: Json, found: list[tuple[str, str]]
) -> None:
    answer = tenant.post(PATH, json=correction(**given))
    assert answer.status_code == 207
    details = answer.json()["receipts"][0]["details"]
    assert [(it["field"], it["code"]) for it in details] == found


@pytest.mark.parametrize("body", [b"", b"{", b"[1", b'"\xff"', b"[" * 5_000])
def test_a_body_that_is_not_json_is_unreadable(tenant: Tenant, body: bytes) -> None:
    answer = tenant.post(PATH, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable_body")


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"cost": None}, [("cost", "cost_null")]),
        ({"cost": 1, "cost_pending": True}, [("cost_pending", "cost_and_cost_pending")]),
        ({"cost_pending": "yes"}, [("cost_pending", "not_a_boolean")]),
        ({"cost": None, "cost_pending": True}, [("cost", "cost_null")]),
    ],
)
@pytest.mark.parametrize("path", ["/v1/events", "/v1/rate"])
def test_costs_that_an_event_cannot_have(
    tenant: Tenant, given: Json, found: list[tuple[str, str]], path: str
) -> None:
    answer = tenant.post(path, json={**event(), **given}).json()
    (receipt,) = answer.get("receipts") or answer["charges"]
    assert [(it["field"], it["code"]) for it in receipt["details"]] == found
    if given.get("cost", 0) is None:
        assert "leave it out" in receipt["error"]
        assert "cost_pending: true" in receipt["error"]


def test_an_absent_cost_is_no_error_beside_another(tenant: Tenant) -> None:
    (receipt,) = tenant.post("/v1/events", json=event(quantity=-1)).json()["receipts"]
    assert [it["code"] for it in receipt["details"]] == ["negative"]


def test_a_pending_price_is_not_estimated_and_false_is_none(tenant: Tenant) -> None:
    (charge,) = tenant.post("/v1/rate", json=pending()).json()["charges"]
    assert (charge["status"], charge["code"]) == ("unpriced", "cost_pending")
    assert tenant.post("/v1/events", json=event(cost_pending=False)).status_code == 200
    body = {**event(), "cost_pending": None}
    assert tenant.post("/v1/events", json=body).json()["counts"]["duplicate"] == 1


@pytest.mark.parametrize("meter", ["voice.call", "kb.usage", "api.storage"])
def test_a_measured_meter_needs_a_quantity(either: Tenant, meter: str) -> None:
    bare = event(type=meter, quantity=None, resource_id="kb_1")
    for path in ("/v1/events", "/v1/rate"):
        answer = either.post(path, json=[bare, event(id="good", type="sms.outbound")]).json()
        receipt, good = answer.get("receipts") or answer["charges"]
        assert (receipt["code"], receipt["field"]) == ("missing_field", "quantity")
        assert good["status"] in ("accepted", "priced")
    one = event(id="old", type=meter, quantity=1, resource_id="kb_1")
    either.post("/v1/events", json=one)
    again = {name: value for name, value in one.items() if name != "quantity"}
    assert either.post("/v1/events", json=again).json()["counts"]["duplicate"] == 1


def test_pending_events_grow_older_in_an_answer_that_was_cached(clocked: Any) -> None:
    tenant, clock = clocked.tenant, clocked.clock
    asked = {**JANUARY, "include": "meta"}

    def ages() -> tuple[str, dict[str, int]]:
        answer = tenant.get("/v1/analytics/users", params=asked)
        return answer.headers["etag"], answer.json()["meta"]["pending_events"]

    sent = datetime.now(UTC).isoformat()
    tenant.post("/v1/events", json=pending("new", time=sent, quantity=1))
    before = ages()
    clock.seconds += 2 * 24 * 3600
    after = ages()
    assert [it[1]["under_1_day"] for it in (before, after)] == [1, 0]
    assert after[1]["from_1_to_7_days"] == 1
    assert before[0] != after[0]


def test_pending_events_are_counted_by_age(clocked: Any) -> None:
    tenant, clock = clocked.tenant, clocked.clock
    now = "2024-01-15T10:30:00Z"
    tenant.post("/v1/events", json=[pending("old", time=now), event(id="other", quantity=90_000)])
    ages = {"under_1_day": 0, "from_1_to_7_days": 0, "over_7_days": 1}
    answer = tenant.get("/v1/quarantine", params={"include": "pending"}).json()
    assert answer["pending"] == ages
    assert {it["code"] for it in answer["quarantine"]} == {"cost_pending", "implausibly_long"}
    meta = tenant.get("/v1/analytics/users", params={**JANUARY, "include": "meta"}).json()["meta"]
    assert meta["pending_events"] == ages
    clock.seconds = 60
    assert 'tollbook_pending_events{age="over_7_days"}' in tenant.get("/metrics").text
