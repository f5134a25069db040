"""A path means exactly what it says: each segment is decoded once, and an id may hold anything."""

import socket
from urllib.parse import quote

import pytest
from starlette.types import Scope

from tests.api.conftest import Site, Tenant
from tests.builders import event
from tollbook.api.application import ENDPOINTS
from tollbook.api.pipeline.paths import segments_of

ODD = (
    "a/b",
    "a%b",
    "a%2Fb",
    "a?b",
    "a#b",
    "a b",
    "%",
    "/",
    "//",
    "ü/李",
    "שלום\u202e",
    "a+b",
    "a;b=c",
)
EXPECTED = {
    "deleteUser": (409,),
    "deleteOrganization": (409,),
    "discardQuarantinedEvent": (404,),  # the event is charged
}
WITH_IDS = [it for it in ENDPOINTS if "{" in it.path]


def encoded(*segments: str) -> str:
    return "".join(f"/{quote(it, safe='')}" for it in segments)


def test_a_slash_in_one_id_does_not_lead_to_another_resource(either: Tenant) -> None:
    either.organization("a")
    either.organization("a/b")
    either.send(event(id="b/c", organization_id="a"), event(id="c", organization_id="a/b"))
    for path, identity, organization in (
        ("/v1/events/a%2Fb/c", "c", "a/b"),
        ("/v1/events/a/b%2Fc", "b/c", "a"),
        ("/v1/events/a/b/c", "b/c", "a"),
    ):
        found = either.get(path).json()["event"]
        assert (found["id"], found["organization_id"]) == (identity, organization)
    assert either.get("/v1/events/a%252Fb/c").status_code == 404


def test_an_organization_s_id_does_not_reach_a_user(either: Tenant) -> None:
    either.organization("a")
    assert (
        either.post("/v1/organizations/a/users", json={"id": "u", "name": "U"}).status_code == 201
    )
    for method, path in (
        ("PATCH", "/v1/organizations/a%2Fusers%2Fu"),
        ("PATCH", "/v1/organizations%2Fa/users/u"),
        ("DELETE", "/v1/organizations/a%2Fusers/u/personal-data"),
        ("PUT", "/v1/budgets/a%2Fusers%2Fu"),
    ):
        answer = either.call(method, path, json={"status": "suspended", "monthly": 1})
        assert answer.status_code == 404, path
    assert either.get("/v1/organizations/a/users/u").json()["user"]["status"] == "active"


@pytest.mark.parametrize("identity", ODD)
def test_every_id_is_reached_by_its_encoded_form(either: Tenant, identity: str) -> None:
    either.organization(identity, name="odd")
    either.send(event(id=identity, organization_id=identity, user_id=identity))
    organization = encoded("v1", "organizations", identity)
    user = organization + encoded("users", identity)
    assert either.get(organization).json()["organization"]["id"] == identity
    assert either.get(user).json()["user"]["id"] == identity
    shown = either.get(encoded("v1", "events", identity, identity)).json()["event"]
    assert (shown["id"], shown["organization_id"]) == (identity, identity)
    suspended = either.patch(user, json={"status": "suspended"}).json()
    assert (suspended["user"]["id"], suspended["user"]["status"]) == (identity, "suspended")
    budget = encoded("v1", "budgets", identity, "users", identity)
    set_to = {"monthly": 5}
    assert either.call("PUT", budget, json=set_to).status_code == 200
    assert either.get("/v1/budgets").json()["budgets"][0]["user_id"] == identity
    erased = either.delete(f"{user}/personal-data")
    assert erased.status_code == 200, erased.text


BODIES = {
    "createUser": {"id": "another", "name": "a"},
    "changeUser": {"name": "a"},
    "changeOrganization": {"name": "a"},
    "setOrganizationBudget": {"monthly": 1},
    "setUserBudget": {"monthly": 1},
}


@pytest.mark.parametrize("identity", ODD)
def test_every_operation_works_on_every_id(either: Tenant, identity: str) -> None:
    """The operations come from the document: a new one is tried too, those that delete last."""
    other = Tenant(either.database, either.http)  # has no events, and so can be deleted
    other.organization(identity)
    new = {"id": identity, "name": "a"}
    other.post(f"/v1/organizations{encoded(identity, 'users')}", json=new)
    either.organization(identity)
    either.send(event(id=identity, organization_id=identity, user_id=identity))
    named = {"organization_id", "user_id", "event_id"}
    operations = [
        (method, path, operation["operationId"])
        for path, methods in either.get("/openapi.json").json()["paths"].items()
        for method, operation in methods.items()
        if any(it["in"] == "path" and it["name"] in named for it in operation["parameters"])
    ]
    assert len(operations) >= 12
    for method, path, name in sorted(operations, key=lambda it: it[0] == "delete"):
        for parameter in named:
            path = path.replace(f"{{{parameter}}}", quote(identity, safe=""))
        answer = either.call(method.upper(), path, json=BODIES.get(name))
        expected = EXPECTED.get(name, (200, 201))
        assert answer.status_code in expected, (name, answer.text)
    for path in (encoded(identity, "users", identity), encoded(identity)):
        deleted = other.delete(f"/v1/organizations{path}")
        assert deleted.status_code == 200, deleted.text


@pytest.mark.parametrize("identity", [*ODD, "\x1b", "x" * 300])
@pytest.mark.parametrize("endpoint", WITH_IDS, ids=lambda it: it.name)
def test_every_route_with_an_odd_id_is_that_route(
    tenant: Tenant, endpoint: object, identity: str
) -> None:
    requires_refusal(tenant, endpoint, identity)


@pytest.mark.parametrize("endpoint", WITH_IDS, ids=lambda it: it.name)
def test_a_null_character_that_postgresql_does_not_store_is_refused(
    either: Tenant, endpoint: object
) -> None:
    requires_refusal(either, endpoint, "nobody\x00")


def requires_refusal(tenant: Tenant, endpoint: object, identity: str) -> None:
    """Nothing has this id, so an answer of success would be about something else."""
    path, method = endpoint.path, endpoint.method  # type: ignore[attr-defined]
    for name in endpoint.path_parameters:  # type: ignore[attr-defined]
        path = path.replace(f"{{{name}}}", quote(identity, safe=""))
    answer = tenant.call(method, path, json={} if method in ("POST", "PUT", "PATCH") else None)
    assert answer.status_code in (400, 404, 422), answer.text
    assert answer.json()["error"] != "no such endpoint"


@pytest.mark.parametrize("end", ["%", "%2", "%zz", "a%ff", "%c3%28", "%ed%a0%80", "%C0%AF"])
@pytest.mark.parametrize(
    "start", ["/v1/organizations/", "/v1/events/org_1/", "/v1/events/", "/v1/keys/", "/"]
)
def test_broken_escapes_name_nothing(site: Site, start: str, end: str) -> None:
    tenant = site.tenant()
    tenant.organization("%")
    assert raw_status(site, tenant, f"{start}{end}") == 404


def raw_status(site: Site, tenant: Tenant, target: str) -> int:
    """Send a target as it is: a client's library would mend it."""
    url = site.http.base_url
    with socket.create_connection((url.host, url.port or 80)) as connection:
        head = f"GET {target} HTTP/1.1\r\nHost: x\r\nX-API-Key: {tenant.admin}\r\nConnection: close"
        connection.sendall(f"{head}\r\n\r\n".encode())
        return int(connection.makefile("rb").readline().split()[1])


def test_an_empty_id_names_nothing(site: Site) -> None:
    tenant = site.tenant()
    for path in ("/v1/organizations/", "/v1/events/org_1/", "/v1/events//x", "/v1//keys", "//"):
        assert raw_status(site, tenant, path) == 404


@pytest.mark.parametrize(
    ("raw", "root", "segments"),
    [
        (b"/v1/keys", "", ("v1", "keys")),
        (b"/under/it/v1/a%2Fb", "/under/it", ("v1", "a/b")),
        (b"/%C3%BC%20ber/v1", "/ü ber", ("v1",)),
        (b"/under", "/under", ()),
        (b"/underneath/v1", "/under", ("underneath", "v1")),
        (b"/v1/keys", "/under", ("v1", "keys")),
        (b"/v1/%25%32%46", "", ("v1", "%2F")),
    ],
)
def test_the_prefix_of_a_server_is_no_part_of_the_path(
    raw: bytes, root: str, segments: tuple[str, ...]
) -> None:
    scope: Scope = {"raw_path": raw, "root_path": root}
    assert segments_of(scope) == segments
