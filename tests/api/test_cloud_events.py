"""CloudEvents over HTTP, sent by the official SDK in every mode that it has."""

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from tests.api.both_ways import way  # noqa: F401  each test runs over both ways
from tests.api.conftest import Tenant
from tests.builders import event
from tollbook.domain.keys import Limits, Permission

PATH = "/v1/events"
BATCH = "application/cloudevents-batch+json"
ID = "ce:/switch/1|call-1"


def cloud_event(data: Any = None, **attributes: Any) -> CloudEvent:
    usual = {
        "id": "call-1",
        "source": "/switch/1",
        "type": "voice.call",
        "subject": "user_1",
        "time": datetime(2024, 1, 15, 10, 30, tzinfo=UTC),
        "organizationid": "org_1",
    }
    given = {name: value for name, value in {**usual, **attributes}.items() if value is not None}
    return CloudEvent(given, {"quantity": 61} if data is None else data)


def binary(it: CloudEvent) -> HTTPMessage:
    return to_binary(it, JSONFormat())


def structured(it: CloudEvent) -> HTTPMessage:
    return to_structured(it, JSONFormat())


def batch(*events: CloudEvent) -> HTTPMessage:
    """Return an array of what the SDK's structured mode writes: it has no batches."""
    body = b",".join(structured(it).body for it in events)
    return HTTPMessage({"content-type": BATCH}, b"[%b]" % body)


def send(tenant: Tenant, message: HTTPMessage, path: str = PATH, **given: Any) -> httpx.Response:
    return tenant.post(path, content=message.body, headers=message.headers, **given)


def receipts(response: httpx.Response) -> list[tuple[str, str | None, str | None]]:
    found = response.json()["receipts"]
    return [(it["status"], it.get("code"), it.get("field")) for it in found]


@pytest.mark.parametrize("mode", [binary, structured, batch])
def test_an_event_of_the_sdk_is_accepted_in_every_mode(either: Tenant, mode: Any) -> None:
    answer = send(either, mode(cloud_event()))
    assert answer.status_code == 200, answer.text
    assert answer.json()["receipts"] == [{"index": 0, "status": "accepted", "id": ID}]
    for again in (binary, structured, batch):
        assert receipts(send(either, again(cloud_event()))) == [("duplicate", None, None)]
    for body in (structured(cloud_event()).body, structured(cloud_event(traceparent="00-b")).body):
        headers = {"content-type": "application/x-ndjson"}
        answer = either.post(PATH, content=body + b"\n", headers=headers)
        assert receipts(answer) == [("duplicate", None, None)]


def test_base64_data_of_the_sdk_is_read_when_its_type_is_json(tenant: Tenant) -> None:
    packed = cloud_event(b'{"quantity": 61}', datacontenttype="application/json")
    assert b"data_base64" in structured(packed).body
    assert receipts(send(tenant, structured(packed))) == [("accepted", None, None)]
    assert receipts(send(tenant, binary(packed))) == [("duplicate", None, None)]
    assert receipts(send(tenant, structured(cloud_event()))) == [("duplicate", None, None)]
    opaque = cloud_event(b"\x00", datacontenttype="application/octet-stream")
    for mode in (structured, binary):
        ((status, code, _),) = receipts(send(tenant, mode(opaque)))
        assert (status, code) == ("rejected", "data_not_json")


def test_a_source_in_other_letters_is_one_in_every_mode(tenant: Tenant) -> None:
    it = cloud_event(source="urn:café|a b~1")
    first = send(tenant, binary(it)).json()["receipts"][0]
    assert first == {"index": 0, "status": "accepted", "id": "ce:urn:café~1a b~01|call-1"}
    assert receipts(send(tenant, structured(it))) == [("duplicate", None, None)]


def test_a_batch_gets_receipts_in_its_order_with_its_names(tenant: Tenant) -> None:
    answer = send(
        tenant,
        batch(
            cloud_event(id="a"),
            cloud_event({"quantity": -1}, id="b"),
            cloud_event(id="c", organizationid="nobody"),
            cloud_event({}, id="d"),
            cloud_event({"quantity": 2}, id="a"),
        ),
    )
    assert answer.status_code == 207
    assert receipts(answer) == [
        ("accepted", None, None),
        ("rejected", "negative", "data.quantity"),
        ("quarantined", "unknown_organization", None),
        ("rejected", "missing_field", "data.quantity"),
        ("conflict", "conflict", "id"),
    ]
    assert answer.json()["receipts"][1]["error"] == "data.quantity must not be negative"


def test_atomic_answers_with_an_error_status(tenant: Tenant) -> None:
    bad = batch(cloud_event(id="a"), cloud_event({"quantity": -1}, id="b"))
    refused = send(tenant, bad, params={"atomic": "true"})
    assert refused.status_code == 422
    assert [it[1] for it in receipts(refused)] == ["batch_refused", "negative"]


def test_a_repeated_header_and_a_missing_version_are_refused(tenant: Tenant) -> None:
    message = binary(cloud_event())
    twice = [*message.headers.items(), ("ce-subject", "user_2")]
    answer = tenant.http.post(
        PATH, content=message.body, headers=[*twice, ("x-api-key", tenant.admin)]
    )
    assert receipts(answer) == [("rejected", "repeated_field", "subject")]
    headers = {name: it for name, it in message.headers.items() if name != "ce-specversion"}
    answer = tenant.post(PATH, content=message.body, headers=headers)
    assert receipts(answer) == [("rejected", "missing_field", "specversion")]


def test_another_format_is_unsupported(tenant: Tenant) -> None:
    headers = {"content-type": "application/cloudevents+avro"}
    assert tenant.post(PATH, content=b"x", headers=headers).status_code == 415


def test_a_new_plain_id_must_not_begin_like_that_of_a_cloud_event(either: Tenant) -> None:
    refused = either.post(PATH, json=[event(id=ID), event(id="ce:"), event(id="cd:")])
    assert receipts(refused) == [
        ("rejected", "reserved_id", "id"),
        ("rejected", "reserved_id", "id"),
        ("accepted", None, None),
    ]
    send(either, structured(cloud_event()))
    again = either.post(PATH, json=[event(id=ID), event(id=ID, quantity=1)])
    assert [it[0] for it in receipts(again)] == ["duplicate", "conflict"]


def test_keys_limit_cloud_events_as_they_limit_events(tenant: Tenant) -> None:
    bound = tenant.key(Permission.WRITE_EVENTS, organization="org_1")
    foreign = send(tenant, structured(cloud_event(organizationid="org_2")), key=bound)
    assert receipts(foreign) == [("rejected", "not_for_this_key", "organizationid")]
    unnamed = send(tenant, structured(cloud_event(organizationid=None)), key=bound)
    assert receipts(unnamed) == [("rejected", "missing_field", "organizationid")]
    stated = cloud_event({"quantity": 1, "cost": 1})
    assert receipts(send(tenant, structured(stated), key=bound)) == [
        ("rejected", "permission_missing", "data.cost")
    ]
    limits = Limits(id_prefix="ce:/switch/1|", meters=("voice.call",))
    narrow = tenant.key(Permission.WRITE_EVENTS, limits=limits)
    assert receipts(send(tenant, structured(cloud_event()), key=narrow))[0][0] == "accepted"
    other = send(tenant, structured(cloud_event(source="/switch/2")), key=narrow)
    assert receipts(other) == [("rejected", "id_outside_scope", "id")]


def test_an_event_is_found_corrected_and_reversed_by_its_id(tenant: Tenant) -> None:
    send(tenant, structured(cloud_event()))
    found = tenant.get(f"/v1/events/org_1/{quote(ID, safe='')}")
    assert (found.status_code, found.json()["event"]["id"]) == (200, ID)
    change = {"organization_id": "org_1", "corrects": ID, "quantity": 30, "reason": "test"}
    fixed = tenant.post("/v1/events/corrections", json={"id": "fix-1", **change})
    assert fixed.status_code == 200, fixed.text
    back = {"organization_id": "org_1", "reverses": "fix-1", "reason": "test"}
    assert tenant.post("/v1/events/reversals", json={"id": "back", **back}).status_code == 200


@pytest.mark.parametrize("path", ["corrections", "reversals"])
def test_new_corrections_and_reversals_have_plain_ids(tenant: Tenant, path: str) -> None:
    tenant.post(PATH, json=event())
    names = {"corrections": ("corrects", {"quantity": 1}), "reversals": ("reverses", {})}
    name, change = names[path]
    body = {"id": "ce:x", "organization_id": "org_1", name: "call-1", "reason": "r", **change}
    answer = tenant.post(f"/v1/events/{path}", json=body)
    assert receipts(answer) == [("rejected", "reserved_id", "id")]


def test_an_estimate_reads_the_same_forms(tenant: Tenant) -> None:
    costs = []
    for mode in (binary, structured, batch):
        answer = send(tenant, mode(cloud_event({"quantity": 61})), "/v1/rate")
        assert answer.status_code == 200, answer.text
        costs.append(json.loads(answer.text)["charges"][0]["charge"]["cost"])
    plain = tenant.post("/v1/rate", json=event()).json()["charges"][0]["charge"]["cost"]
    assert costs == [plain] * 3
