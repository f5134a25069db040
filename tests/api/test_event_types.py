"""/v1/event-types: names that CloudEvents have for meters, which every process knows at once."""

from urllib.parse import quote

import httpx
import pytest

from tests.api.conftest import Tenant, error_of
from tests.api.test_cloud_events import cloud_event, receipts, send, structured
from tollbook.administration.event_types import remove_event_type, set_event_type
from tollbook.domain import event_types
from tollbook.domain.keys import Permission

PATH = "/v1/event-types"
NAME = "com.example/call ended"


def put(tenant: Tenant, name: str, meter: str, key: str | None = None) -> httpx.Response:
    return tenant.call("PUT", f"{PATH}/{quote(name, safe='')}", key, json={"meter": meter})


def test_a_mapped_type_is_an_event_of_its_meter(either: Tenant) -> None:
    refused = send(either, structured(cloud_event(type=NAME)))
    assert receipts(refused) == [("rejected", "unknown_type", "type")]
    mapped = put(either, NAME, "voice.call").json()["event_type"]
    assert (mapped["type"], mapped["meter"]) == (NAME, "voice.call")
    assert either.get(f"{PATH}/{quote(NAME, safe='')}").json()["event_type"] == mapped
    assert either.get(PATH).json()["event_types"] == [mapped]
    assert receipts(send(either, structured(cloud_event(type=NAME)))) == [("accepted", None, None)]
    again = send(either, structured(cloud_event()))
    assert receipts(again) == [("duplicate", None, None)]
    either.delete(f"{PATH}/{quote(NAME, safe='')}")
    refused = send(either, structured(cloud_event(type=NAME)))
    assert receipts(refused) == [("rejected", "unknown_type", "type")]


def test_a_type_that_another_process_changes_is_known_at_once(either: Tenant) -> None:
    first = structured(cloud_event(type=NAME))
    send(either, first)
    with either.database.writing() as transaction:
        set_event_type(transaction, either.actor(), NAME, "voice.call")
    assert receipts(send(either, first)) == [("accepted", None, None)]
    with either.database.writing() as transaction:
        remove_event_type(transaction, either.actor(), NAME)
        set_event_type(transaction, either.actor(), NAME, "kb.usage")
    changed = send(either, structured(cloud_event(type=NAME, id="call-2")))
    assert receipts(changed) == [("rejected", "missing_field", "data.resource_id")]
    third = structured(cloud_event({"quantity": 61, "resource_id": "kb"}, type=NAME, id="call-2"))
    assert receipts(send(either, third)) == [("accepted", None, None)]
    conflict = send(
        either, structured(cloud_event({"quantity": 61, "resource_id": "kb"}, type=NAME))
    )
    assert receipts(conflict) == [("conflict", "conflict", "id")]


def test_another_meter_is_refused_until_the_type_is_removed(tenant: Tenant) -> None:
    assert put(tenant, NAME, "voice.call").status_code == 200
    assert put(tenant, NAME, "voice.call").status_code == 200
    refused = put(tenant, NAME, "sms.inbound")
    assert (refused.status_code, error_of(refused)["code"]) == (409, "type_mapped")
    taken = put(tenant, "sms.inbound", "voice.call")
    assert (taken.status_code, error_of(taken)["code"]) == (409, "name_taken")
    assert put(tenant, NAME, "fax").status_code == 400
    assert put(tenant, "n" * 256, "voice.call").status_code == 400
    assert tenant.get(f"{PATH}/nothing").status_code == 404


def test_a_tenant_has_a_limit(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(3):
        assert put(tenant, f"type-{index}", "voice.call").status_code == 200
    monkeypatch.setattr("tollbook.administration.event_types.MOST_EVENT_TYPES", 3)
    assert event_types.MOST_EVENT_TYPES == 1_000
    with pytest.raises(Exception, match="at most 3 types"), tenant.database.writing() as writing:
        set_event_type(writing, tenant.actor(), "type-3", "voice.call")


def test_only_an_admin_of_the_whole_tenant_may_map_types(tenant: Tenant) -> None:
    bound = tenant.key(Permission.ADMIN, organization="org_1")
    reader = tenant.key(Permission.READ_ANALYTICS)
    for key in (bound, reader):
        assert put(tenant, NAME, "voice.call", key).status_code == 403
        assert tenant.get(PATH, key).status_code == 403


def test_an_estimate_knows_mapped_types(tenant: Tenant) -> None:
    put(tenant, NAME, "voice.call")
    answer = send(tenant, structured(cloud_event(type=NAME)), "/v1/rate")
    assert answer.json()["charges"][0]["status"] == "priced"


def test_an_own_meter_may_be_mapped_and_its_name_is_taken(tenant: Tenant) -> None:
    meter = {"type": "fax.page", "unit": "page", "category": "messaging"}
    assert tenant.post("/v1/meters", json=meter).status_code == 201
    assert put(tenant, NAME, "fax.page").status_code == 200
    assert put(tenant, "fax.page", "voice.call").status_code == 409
    named = tenant.post("/v1/meters", json=meter | {"type": "call.ended"})
    assert named.status_code == 201
    assert put(tenant, "call.started", "voice.call").status_code == 200
    taken = tenant.post("/v1/meters", json=meter | {"type": "call.started"})
    assert (taken.status_code, error_of(taken)["code"]) == (409, "name_taken")
    moved = tenant.patch("/v1/meters/fax.page", json={"category": "voice"})
    assert moved.status_code == 200, moved.text
    assert tenant.get(PATH).json()["event_types"][1]["meter"] == "fax.page"
