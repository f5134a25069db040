"""/v1/triggers: added, seen by whom they concern, changed and removed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.api.conftest import Tenant, problems
from tests.builders import Json, event
from tollbook.domain.keys import Limits, Permission
from tollbook.store.audit import acts

PATH = "/v1/triggers"
NEW: Json = {"name": "Calls", "organization_id": "org_1", "figure": "cost", "period": "day"}


def add(tenant: Tenant, key: str | None = None, **given: Any) -> Json:
    thresholds = {} if {"at_budget", "deviation"} & given.keys() else {"at": [50]}
    answer = tenant.call("POST", PATH, key, json={**NEW, **thresholds, **given})
    assert answer.status_code == 201, answer.text
    trigger: Json = answer.json()["trigger"]
    return trigger


def ids(tenant: Tenant, key: str | None = None, **query: str) -> list[str]:
    answer = tenant.get(PATH, key, params=query)
    assert answer.status_code == 200, answer.text
    return [it["id"] for it in answer.json()["triggers"]]


def test_at_first_there_are_none(either: Tenant) -> None:
    assert either.get(PATH).json() == {"success": True, "triggers": [], "next_cursor": None}


def test_a_trigger_is_added_and_read_with_its_state(either: Tenant) -> None:
    now = datetime.now(UTC)
    either.send(event(cost="51.25", time=now.isoformat()))
    trigger = add(either, at=["50.10", 20], category="voice_cost")
    state = trigger.pop("state")
    created = trigger.pop("created_at")
    assert trigger.pop("changed_at") == created
    identity = trigger.pop("id")
    assert identity.startswith("trg_")
    assert len(identity) == 30
    assert trigger == {
        "source": "api",
        "name": "Calls",
        "organization_id": "org_1",
        "user_id": None,
        "figure": "cost",
        "category": "voice_cost",
        "meter": None,
        "currency": "USD",
        "period": "day",
        "at": [20, 50.1],
        "owner": "tenant",
        "endpoint_ids": [],
        "status": "active",
    }
    assert (state["value"], state["reached"], state["cleared"]) == (51.25, [], [])
    assert state["period"]["name"] == f"{now:%Y-%m-%d}"
    assert state["learning"] is False
    read = either.get(f"{PATH}/{identity}").json()["trigger"]
    assert (read["id"], read["at"]) == (identity, [20, 50.1])
    assert ids(either) == [identity]
    assert either.get(f"{PATH}/trg_x").status_code == 404


def test_a_trigger_may_watch_the_whole_tenant_or_a_user(either: Tenant) -> None:
    either.organization("org_2", timezone="Asia/Tokyo")
    now = datetime.now(UTC).isoformat()
    either.send(event(time=now, cost="3"), event(id="2", organization_id="org_2", cost="0"))
    whole = add(either, organization_id=None, period="all", at=[1])
    assert (whole["organization_id"], whole["currency"]) == (None, "USD")
    assert whole["state"]["period"] == {"name": "all", "from": None, "to": None}
    assert whole["state"]["value"] == 3
    user = add(either, user_id="user_1", figure="count", meter="voice.call", at=[2])
    assert (user["user_id"], user["currency"], user["state"]["value"]) == ("user_1", None, 1)
    assert ids(either, user_id="user_1") == [user["id"]]
    assert ids(either, organization_id="org_2") == []


def test_digits_of_thresholds_are_not_lost(tenant: Tenant) -> None:
    body = (
        '{"name": "x", "organization_id": "org_1", "figure": "cost", "period": "all", '
        '"at": [12345678.123456789, "999999999999999.123456789"]}'
    )
    answer = tenant.call("POST", PATH, content=body)
    assert '"at":[12345678.123456789,999999999999999.123456789]' in answer.text


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"at": []}, "invalid_thresholds"),
        ({"at": [0]}, "invalid_thresholds"),
        ({"at": [1, "1.0"]}, "invalid_thresholds"),
        ({"at": ["1.0000000001"]}, "invalid_thresholds"),
        ({"at": ["1e99"]}, "invalid_thresholds"),
        ({"at": list(range(1, 12))}, "invalid_thresholds"),
        ({"figure": "count", "meter": "voice.call", "at": [1.5]}, "invalid_thresholds"),
        ({"at_budget": [11]}, "invalid_thresholds"),
        ({"at": [1], "at_budget": [1]}, "not_together"),
        ({"at": None}, "invalid_field"),
        ({"name": ""}, "empty"),
        ({"name": "x" * 101}, "too_long"),
        ({"figure": "margin"}, "invalid_field"),
        ({"period": "year"}, "invalid_field"),
        ({"category": "voice"}, "invalid_choice"),
        ({"meter": "voice.cal"}, "invalid_choice"),
        ({"organization_id": None, "user_id": "user_1"}, "missing_field"),
        ({"owner": "both"}, "invalid_choice"),
        ({"owner": "organization", "organization_id": None}, "invalid_choice"),
        ({"endpoint_ids": ["a", "a"]}, "invalid_endpoints"),
        ({"endpoint_ids": ["end_unknown"]}, "invalid_endpoints"),
        ({"organization_id": None, "currency": "XXX"}, "invalid_currency"),
        ({"deviation": {"sensitivity": "extreme"}}, "invalid_field"),
        ({"color": 1}, "unknown_field"),
    ],
)
def test_what_is_invalid_is_named(tenant: Tenant, given: Json, code: str) -> None:
    thresholds = {} if {"at_budget", "deviation"} & given.keys() else {"at": [50]}
    answer = tenant.call("POST", PATH, json={**NEW, **thresholds, **given})
    assert answer.status_code == 400, answer.text
    assert code in {it[1] for it in problems(answer)}


@pytest.mark.parametrize(
    "given",
    [
        {"figure": "count", "at": [1]},
        {"figure": "quantity", "at": [1], "category": "voice_cost", "meter": "voice.call"},
        {"category": "voice_cost", "meter": "voice.call"},
        {"currency": "USD"},
        {"user_id": "user_1", "category": "brand_registration_cost"},
        {"user_id": "user_1", "meter": "brand.registration"},
        {"at_budget": [1], "meter": "voice.call"},
        {"at_budget": [1], "period": "hour"},
        {"at_budget": [1], "organization_id": None},
        {"deviation": {}, "period": "hour"},
        {"deviation": {}, "period": "all"},
        {"deviation": {}, "meter": "phone.rental"},
        {"deviation": {}, "category": "phone_purchase_cost"},
    ],
)
def test_a_figure_that_cannot_be_computed_is_refused(tenant: Tenant, given: Json) -> None:
    tenant.send(event())
    thresholds = {} if {"at_budget", "deviation"} & given.keys() else {"at": [50]}
    answer = tenant.call("POST", PATH, json={**NEW, **thresholds, **given})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_figure")


def test_a_subject_must_exist(tenant: Tenant) -> None:
    for given in ({"organization_id": "org_9"}, {"user_id": "nobody"}):
        answer = tenant.call("POST", PATH, json={**NEW, "at": [1], **given})
        assert answer.status_code == 404


def test_a_change_keeps_what_it_does_not_name(either: Tenant) -> None:
    trigger = add(either, at=[10, 20])
    path = f"{PATH}/{trigger['id']}"
    changed = either.call("PATCH", path, json={"name": "New", "at": ["20", 30]}).json()["trigger"]
    assert (changed["name"], changed["at"], changed["status"]) == ("New", [20, 30], "active")
    paused = either.call("PATCH", path, json={"status": "paused"}).json()["trigger"]
    assert (paused["at"], paused["status"]) == ([20, 30], "paused")
    assert ids(either, status="active") == []
    for fixed in ({"figure": "count"}, {"period": "week"}, {"deviation": {}}, {"owner": "tenant"}):
        answer = either.call("PATCH", path, json=fixed)
        assert (answer.status_code, answer.json()["code"]) == (400, "immutable_field")
    removed = either.delete(path).json()["trigger"]
    assert removed["id"] == trigger["id"]
    assert ids(either) == []
    with either.database.reading() as snapshot:
        actions = [it.action for it in acts(snapshot, either.tenant)]
    assert actions[::-1] == ["trigger.add", "trigger.change", "trigger.change", "trigger.remove"]


def test_the_trigger_of_a_budget_changes_only_with_it(either: Tenant) -> None:
    either.call("PUT", "/v1/budgets/org_1", json={"weekly": 10, "alert_at": [1]})
    (trigger,) = either.get(PATH).json()["triggers"]
    assert (trigger["source"], trigger["period"], trigger["owner"]) == ("budget", "week", "both")
    assert trigger["at_budget"] == [1]
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        answer = either.call(method, f"{PATH}/{trigger['id']}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "managed_by_budget")
    either.delete("/v1/budgets/org_1?period=week")
    assert ids(either) == []


def test_an_organization_sees_and_changes_only_what_it_owns(either: Tenant) -> None:
    either.send(event())
    key = either.key(organization="org_1")
    of_tenant = add(either)
    own = add(either, key, organization_id=None, user_id="user_1")
    assert (own["organization_id"], own["owner"]) == ("org_1", "organization")
    assert ids(either, key) == [own["id"]]
    assert ids(either) == sorted([own["id"], of_tenant["id"]])
    assert either.get(f"{PATH}/{of_tenant['id']}", key).status_code == 404
    refused = either.call("POST", PATH, key, json={**NEW, "at": [1], "owner": "tenant"})
    assert refused.status_code == 400
    of_user = either.key(organization="org_1", user="user_1")
    assert ids(either, of_user) == [own["id"]]
    assert ids(either, either.key(organization="org_1", user="user_2")) == []
    assert either.delete(f"{PATH}/{own['id']}", of_user).status_code == 403
    assert either.call("POST", PATH, of_user, json=NEW).status_code == 403
    assert either.delete(f"{PATH}/{own['id']}", key).status_code == 200


def test_a_key_that_is_limited_to_meters_sees_those(either: Tenant) -> None:
    permissions = (Permission.ADMIN, Permission.READ_ANALYTICS)
    key = either.key(*permissions, limits=Limits(meters=("voice.call",)))
    add(either)
    one = add(either, meter="voice.call")
    assert ids(either, key) == [one["id"]]


def test_a_list_has_pages(either: Tenant) -> None:
    added = sorted(add(either)["id"] for _ in range(3))
    first = either.get(PATH, params={"limit": "2"}).json()
    assert [it["id"] for it in first["triggers"]] == added[:2]
    assert ids(either, cursor=first["next_cursor"]) == added[2:]
