"""The frame's document and its script: who may show them, and how they are cached."""

import re
from urllib.parse import quote

import httpx
import pytest

from tests.api.conftest import (  # noqa: F401
    Site,
    Tenant,
    citus_site,
    error_of,
    postgres_site,
    site,
    site_of,
)
from tests.conftest import ENGINES
from tollbook.dashboard.assets import FOLDER
from tollbook.dashboard.pages import POLICY

SCRIPT = FOLDER / "embed" / "tollbook.js"
PAGE = "https://app.example.com"


@pytest.fixture(params=ENGINES)
def tenant(request: pytest.FixtureRequest) -> Tenant:
    return site_of(request).tenant()


def frame(tenant: Tenant, name: str | None = None, **headers: str) -> httpx.Response:
    path = quote(name or tenant.tenant, safe="")
    return tenant.http.get(f"/embed/{path}/frame", headers=headers)


def register(tenant: Tenant, *origins: str) -> None:
    for it in origins:
        assert tenant.post("/v1/origins", json={"origin": it}).status_code == 201


def test_the_frame_may_be_shown_by_registered_origins_only(tenant: Tenant) -> None:
    register(tenant, PAGE, "http://localhost:3000")
    answer = frame(tenant)
    assert answer.status_code == 200
    both = f"http://localhost:3000 {PAGE}"
    policy = answer.headers["content-security-policy"]
    assert policy == POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {both}")
    assert f'data-origins="{both}"' in answer.text
    assert "x-frame-options" not in answer.headers
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cross-origin-embedder-policy"] == "require-corp"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["referrer-policy"] == "no-referrer"
    switched_off = answer.headers["permissions-policy"].split(", ")
    assert {"camera=()", "microphone=()", "geolocation=()", "payment=()", "usb=()"} == {
        *switched_off
    }


def test_without_origins_there_is_no_frame_and_nobody_learns_of_a_tenant(tenant: Tenant) -> None:
    none = tenant.http.get("/nothing")
    for name in (tenant.tenant, "unknown", "a/b", "\0", ".", "x" * 5_000):
        answer = frame(tenant, name)
        assert answer.status_code == 404
        assert error_of(answer) == error_of(none) or name == "."
        assert answer.headers["x-frame-options"] == "DENY"
        none = tenant.http.get("/nothing")


def test_the_frame_is_asked_for_again_and_changes_with_the_origins(tenant: Tenant) -> None:
    register(tenant, PAGE)
    first = frame(tenant)
    same = frame(tenant, **{"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["content-security-policy"] == first.headers["content-security-policy"]
    register(tenant, "https://b.example")
    other = frame(tenant, **{"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    tenant.delete("/v1/origins", params={"origin": PAGE})
    assert PAGE not in frame(tenant).headers["content-security-policy"]
    tenant.delete("/v1/origins", params={"origin": "https://b.example"})
    assert frame(tenant).status_code == 404


def test_the_frame_names_only_files_that_are_served(tenant: Tenant) -> None:
    register(tenant, PAGE)
    text = frame(tenant).text
    named = re.findall(r'(?:src|href)="\.\./\.\./([^"]+)"', text)
    assert any(it.endswith("embed/frame.js") for it in named)
    assert {tenant.http.get(f"/{it}").status_code for it in named} == {200}
    assert not any("views/quarantine" in it or it.endswith("/main.js") for it in named)


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/keys/self", "/healthz", "/nothing"])
def test_everything_else_is_in_no_frame(tenant: Tenant, path: str) -> None:
    register(tenant, PAGE)
    assert tenant.get(path).headers["x-frame-options"] == "DENY"


def test_the_script_is_small_and_for_every_page(tenant: Tenant) -> None:
    assert SCRIPT.stat().st_size < 10 * 1024
    answer = tenant.http.get("/embed/tollbook.js")
    assert answer.content == SCRIPT.read_bytes()
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "no-cache"
    etag = answer.headers["etag"]
    again = tenant.http.get("/embed/tollbook.js", headers={"If-None-Match": etag})
    assert again.status_code == 304


def test_a_version_of_the_script_is_cached_and_an_old_one_leads_to_the_current(
    tenant: Tenant,
) -> None:
    name = tenant.http.get("/embed/tollbook.js").headers["etag"][3:-1]
    answer = tenant.http.get(f"/embed/{name}/tollbook.js")
    assert answer.content == SCRIPT.read_bytes()
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    old = tenant.http.get("/embed/0123456789abcdef/tollbook.js")
    assert (old.status_code, old.headers["location"]) == (307, "../tollbook.js")
    assert old.headers["access-control-allow-origin"] == "*"
    assert "no-store" in old.headers["cache-control"]


def test_the_script_has_nothing_that_a_strict_host_refuses() -> None:
    text = SCRIPT.read_text()
    for word in ("innerHTML", "import.meta", "eval(", "Storage", "document.cookie", "srcdoc"):
        assert word not in text
