"""Viewer tokens: what a browser holds sees one organization or user, reads only, and ends."""

from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.api.conftest import Clocked, Tenant, prefix, problems
from tests.builders import Json, Platform, event
from tests.servers import SECRET_KEY, Server
from tollbook.api.application import ENDPOINTS
from tollbook.domain.keys import Limits, Permission
from tollbook.domain.viewers import SecretKeys, Viewer, new_id, new_secret, read, signed
from tollbook.store.audit import Actor, acts
from tollbook.store.database import Database, open_database
from tollbook.wiring import now

PATH = "/v1/viewer-tokens"
DAYS = "start_date=2024-01-01&end_date=2024-01-31"


def made(tenant: Tenant, key: str | None = None, **given: Any) -> Json:
    answer = tenant.post(PATH, key, json={"organization_id": "org_1", **given})
    assert answer.status_code == 201, answer.text
    token: Json = answer.json()
    return token


def users(tenant: Tenant, token: str, organization: str = "org_1") -> tuple[int, list[str]]:
    answer = tenant.get(f"/v1/analytics/users?organization_id={organization}&{DAYS}", token)
    rows = answer.json().get("users", [])
    return answer.status_code, [it["user_id"] for it in rows]


@pytest.fixture
def two(either: Tenant) -> Tenant:
    """Two organizations with two users each."""
    either.organization("org_2")
    for organization in ("org_1", "org_2"):
        for user in ("ann", "bob"):
            either.send(event(id=user, user_id=user, organization_id=organization))
    return either


def test_a_token_sees_exactly_one_organization(two: Tenant) -> None:
    token = made(two)["token"]
    assert users(two, token) == (200, ["ann", "bob"])
    assert users(two, token, "org_2")[0] == 404
    listed = two.get("/v1/organizations", token).json()["organizations"]
    assert [it["id"] for it in listed] == ["org_1"]


def test_a_token_sees_exactly_one_user(two: Tenant) -> None:
    token = made(two, user_id="ann")["token"]
    assert users(two, token) == (200, ["ann"])
    assert two.get("/v1/events/org_1/ann", token).status_code == 200
    assert two.get("/v1/events/org_1/bob", token).status_code == 404
    assert two.get("/v1/organizations/org_1/users/bob", token).status_code == 404


def test_a_token_may_be_carried_as_a_bearers(two: Tenant) -> None:
    token = made(two, user_id="ann")["token"]
    headers = {"Authorization": f"Bearer {token}"}
    path = f"/v1/analytics/users?organization_id=org_1&{DAYS}"
    assert two.get(path, "", headers=headers).content == two.get(path, token).content


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda it: f"{it.method} {it.path}")
def test_a_token_writes_nothing_and_administers_nothing(tenant: Tenant, endpoint: Any) -> None:
    if endpoint.permission in (None, Permission.READ_ANALYTICS) and endpoint.method == "GET":
        return
    path = endpoint.path
    for name, example in endpoint.path_parameters.items():
        path = path.replace(f"{{{name}}}", example)
    token = made(tenant)["token"]
    answer = tenant.call(endpoint.method, path, token, json={"organization_id": "org_1"})
    reads = endpoint.path == "/v1/rate"
    assert answer.status_code == (207 if reads else 403), answer.text


def test_a_token_can_ask_what_it_is(either: Tenant) -> None:
    answer = made(either, user_id="ann", expires_in=60)
    key = either.get("/v1/keys/self", answer["token"]).json()["key"]
    shown = answer["viewer_token"]
    assert key == {
        "prefix": shown["id"],
        "name": "viewer token",
        "tenant_id": either.tenant,
        "organization_id": "org_1",
        "user_id": "ann",
        "permissions": ["analytics:read"],
        "expires_at": shown["expires_at"],
        "meters": [],
        "requests_per_minute": None,
        "id_prefix": None,
    }


def test_a_token_ends(clocked: Clocked) -> None:
    token = made(clocked.tenant, expires_in=120)["token"]
    assert users(clocked.tenant, token)[0] == 200
    clocked.clock.seconds = 121
    assert users(clocked.tenant, token)[0] == 401


def test_a_token_lasts_a_quarter_of_an_hour_unless_said_and_no_longer_than_its_key(
    either: Tenant,
) -> None:
    viewer = read(made(either)["token"])
    assert viewer is not None
    assert viewer.expires_at - viewer.created_at == 15 * 60 * 1_000_000
    end = now() + 60_000_000
    short = either.key(Permission.READ_ANALYTICS, limits=Limits(expires_at=end))
    viewer = read(made(either, short)["token"])
    assert viewer is not None
    assert viewer.expires_at == end


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"expires_in": 0}, "expires_in"),
        ({"expires_in": 86_401}, "expires_in"),
        ({"expires_in": "60"}, "expires_in"),
        ({"user_id": ""}, "user_id"),
        ({"tenant_id": "other"}, "tenant_id"),
    ],
)
def test_a_malformed_request_is_refused(tenant: Tenant, body: Json, field: str) -> None:
    answer = tenant.post(PATH, json={"organization_id": "org_1", **body})
    assert answer.status_code == 400
    assert [it[0] for it in problems(answer)] == [field]


def test_a_token_is_dead_when_it_is_taken_back_and_others_are_not(two: Tenant) -> None:
    one, other = made(two), made(two)
    identity = one["viewer_token"]["id"]
    assert users(two, one["token"])[0] == 200
    assert two.delete(f"{PATH}/{identity}").json() == {"success": True, "id": identity}
    assert [users(two, it["token"])[0] for it in (one, other)] == [401, 200]
    assert two.delete(f"{PATH}/{identity}").status_code == 200


def test_an_organization_takes_back_its_own_tokens_only(two: Tenant) -> None:
    mine = two.key(Permission.READ_ANALYTICS, organization="org_1")
    token = made(two, mine)
    theirs = two.key(Permission.ADMIN, organization="org_2")
    path = f"{PATH}/{token['viewer_token']['id']}"
    assert two.delete(path, theirs).status_code == 200
    assert users(two, token["token"])[0] == 200
    stranger = Tenant(two.database, two.http)
    stranger.organization()
    made(stranger)
    assert stranger.delete(path).status_code == 404
    assert users(two, token["token"])[0] == 200
    assert two.delete(path, mine).status_code == 200
    assert users(two, token["token"])[0] == 401


def test_all_tokens_of_a_tenant_and_of_no_other_are_taken_back_at_once(two: Tenant) -> None:
    stranger = Tenant(two.database, two.http)
    stranger.organization()
    tokens = [made(two)["token"], made(two)["token"]]
    foreign = made(stranger)["token"]
    assert two.delete(PATH).status_code == 200
    assert [users(two, it)[0] for it in tokens] == [401, 401]
    assert users(stranger, foreign)[0] == 200
    assert users(two, made(two)["token"])[0] == 200


def test_tokens_end_with_the_key_that_asked_for_them(two: Tenant) -> None:
    key = two.key(Permission.READ_ANALYTICS)
    token = made(two, key)["token"]
    assert users(two, token)[0] == 200
    two.revoke(key)
    assert users(two, token)[0] == 401


def test_a_token_is_narrowed_as_its_key_is(two: Tenant) -> None:
    limits = Limits(meters=("voice.call",), requests_per_minute=3)
    token = made(two, two.key(Permission.READ_ANALYTICS, limits=limits))["token"]
    assert [users(two, token)[0] for _ in range(3)] == [403, 403, 429]


def test_a_key_of_an_organization_gets_tokens_of_that_organization_only(two: Tenant) -> None:
    key = two.key(Permission.READ_ANALYTICS, organization="org_1")
    assert two.post(PATH, key, json={"organization_id": "org_2"}).status_code == 404
    one = two.key(Permission.READ_ANALYTICS, organization="org_1", user="ann")
    assert users(two, made(two, one)["token"]) == (200, ["ann"])
    answer = two.post(PATH, one, json={"organization_id": "org_1", "user_id": "bob"})
    assert problems(answer) == [("user_id", "not_for_this_key")]


def test_what_was_not_signed_here_is_nothing(two: Tenant) -> None:
    token = made(two)["token"]
    viewer = read(token)
    assert viewer is not None
    forged = [
        signed(viewer, new_secret().encode()),
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        token + "A",
        token.upper(),
        "tbv_",
        "tbv_AAAA",
    ]
    for text in forged:
        assert users(two, text)[0] == 401, text


@pytest.mark.parametrize(
    "viewer",
    [
        Viewer("tbv_1", "a\0b", "org_1", None, "tb_0123456789ab", 0, 2**60),
        Viewer("tbv_1", "nobody", "org_1", None, "\0", 0, 2**60),
        Viewer("tbv_1", "nobody", "org_1", None, "tb_0123456789ab", 0, 2**60),
        Viewer("tbv_1", "nobody", "org_1", None, "tb_0123456789ab_x", 0, 2**60),
    ],
)
def test_a_made_up_token_is_no_error_of_the_server(either: Tenant, viewer: Viewer) -> None:
    assert users(either, signed(viewer, new_secret().encode()))[0] == 401


def test_another_tenants_secret_signs_nothing_here(two: Tenant) -> None:
    stranger = Tenant(two.database, two.http)
    stranger.organization()
    made(stranger)
    made(two)
    (secret,) = stranger.rows(
        "SELECT secret FROM viewer_secrets WHERE tenant_id = :tenant", tenant=stranger.tenant
    )[0]
    end = now() + 60_000_000
    for issuer in (stranger.admin, two.admin):
        viewer = Viewer(new_id(secret), two.tenant, "org_1", None, prefix(issuer), now(), end)
        (key,) = SecretKeys((SECRET_KEY,)).derive(stranger.tenant, secret)
        for signing in (key, bytes.fromhex(secret)):
            assert users(two, signed(viewer, signing))[0] == 401


@pytest.mark.parametrize("identity", ["tbv_0123456789abcdef", "tbv_", "x", "tbv_" + "0" * 300])
def test_an_id_that_was_made_up_is_not_found_and_changes_nothing(
    either: Tenant, identity: str
) -> None:
    assert either.delete(f"{PATH}/{identity}").status_code == 404
    made(either)
    (before,) = either.rows("SELECT token FROM directory_state")
    reader = either.key(Permission.READ_ANALYTICS, organization="org_1")
    (changed,) = either.rows("SELECT token FROM directory_state")
    assert changed != before
    for key in (None, reader):
        answer = either.delete(f"{PATH}/{identity}", key)
        assert (answer.status_code, answer.json()["error"]) == (404, "Viewer token not found")
    assert either.rows("SELECT token FROM directory_state") == [changed]
    acts = either.get("/v1/audit-log?action=viewer_token.revoke").json()["acts"]
    assert acts == []


def test_revoking_again_is_logged_once(either: Tenant) -> None:
    identity = made(either)["viewer_token"]["id"]
    for _ in range(3):
        assert either.delete(f"{PATH}/{identity}").status_code == 200
    acts = either.get("/v1/audit-log?action=viewer_token.revoke").json()["acts"]
    assert [it["object"] for it in acts] == [f"viewer token {identity}"]


def test_the_rate_of_a_key_covers_its_tokens(either: Tenant) -> None:
    key = either.key(Permission.READ_ANALYTICS, limits=Limits(requests_per_minute=4))
    tokens = [made(either, key)["token"] for _ in range(2)]
    assert [users(either, it)[0] for it in (*tokens, *tokens)] == [200, 200, 429, 429]
    assert either.get("/v1/keys/self", key).status_code == 429


def test_of_many_tokens_the_log_has_the_first_and_the_number_of_the_others(
    clocked: Clocked,
) -> None:
    tenant = clocked.tenant
    key = tenant.key(Permission.READ_ANALYTICS)
    first = made(tenant, key)["viewer_token"]["id"]
    for _ in range(3):
        made(tenant, key)

    def logged() -> list[Json]:
        acts = tenant.get("/v1/audit-log?action=viewer_token.create").json()["acts"]
        return [it for it in acts if it["key_prefix"] == prefix(key)]

    assert [it["object"] for it in logged()] == [f"viewer token {first}"]
    clocked.services.created_tokens.write(clocked.clock())
    assert len(logged()) == 1
    clocked.clock.seconds = 3_600
    clocked.services.created_tokens.write(clocked.clock())
    others, one = logged()
    assert (others["object"], others["details"]["count"]) == ("viewer tokens", 3)
    assert one["object"] == f"viewer token {first}"
    made(tenant, key)
    assert [it["object"] for it in logged()].count("viewer tokens") == 1
    assert len(logged()) == 3


def test_a_token_created_while_the_first_is_being_created_is_not_logged_too(
    clocked: Clocked,
) -> None:
    tenant = clocked.tenant
    key = tenant.key(Permission.READ_ANALYTICS)
    first = Actor(tenant.tenant, prefix(key), clocked.clock())
    assert clocked.services.created_tokens.is_first(first, None)
    token = made(tenant, key)["token"]
    assert users(tenant, token)[0] == 200
    assert tenant.get("/v1/audit-log?action=viewer_token.create").json()["acts"] == []


def test_the_number_of_tokens_is_logged_when_the_server_stops(
    database: Database, database_url: str
) -> None:
    tenant = Platform(database)
    tenant.organization()
    running = Server(database_url, secret_key=SECRET_KEY)
    with running as server, server.client(tenant.key()) as http:
        for _ in range(3):
            assert http.post(PATH, json={"organization_id": "org_1"}).status_code == 201
        server.stop()
    with database.reading() as snapshot:
        found = [it for it in acts(snapshot, tenant.tenant) if it.action == "viewer_token.create"]
    assert [it.details.get("count") for it in found] == [2, None]


def test_a_key_creates_so_many_tokens_a_minute(sqlite_url: str) -> None:
    with closing(open_database(sqlite_url)) as database:
        tenant = Platform(database)
        tenant.organization()
        keys = [tenant.key(), tenant.key()]
    body = {"organization_id": "org_1"}
    with Server(sqlite_url, max_viewer_tokens_per_minute="2") as server, server.client() as http:

        def create(key: str) -> httpx.Response:
            return http.post(PATH, json=body, headers={"X-API-Key": key})

        assert [create(keys[0]).status_code for _ in range(3)] == [201, 201, 429]
        refused = create(keys[0])
        assert (refused.json()["code"], refused.headers["retry-after"]) == ("rate_limited", "30")
        assert create(keys[1]).status_code == 201
