"""/v1/origins, and what pages of registered and of other origins may do with /v1."""

from typing import Any

import httpx
import pytest

from tests.api.conftest import Clocked, Tenant, error_of, problems
from tests.api.test_viewer_tokens import made
from tests.builders import event
from tollbook.administration.origins import add_origin, remove_origin
from tollbook.domain.keys import Permission
from tollbook.store.removal import remove_tenant

PATH = "/v1/origins"
USERS = "/v1/analytics/users?organization_id=org_1&start_date=2024-01-01&end_date=2024-01-31"


def page_of(tenant: Tenant) -> str:
    """Return an origin that no other test registers, because preflights name no tenant."""
    return f"https://{tenant.tenant.removeprefix('tenant_')}.example"


def register(tenant: Tenant, origin: str | None = None) -> str:
    origin = origin or page_of(tenant)
    assert tenant.post(PATH, json={"origin": origin}).status_code == 201
    return origin


def preflight(tenant: Tenant, origin: str, path: str = USERS, **headers: str) -> httpx.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": "GET", **headers}
    return tenant.call("OPTIONS", path, "", headers=asked)


def ask(tenant: Tenant, key: str, origin: str, path: str = USERS, **more: str) -> httpx.Response:
    return tenant.get(path, key, headers={"Origin": origin, **more})


def allowed(response: httpx.Response) -> str | None:
    return response.headers.get("access-control-allow-origin")


def test_origins_are_registered_listed_and_removed(either: Tenant) -> None:
    origin = page_of(either)
    assert either.get(PATH).json()["origins"] == []
    new = either.post(PATH, json={"origin": origin})
    known = either.post(PATH, json={"origin": origin})
    assert (new.status_code, known.status_code) == (201, 200)
    assert new.json() == known.json()
    assert new.json()["origin"]["origin"] == origin
    register(either, "https://a.example")
    listed = [it["origin"] for it in either.get(PATH).json()["origins"]]
    assert listed == sorted(["https://a.example", origin])
    removed = either.delete(PATH, params={"origin": origin})
    assert removed.json()["origin"] == new.json()["origin"]
    assert either.delete(PATH, params={"origin": origin}).status_code == 404
    acts = either.get("/v1/audit-log").json()["acts"]
    own = [(it["action"], it["object"]) for it in acts if it["object"] == f"origin {origin}"]
    assert own == [("origin.remove", f"origin {origin}"), ("origin.add", f"origin {origin}")]


def test_what_is_no_origin_is_refused_with_the_right_form(tenant: Tenant) -> None:
    refused = tenant.post(PATH, json={"origin": "https://App.example.com/"})
    error = error_of(refused)
    assert (refused.status_code, error["code"]) == (400, "invalid_origin")
    assert error["error"].endswith(": https://app.example.com")
    assert problems(tenant.delete(PATH)) == [("origin", "missing_parameter")]


def test_a_tenant_has_limits(tenant: Tenant) -> None:
    for number in range(50):
        register(tenant, f"https://{number}.example")
    refused = tenant.post(PATH, json={"origin": "https://50.example"})
    assert (refused.status_code, error_of(refused)["code"]) == (409, "too_many_origins")


def test_all_origins_fit_into_one_header(tenant: Tenant) -> None:
    label = ".".join(["a" * 60] * 4)
    for number in range(15):
        register(tenant, f"https://{number:02}.{label}")
    refused = tenant.post(PATH, json={"origin": f"https://15.{label}"})
    assert "4000 characters" in error_of(refused)["error"]


def test_only_an_admin_of_the_whole_tenant_may_register_origins(tenant: Tenant) -> None:
    bound = tenant.key(Permission.ADMIN, organization="org_1")
    reader = tenant.key(Permission.READ_ANALYTICS)
    token = made(tenant)["token"]
    for key in (bound, reader, token):
        assert tenant.post(PATH, key, json={"origin": page_of(tenant)}).status_code == 403
        assert tenant.get(PATH, key).status_code == 403
        assert tenant.delete(PATH, key, params={"origin": "x"}).status_code == 403


def test_a_preflight_from_a_registered_origin_is_allowed(either: Tenant) -> None:
    origin = register(either)
    answer = preflight(either, origin)
    assert (answer.status_code, answer.content) == (204, b"")
    assert {name: it for name, it in answer.headers.items() if name.startswith("access")} == {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": (
            "X-API-Key, Authorization, Content-Type, Accept, If-None-Match"
        ),
        "access-control-max-age": "600",
    }
    assert "Origin" in answer.headers["vary"]


def test_every_other_preflight_stays_405(tenant: Tenant) -> None:
    origin = register(tenant)
    for answer in (
        preflight(tenant, f"{origin}:8443"),
        preflight(tenant, origin.replace("https", "http")),
        preflight(tenant, "null"),
        tenant.call("OPTIONS", USERS, "", headers={"Origin": origin}),
        tenant.call("OPTIONS", USERS, ""),
        preflight(tenant, origin, "/openapi.json"),
        preflight(tenant, origin, "/"),
    ):
        assert answer.status_code == 405
        assert allowed(answer) is None
    assert preflight(tenant, origin, "/v1/nothing").status_code == 404


def test_a_page_reads_answers_to_its_tenants_tokens(either: Tenant) -> None:
    either.send(event(user_id="ann"))
    origin, token = register(either), made(either)["token"]
    answer = ask(either, token, origin)
    assert (answer.status_code, allowed(answer)) == (200, origin)
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    sent = {name for name in answer.headers if name.startswith("x-") and name in _own(answer)}
    assert sent <= {it.lower() for it in exposed}
    assert {"ETag", "Retry-After", "RateLimit-Remaining", "X-Request-Id"} <= set(exposed)
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]
    bearer = {"Authorization": f"Bearer {token}", "Origin": origin}
    assert allowed(either.get(USERS, "", headers=bearer)) == origin


def _own(answer: httpx.Response) -> set[str]:
    return set(answer.headers) - {"x-content-type-options", "x-frame-options"}


def test_other_pages_api_keys_and_other_tenants_get_no_permission(either: Tenant) -> None:
    origin, token = register(either), made(either)["token"]
    assert allowed(ask(either, token, "https://other.example")) is None
    assert allowed(ask(either, either.admin, origin)) is None
    assert allowed(ask(either, "tb_000000000000_x", origin)) is None
    other = Tenant(either.database, either.http)
    other.organization()
    answer = ask(other, made(other)["token"], origin)
    assert (answer.status_code, allowed(answer)) == (200, None)


def test_a_page_reads_why_its_token_is_refused(clocked: Clocked) -> None:
    tenant = clocked.tenant
    origin, token = register(tenant), made(tenant, expires_in=60)["token"]
    clocked.clock.seconds = 61
    expired = ask(tenant, token, origin)
    assert (expired.status_code, allowed(expired)) == (401, origin)
    missing = ask(tenant, "", origin)
    assert (missing.status_code, allowed(missing)) == (401, origin)
    assert allowed(ask(tenant, token, "https://other.example")) is None


def test_a_change_by_another_process_counts_with_the_next_request(either: Tenant) -> None:
    origin, token = page_of(either), made(either)["token"]
    assert allowed(ask(either, token, origin)) is None
    with either.database.writing() as transaction:
        add_origin(transaction, either.actor(), origin)
    assert allowed(ask(either, token, origin)) == origin
    assert preflight(either, origin).status_code == 204
    with either.database.writing() as transaction:
        remove_origin(transaction, either.actor(), origin)
    assert allowed(ask(either, token, origin)) is None
    assert preflight(either, origin).status_code == 405


def test_all_of_the_api_varies_by_origin_and_nothing_else_does(tenant: Tenant) -> None:
    for path in (USERS, "/v1/keys/self", "/v1/analytics/users"):
        assert "Origin" in tenant.get(path).headers["vary"]
    assert "Origin" in tenant.call("TRACE", USERS).headers["vary"]
    assert "Origin" not in tenant.get("/").headers["vary"]


def test_a_token_may_be_limited_to_origins(either: Tenant) -> None:
    origin = register(either)
    register(either, "https://b.example")
    answer = made(either, origins=[origin, origin])
    token = answer["token"]
    assert answer["viewer_token"]["origins"] == [origin]
    assert ask(either, token, origin).status_code == 200
    assert ask(either, token, "", **{"Tollbook-Embedder": origin}).status_code == 200
    own = "https://ledger.example.com"
    assert ask(either, token, own, **{"Tollbook-Embedder": origin}).status_code == 200
    for refused in (
        ask(either, token, "https://b.example"),
        either.get(USERS, token),
        ask(either, token, origin, **{"Tollbook-Embedder": "https://b.example"}),
    ):
        assert (refused.status_code, error_of(refused)["code"]) == (403, "origin_refused")


@pytest.mark.parametrize(
    "origins",
    [["https://other.example"], ["https://App.example.com"], ["x"] * 51, "https://a.example"],
)
def test_a_token_is_limited_to_registered_origins_only(tenant: Tenant, origins: Any) -> None:
    register(tenant)
    answer = tenant.post("/v1/viewer-tokens", json={"organization_id": "org_1", "origins": origins})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert {field.partition("[")[0] for field, _ in problems(answer)} == {"origins"}


def test_the_origins_of_a_token_have_room_in_a_header(tenant: Tenant) -> None:
    label = ".".join(["a" * 60] * 4)
    origins = [register(tenant, f"https://{number}.{label}") for number in range(4)]
    assert made(tenant, origins=origins[:3])
    answer = tenant.post("/v1/viewer-tokens", json={"organization_id": "org_1", "origins": origins})
    assert problems(answer) == [("origins", "too_long")]


def test_a_deleted_tenant_leaves_no_origin(tenant: Tenant) -> None:
    other = Tenant(tenant.database, tenant.http)
    origin = register(other)
    with other.database.writing() as transaction:
        remove_tenant(transaction, other.tenant, [])
    assert preflight(tenant, origin).status_code == 405
