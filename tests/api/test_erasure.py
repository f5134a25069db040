"""DELETE …/personal-data and archived events over HTTP."""

from pathlib import Path

from tests.api.conftest import Tenant
from tests.builders import event
from tollbook.domain.directory import User
from tollbook.domain.keys import Permission
from tollbook.lifecycle.archive import Due, archive
from tollbook.store import directory
from tollbook.store.audit import Actor
from tollbook.wiring import now

PATH = "/v1/organizations/org_1/users/user_1/personal-data"
CALL = event(attributes={"to": "+442071838750"})


def person(tenant: Tenant) -> None:
    number = tenant.organization()
    with tenant.database.writing() as transaction:
        directory.add_user(transaction, number, User("user_1", "Jane", "jane@acme.example"), now())


def archived(tenant: Tenant, folder: Path) -> str:
    actor = Actor(tenant.tenant, "cli", now())
    (file,) = archive(tenant.database, actor, Due(None, 202402, folder))
    return file.file


def test_a_person_without_usage_is_erased(either: Tenant) -> None:
    person(either)
    answer = either.delete(PATH)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "success": True,
        "organization_id": "org_1",
        "user_id": "user_1",
        "erased": {
            "events": 0,
            "quarantined": 0,
            "archived_events": 0,
            "files": 0,
            "pending": False,
        },
    }
    user = either.get("/v1/organizations/org_1/users/user_1").json()["user"]
    assert (user["name"], user.get("email")) == ("user_1", None)


def test_an_event_keeps_its_charge(either: Tenant) -> None:
    person(either)
    either.send(CALL)
    before = either.get("/v1/events/org_1/call-1").json()
    assert either.delete(PATH).json()["erased"]["events"] == 1
    after = either.get("/v1/events/org_1/call-1").json()
    assert after["event"]["attributes"] == {"to": "erased"}
    assert after["charge"] == before["charge"]
    assert after["replay_mismatch"] is None


def test_whom_a_key_may_erase(either: Tenant) -> None:
    person(either)
    either.organization("org_2")
    of_another = either.key(organization="org_2")
    of_the_user = either.key(organization="org_1", user="user_1")
    reader = either.key(Permission.READ_ANALYTICS)
    assert either.delete(PATH, of_another).status_code == 404
    assert either.delete(PATH, of_the_user).status_code == 403
    assert either.delete(PATH, reader).status_code == 403
    assert either.delete(PATH, "").status_code == 401
    assert either.delete(PATH.replace("user_1", "nobody")).status_code == 404
    assert either.delete(f"{PATH}?x=1").status_code == 400
    assert either.delete(PATH, either.key(organization="org_1")).status_code == 200


def test_a_missing_archive_refuses_the_erasure(either: Tenant, tmp_path: Path) -> None:
    person(either)
    either.send(CALL)
    (tmp_path / archived(either, tmp_path)).unlink()
    answer = either.delete(PATH)
    assert (answer.status_code, answer.json()["code"]) == (409, "archive_refused")
    assert either.get("/v1/organizations/org_1/users/user_1").json()["user"]["name"] == "Jane"
