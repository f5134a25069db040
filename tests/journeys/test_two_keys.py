"""Two keys that must not see each other's data, over HTTP, on one database."""

from collections.abc import Iterator

import httpx
import pytest

from tests.builders import Json, Platform, event
from tests.servers import Server
from tests.waiting import run_over_quarantine
from tollbook.domain.keys import Permission
from tollbook.store.database import Database, open_database

JANUARY = "start_date=2024-01-01&end_date=2024-01-31"
USERS = f"/v1/analytics/users?organization_id=org_1&{JANUARY}"
BOTH = (Permission.WRITE_EVENTS, Permission.READ_ANALYTICS)


@pytest.fixture
def shared(server: Server) -> Iterator[Database]:
    database = open_database(server.database_url)
    yield database
    database.close()


def costs(http: httpx.Client, organization: str = "org_1") -> dict[str, float]:
    path = f"/v1/analytics/users?organization_id={organization}&{JANUARY}"
    answer = http.get(path)
    assert answer.status_code == 200, answer.text
    return {it["user_id"]: it["total_cost"] for it in answer.json()["users"]}


def said(response: httpx.Response) -> Json:
    """Return what an error says, without the id that each request has for itself."""
    answer: Json = response.json()
    del answer["request_id"]
    return answer


def fates(http: httpx.Client, *events: Json) -> list[str]:
    return [it["status"] for it in http.post("/v1/events", json=list(events)).json()["receipts"]]


def test_two_tenants_with_the_same_organizations_and_users(
    server: Server, shared: Database
) -> None:
    one, other = Platform(shared, "one"), Platform(shared, "other")
    one.organization(name="One's")
    other.organization(name="The other's")
    with server.client(one.key()) as mine, server.client(other.key()) as theirs:
        # The same ids, users and times, and yet two events: an id is its organization's.
        assert fates(mine, event(quantity=100)) == ["accepted"]
        assert fates(theirs, event(quantity=200)) == ["accepted"]
        assert fates(mine, event(quantity=200)) == ["conflict"]
        assert (costs(mine), costs(theirs)) == ({"user_1": 0.2}, {"user_1": 0.4})

        # Renaming, creating and asking again on one side changes nothing on the other.
        before = theirs.get(USERS)
        path = "/v1/organizations/org_1"
        assert mine.patch(path, json={"name": "Renamed"}).status_code == 200
        assert mine.patch(f"{path}/users/user_1", json={"name": "Ann"}).status_code == 200
        assert mine.post(f"{path}/users", json={"id": "new", "name": "New"}).status_code == 201
        after = theirs.get(USERS, headers={"If-None-Match": before.headers["etag"]})
        assert after.status_code == 304
        assert theirs.get(USERS).content == before.content
        assert before.json()["organization_name"] == "The other's"

        # A tag of one is not an answer for the other.
        tag = mine.get(USERS).headers["etag"]
        assert theirs.get(USERS, headers={"If-None-Match": tag}).status_code == 200

        # Quarantine and keys are apart too.
        assert fates(mine, event(organization_id="org_9")) == ["quarantined"]
        assert theirs.get("/v1/quarantine").json()["quarantine"] == []
        assert theirs.get("/v1/quarantine?organization_id=org_9").status_code == 404
        assert (
            theirs.post("/v1/organizations", json={"id": "org_9", "name": "9"}).status_code == 201
        )
        begun = theirs.post("/v1/quarantine/replay")
        assert run_over_quarantine(theirs.get, begun)["released"] == 0
        begun = mine.post("/v1/quarantine/replay")
        assert run_over_quarantine(mine.get, begun)["remaining"] == 1
        for key in mine.get("/v1/keys").json()["keys"]:
            assert theirs.delete(f"/v1/keys/{key['prefix']}").status_code == 404
        assert costs(theirs, "org_9") == {}


def test_two_organizations_of_one_tenant(server: Server, shared: Database) -> None:
    platform = Platform(shared)
    for identity in ("org_1", "org_2"):
        platform.organization(identity)
    keys = [platform.key(*BOTH, organization=it) for it in ("org_1", "org_2")]
    with server.client(keys[0]) as first, server.client(keys[1]) as second:
        assert fates(first, event(), event(organization_id="org_2")) == ["accepted", "rejected"]
        assert fates(second, event(organization_id="org_2", quantity=500)) == ["accepted"]
        assert costs(first) == {"user_1": 0.122}
        assert costs(second, "org_2") == {"user_1": 1}

        # What is the other's does not exist, in the same words as what never existed.
        unknown = "org_9"
        for path in (
            f"/v1/analytics/users?organization_id={{}}&{JANUARY}",
            "/v1/organizations/{}",
            "/v1/organizations/{}/users",
            "/v1/organizations/{}/users/user_1",
        ):
            foreign, never = first.get(path.format("org_2")), first.get(path.format(unknown))
            assert foreign.status_code == 404
            assert said(foreign) == said(never)
        listed = first.get("/v1/organizations").json()["organizations"]
        assert [it["id"] for it in listed] == ["org_1"]


def test_two_users_of_one_organization(server: Server, shared: Database) -> None:
    platform = Platform(shared)
    platform.organization()
    keys = [platform.key(*BOTH, organization="org_1", user=it) for it in ("user_1", "user_2")]
    with server.client(keys[0]) as first, server.client(keys[1]) as second:
        foreign = event(id="2", user_id="user_2")
        assert fates(first, event(), foreign, event(id="3", user_id=None)) == [
            "accepted",
            "rejected",
            "rejected",
        ]
        assert fates(second, foreign) == ["accepted"]
        assert (costs(first), costs(second)) == ({"user_1": 0.122}, {"user_2": 0.122})
        for http, other in ((first, "user_2"), (second, "user_1")):
            listed = http.get("/v1/organizations/org_1/users").json()["users"]
            assert [it["id"] for it in listed] != [other]
            assert len(listed) == 1
            path = "/v1/organizations/org_1/users"
            hidden, unknown = http.get(f"{path}/{other}"), http.get(f"{path}/nobody")
            assert hidden.status_code == 404
            assert said(hidden) == said(unknown)
        tag = first.get(USERS).headers["etag"]
        assert second.get(USERS, headers={"If-None-Match": tag}).status_code == 200
