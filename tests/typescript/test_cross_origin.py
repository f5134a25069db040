"""The TypeScript client in a page of another origin, which reads from a server without a proxy."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.builders import Json, event
from tests.dashboard.conftest import CHROMIUM, MILLISECONDS, SWITCHES
from tests.embedding.conftest import Host
from tests.typescript.building import CLIENT
from tests.typescript.conftest import Site
from tests.typescript.test_browser import JANUARY, PAGE, run, token_of

# Requests that Playwright intercepts get no preflight of their own, so the pages are really served.
_POLICY = "default-src 'self'; connect-src {server}"
USERS = 5


@pytest.fixture
def host(site: Site) -> Iterator[Host]:
    """A page on another site than the server, with the files of the client."""
    made = Host(site.server.address, "localhost")
    made.policy = _POLICY
    made.files["/page"] = "text/html", PAGE
    for path in (CLIENT / "dist").rglob("*.js"):
        name = f"/client/{path.relative_to(CLIENT)}"
        made.files[name] = "text/javascript", path.read_text()
    with site.server.client(site.key) as http:
        events = [event(id=str(it), user_id=f"user_{it}", cost="1.5") for it in range(USERS)]
        assert http.post("/v1/events", json=events).is_success
    yield made
    made.close()


@pytest.fixture
def page(host: Host) -> Iterator[Page]:
    if not CHROMIUM:
        pytest.skip("NO CHROMIUM: run `make test`, or set TOLLBOOK_TEST_CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        opened = browser.new_page()
        opened.set_default_timeout(MILLISECONDS)
        opened.goto(f"{host.address}/page")
        yield opened
        browser.close()


def register(site: Site, origin: str) -> None:
    with site.server.client(site.key) as http:
        assert http.post("/v1/origins", json={"origin": origin}).is_success


def ask(site: Site, page: Page, body: str, **given: Any) -> Any:
    """Run code with a client of the server; an error is its name, code and whether it has an id."""
    return run(
        page,
        f"""
        const tollbook = new Tollbook({{ ...given.options, baseUrl: given.server }});
        try {{ {body} }} catch (error) {{
          return [error.name, error.code ?? null, Boolean(error.requestId)];
        }}
        """,
        **{"server": site.server.address, "january": JANUARY, **given},
    )


def options(site: Site) -> Json:
    return {"token": token_of(site), "maxRetries": 0}


def test_a_page_of_a_registered_origin_reads_page_by_page(
    site: Site, host: Host, page: Page
) -> None:
    register(site, host.address)
    found = ask(
        site,
        page,
        """
        const found = [];
        const query = { ...given.january, limit: 2 };
        for await (const it of tollbook.iterate("getUserAnalytics", query)) found.push(it);
        return found.map((it) => [it.user_id, it.total_cost]);
        """,
        options=options(site),
    )
    assert sorted(found) == [[f"user_{it}", "1.50"] for it in range(USERS)]


def test_errors_are_read_with_their_codes(site: Site, host: Host, page: Page) -> None:
    register(site, host.address)
    reading = "return await tollbook.getUserAnalytics({ ...given.january, ...given.more });"
    given = {"options": options(site)}
    assert ask(site, page, reading, **given, more={"organization_id": "org_2"}) == [
        "NotFound",
        "not_found",
        True,
    ]
    expired = {"options": {"token": "tbv_expired", "maxRetries": 0}, "more": {}}
    assert ask(site, page, reading, **expired)[0] == "InvalidApiKey"


def test_a_page_of_another_origin_reads_nothing(site: Site, host: Host, page: Page) -> None:
    register(site, "https://app.example.com")
    reading = "return await tollbook.getUserAnalytics(given.january);"
    name, code, has_id = ask(site, page, reading, options=options(site))
    assert (name, code, has_id) == ("ServerUnreachable", None, False)


def test_a_token_of_another_origin_is_refused(site: Site, host: Host, page: Page) -> None:
    for origin in (host.address, "https://app.example.com"):
        register(site, origin)
    body = {"organization_id": "org_1", "origins": ["https://app.example.com"]}
    with site.server.client(site.key) as http:
        token = http.post("/v1/viewer-tokens", json=body).json()["token"]
    reading = "return await tollbook.getUserAnalytics(given.january);"
    refused = ask(site, page, reading, options={"token": token, "maxRetries": 0})
    assert refused[1:] == ["origin_refused", True]
