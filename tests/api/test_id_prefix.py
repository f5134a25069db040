"""Keys of users and meters name their events within a prefix, and learn nothing of other ids."""

from typing import Any

import pytest

from tests.api.both_ways import way  # noqa: F401  each test runs over both ways
from tests.api.conftest import Tenant, prefix, problems
from tests.builders import Json, event, reversal

PATH = "/v1/keys"
OF_ANN = {"organization_id": "org_1", "user_id": "ann"}
OF_CALLS = {"organization_id": "org_1", "meters": ["voice.call"]}
NARROW = pytest.mark.parametrize("scope", [OF_ANN, OF_CALLS], ids=["user", "meters"])


def asked(tenant: Tenant, key: str | None = None, **given: Any) -> Any:
    body = {"name": "n", "permissions": ["events:write", "events:reverse"], **given}
    return tenant.post(PATH, key, json=body)


def made(tenant: Tenant, key: str | None = None, **given: Any) -> str:
    answer = asked(tenant, key, **given)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["api_key"])


def receipts(tenant: Tenant, key: str, *events: Json, path: str = "/v1/events") -> list[Json]:
    found: list[Json] = tenant.post(path, key, json=list(events)).json()["receipts"]
    return found


def of_ann(**given: Any) -> Json:
    return event(**{"user_id": "ann", **given})


@NARROW
def test_a_key_that_sends_within_a_part_needs_a_prefix(either: Tenant, scope: Json) -> None:
    assert problems(asked(either, **scope)) == [("id_prefix", "missing_field")]
    key = made(either, id_prefix="ann-", **scope)
    shown = either.get(f"{PATH}/self", key).json()["key"]
    listed = {it["prefix"]: it for it in either.get(PATH).json()["keys"]}
    assert shown["id_prefix"] == listed[prefix(key)]["id_prefix"] == "ann-"


@NARROW
def test_a_key_that_only_reads_needs_none(tenant: Tenant, scope: Json) -> None:
    made(tenant, permissions=["analytics:read"], **scope)


@pytest.mark.parametrize(
    ("id_prefix", "code"), [("", "empty"), ("x" * 65, "too_long"), ("a\n", "control_characters")]
)
def test_a_prefix_that_no_id_can_have_is_refused(tenant: Tenant, id_prefix: str, code: str) -> None:
    assert problems(asked(tenant, id_prefix=id_prefix, **OF_ANN)) == [("id_prefix", code)]


@NARROW
def test_other_ids_are_rejected_whether_they_exist_or_not(either: Tenant, scope: Json) -> None:
    key = made(either, id_prefix="ann-", **scope)
    either.send(of_ann(id="call-9", quantity=60), event(id="lost", organization_id="nobody"))
    outside = [of_ann(id=it) for it in ("call-9", "call-10", "an", "Ann-1")]
    found = receipts(either, key, *outside, of_ann(id="ann-1"))
    assert {it["code"] for it in found[:-1]} == {"id_outside_scope"}
    alike = {(it["status"], it["error"], it["field"], len(it["details"])) for it in found[:-1]}
    error = "id must begin with ann-, the id_prefix of this key"
    assert alike == {("rejected", error, "id", 1)}
    assert found[-1]["status"] == "accepted"
    # The platform's own event is charged under its id.
    assert receipts(either, either.admin, of_ann(id="call-10"))[0]["status"] == "accepted"


def test_an_atomic_batch_with_another_id_stores_nothing(either: Tenant) -> None:
    key = made(either, id_prefix="ann-", **OF_ANN)
    path = "/v1/events?atomic=true"
    found = receipts(either, key, of_ann(id="ann-1"), of_ann(id="call-1"), path=path)
    assert [it["code"] for it in found] == ["batch_refused", "id_outside_scope"]
    assert receipts(either, key, of_ann(id="ann-1"))[0]["status"] == "accepted"


@NARROW
def test_reversals_have_the_prefix_too(either: Tenant, scope: Json) -> None:
    key = made(either, id_prefix="ann-", **scope)
    either.send(of_ann(id="call-1"), of_ann(id="call-2"), event(id="taken", type="sms.inbound"))
    path = "/v1/events/reversals"
    for identity in ("taken", "free"):
        (found,) = receipts(either, key, reversal("call-1", id=identity), path=path)
        assert (found["status"], found["code"]) == ("rejected", "id_outside_scope")
    (found,) = receipts(either, key, reversal("call-1", id="ann-back"), path=path)
    assert found["status"] == "accepted"


@NARROW
def test_what_is_in_quarantine_is_shown_to_its_sender_only(either: Tenant, scope: Json) -> None:
    key = made(either, id_prefix="ann-", **scope)
    odd = {"attributes": {"to": "+1"}, "quantity": 90_000}
    statuses = either.statuses(event(id="waits", type="mms.inbound", cost=None), of_ann(**odd))
    assert statuses[1] == "quarantined"
    assert receipts(either, key, of_ann(id="ann-1", **odd))[0]["status"] == "quarantined"
    path = "/v1/events/reversals"
    targets = ("call-1", "nothing", "ann-1")
    bodies = [reversal(it, id=f"ann-back {it}") for it in targets]
    codes = [it["code"] for it in receipts(either, key, *bodies, path=path)]
    assert codes == ["unknown_event", "unknown_event", "event_in_quarantine"]


def test_rotation_keeps_the_prefix(either: Tenant) -> None:
    key = made(either, id_prefix="ann-", **OF_ANN)
    answer = either.post(f"{PATH}/{prefix(key)}/rotation", json={})
    assert answer.json()["key"]["id_prefix"] == "ann-"
    successor = answer.json()["api_key"]
    found = receipts(either, successor, of_ann(id="ann-1"), of_ann(id="call-1"))
    assert [it["status"] for it in found] == ["accepted", "rejected"]


@pytest.mark.parametrize("taken", ["ann-", "ann-1", "a"])
def test_prefixes_of_different_users_or_meters_do_not_overlap(either: Tenant, taken: str) -> None:
    first = made(either, id_prefix=taken, **OF_ANN)
    others = [{**OF_ANN, "user_id": "bob"}, OF_CALLS, {"meters": ["voice.call"]}]
    for scope in others:
        answer = asked(either, id_prefix="ann-", **scope)
        assert problems(answer) == [("id_prefix", "id_prefix_taken")]
    either.revoke(first)
    assert problems(asked(either, id_prefix="ann-", **OF_CALLS)) == [
        ("id_prefix", "id_prefix_taken")
    ]
    made(either, id_prefix="ann-", **OF_ANN)
    made(either, id_prefix="bob-", **others[0])


def test_the_same_prefix_is_free_in_another_organization(either: Tenant) -> None:
    either.organization("org_2")
    made(either, id_prefix="ann-", **OF_ANN)
    made(either, id_prefix="ann-", organization_id="org_2", user_id="bob")


def test_a_prefix_of_an_organizations_key_holds_for_the_keys_that_it_creates(
    either: Tenant,
) -> None:
    own = made(either, permissions=["admin"], organization_id="org_1", id_prefix="acme-")
    for id_prefix in (None, "ann-"):
        answer = asked(either, own, id_prefix=id_prefix, user_id="ann", organization_id="org_1")
        assert ("id_prefix", "beyond_asking_key") in problems(answer) or id_prefix is None
        assert answer.status_code == 400
    key = made(either, own, id_prefix="acme-ann-", **OF_ANN)
    found = receipts(either, key, of_ann(id="acme-ann-1"), of_ann(id="acme-1"))
    assert [it["status"] for it in found] == ["accepted", "rejected"]


def test_an_estimate_takes_no_id(tenant: Tenant) -> None:
    key = made(tenant, permissions=["events:write", "analytics:read"], id_prefix="a-", **OF_ANN)
    assert tenant.post("/v1/rate", key, json=of_ann(id="any")).status_code == 200


def test_conflicts_are_counted(either: Tenant) -> None:
    either.send(event())
    receipts(either, either.admin, event(quantity=5))
    (line,) = [
        it
        for it in either.get("/metrics").text.splitlines()
        if 'outcome="conflict"' in it and "_total" in it
    ]
    assert float(line.rpartition(" ")[2]) >= 1
