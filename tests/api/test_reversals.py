"""POST /v1/events/reversals: a receipt for each, and everything wrong with one at once."""

import gzip
from typing import Any

import pytest

from tests.api.conftest import Tenant
from tests.builders import event, reversal

PATH = "/v1/events/reversals"


def test_one_event_is_taken_back(either: Tenant) -> None:
    either.send(event())
    answer = either.post(PATH, json=reversal())
    assert answer.status_code == 200
    assert answer.json()["success"] is True
    assert answer.json()["receipts"] == [{"index": 0, "status": "accepted", "id": "back call-1"}]
    user = either.users()["users"][0]
    assert (user["total_voice_calls"], user["total_cost"]) == (0, 0)
    assert either.post(PATH, json=reversal()).json()["counts"]["duplicate"] == 1


def test_receipts_are_in_order_and_say_why(either: Tenant) -> None:
    either.send(event(), event(id="2"))
    batch = [reversal("nothing"), reversal(), {"id": 7}, reversal("2"), reversal(id="twice"), 1]
    answer = either.post(PATH, json=batch)
    assert answer.status_code == 207
    outcomes = [(it["status"], it.get("code"), it.get("field")) for it in answer.json()["receipts"]]
    assert outcomes == [
        ("rejected", "unknown_event", "reverses"),
        ("accepted", None, None),
        ("rejected", "not_a_string", "id"),
        ("accepted", None, None),
        ("rejected", "already_reversed", "reverses"),
        ("rejected", "not_an_object", ""),
    ]
    assert answer.json()["receipts"][4]["error"] == "the event was reversed by back call-1"


def test_an_atomic_request_is_refused_whole(either: Tenant) -> None:
    either.send(event())
    answer = either.post(f"{PATH}?atomic=true", json=[reversal(), reversal("nothing")])
    assert answer.status_code == 422
    assert [it["code"] for it in answer.json()["receipts"]] == ["batch_refused", "unknown_event"]
    either.post(PATH, json=reversal())
    answer = either.post(f"{PATH}?atomic=true", json=[reversal(reason="another")])
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"id": ""}, [("id", "empty")]),
        ({"id": None}, [("id", "missing_field")]),
        ({"id": "x", "reverses": "a\x00"}, [("reverses", "control_characters")]),
        ({"reason": None}, [("reason", "missing_field")]),
        ({"reason": " "}, [("reason", "empty")]),
        ({"reason": "x" * 501}, [("reason", "too_long")]),
        ({"organization_id": "x" * 256}, [("organization_id", "too_long")]),
        ({"cost": 1}, [("cost", "unknown_field")]),
        ({"id": None, "reason": None}, [("id", "missing_field"), ("reason", "missing_field")]),
    ],
)
def test_everything_wrong_with_a_reversal_is_listed(
    tenant: Tenant, given: dict[str, Any], found: list[tuple[str, str]]
) -> None:
    answer = tenant.post(PATH, json=reversal(**given))
    assert answer.status_code == 207
    details = answer.json()["receipts"][0]["details"]
    assert [(it["field"], it["code"]) for it in details] == found


@pytest.mark.parametrize("body", [b"", b"{", b"nothing", b"[1", b'"\xff"', b"[" * 5_000])
def test_a_body_that_is_not_json_is_unreadable(tenant: Tenant, body: bytes) -> None:
    answer = tenant.post(PATH, content=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "unreadable_body")


def test_an_empty_array_is_a_success_with_nothing(tenant: Tenant) -> None:
    answer = tenant.post(PATH, json=[])
    assert (answer.status_code, answer.json()["receipts"]) == (200, [])


def test_limits_are_those_of_events(tenant: Tenant) -> None:
    many = tenant.post(PATH, json=[{}] * 10_001)
    assert (many.status_code, many.json()["code"]) == (413, "body_too_large")
    lines = tenant.post(PATH, content=b"{}", headers={"Content-Type": "application/x-ndjson"})
    assert lines.status_code == 415
    packed = gzip.compress(b"[]")
    assert tenant.post(PATH, content=packed, headers={"Content-Encoding": "gzip"}).is_success
