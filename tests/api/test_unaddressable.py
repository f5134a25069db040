"""Ids and zones that mean nothing reliable: refused when new, as they were where they exist."""

import pytest

from tests.api.both_ways import way  # noqa: F401  each test runs over both ways
from tests.api.conftest import Site, Tenant, problems
from tests.builders import Json, event, reversal
from tollbook.domain.directory import User
from tollbook.store import directory
from tollbook.store.event_ids import encode_id
from tollbook.wiring import now

DOTS = (".", "..")
FIELDS = ("id", "organization_id", "user_id")


def receipts(tenant: Tenant, *events: Json, path: str = "/v1/events") -> list[tuple[str, ...]]:
    answer = tenant.post(path, json=list(events)).json()
    return [(it["status"], it.get("code", ""), it.get("field", "")) for it in answer["receipts"]]


@pytest.mark.parametrize("identity", DOTS)
def test_no_organization_or_user_is_created_under_such_an_id(either: Tenant, identity: str) -> None:
    new = {"id": identity, "name": "x"}
    for path in ("/v1/organizations", "/v1/organizations/org_1/users"):
        answer = either.post(path, json=new)
        assert answer.status_code == 400
        assert problems(answer) == [("id", "unaddressable_id")]
    assert [it["id"] for it in either.get("/v1/organizations").json()["organizations"]] == ["org_1"]


@pytest.mark.parametrize("identity", DOTS)
@pytest.mark.parametrize("field", FIELDS)
def test_an_event_that_would_make_such_an_id_new_is_rejected_alone(
    either: Tenant, field: str, identity: str
) -> None:
    wrong = event(**{"id": "wrong", field: identity})
    for _ in range(2):  # the first one left nothing behind
        found = receipts(either, event(id="before"), wrong, event(id="after"))
        assert found[1] == ("rejected", "unaddressable_id", field)
        assert {found[0][0], found[2][0]} <= {"accepted", "duplicate"}
    assert receipts(either, wrong, wrong) == [("rejected", "unaddressable_id", field)] * 2
    answer = either.post("/v1/events?atomic=true", json=[event(id="whole"), wrong])
    assert answer.status_code == 422
    assert either.get("/v1/events/org_1/whole").status_code == 404
    assert [it["id"] for it in either.get("/v1/organizations").json()["organizations"]] == ["org_1"]
    users = either.get("/v1/organizations/org_1/users").json()["users"]
    assert [it["id"] for it in users] == ["user_1"]
    assert either.get("/v1/quarantine").json()["quarantine"] == []
    number = either.number("org_1")
    found = [it for it in either.differences() if it.row["organization_id"] == number]
    assert found == []


def test_every_such_id_of_an_event_is_named(either: Tenant) -> None:
    answer = either.post("/v1/events", json=event(id=".", user_id="..")).json()
    assert [it["field"] for it in answer["receipts"][0]["details"]] == ["id", "user_id"]


def test_a_reversal_has_no_such_id(either: Tenant) -> None:
    either.send(event())
    path = "/v1/events/reversals"
    wrong = receipts(either, reversal(id=".."), path=path)
    assert wrong == [("rejected", "unaddressable_id", "id")]
    assert receipts(either, reversal(), path=path)[0][0] == "accepted"


@pytest.mark.parametrize("identity", DOTS)
def test_what_exists_under_such_an_id_keeps_its_answers(either: Tenant, identity: str) -> None:
    number = either.organization(identity)
    with either.database.writing() as transaction:
        directory.add_user(transaction, number, User(identity, "dots"), now())
    of = {"organization_id": identity, "user_id": identity}
    stored = event(id="stored", **of)
    assert receipts(either, stored, event(id=identity, **of)) == [
        ("accepted", "", ""),
        ("rejected", "unaddressable_id", "id"),
    ]
    with either.database.writing() as transaction:
        for table in ("events", "event_keys"):
            transaction.execute(
                f"UPDATE {table} SET id = :id WHERE organization_id = :number",
                id=encode_id(identity),
                number=number,
            )
    before = {**stored, "id": identity}
    other = receipts(either, {**before, "quantity": 1})
    assert other == [("conflict", "conflict", "id")]
    asked = f"organization_id={identity}&start_date=2024-01-01&end_date=2024-01-31"
    users = either.get(f"/v1/analytics/users?{asked}").json()["users"]
    assert [(it["user_id"], it["total_cost"]) for it in users] == [(identity, 0.122)]


@pytest.mark.parametrize("zone", ["localtime", "Factory"])
def test_no_new_organization_has_the_machine_s_zone(either: Tenant, zone: str) -> None:
    answer = either.post("/v1/organizations", json={"id": "x", "name": "x", "timezone": zone})
    assert answer.status_code == 400
    assert problems(answer) == [("timezone", "local_timezone")]
    made = {"id": "y", "name": "y", "timezone": "US/Eastern"}
    assert either.post("/v1/organizations", json=made).status_code == 201


def test_an_organization_that_has_one_can_still_be_renamed(site: Site) -> None:
    tenant = site.tenant()
    tenant.organization(timezone="localtime")
    answer = tenant.patch("/v1/organizations/org_1", json={"name": "new"})
    assert answer.json()["organization"]["name"] == "new"
