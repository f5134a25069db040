"""The TypeScript client in a real Chromium: it reads with a viewer token."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, sync_playwright

from tests.builders import event
from tests.dashboard.conftest import CHROMIUM, MILLISECONDS, SWITCHES
from tests.typescript.building import CLIENT
from tests.typescript.conftest import Site

PAGE = "<!doctype html><title>A platform's own page</title>"
_EXPORTS = json.loads((CLIENT / "package.json").read_text())["exports"]["."]
_MODULE = _EXPORTS["browser"]["default"].removeprefix("./")
JANUARY = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-01-31"}
_OPENED = "const { Tollbook } = await import('/client/MODULE');".replace("MODULE", _MODULE)


@pytest.fixture
def page(site: Site) -> Iterator[Page]:
    """A page of the same origin as the server, to which the files of the client are added."""
    if not CHROMIUM:
        pytest.skip("NO CHROMIUM: run `make test`, or set TOLLBOOK_TEST_CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        opened = browser.new_page()
        opened.set_default_timeout(MILLISECONDS)
        opened.route(f"{site.server.address}/client/**", _send_file)
        opened.route(
            f"{site.server.address}/page",
            lambda route: route.fulfill(body=PAGE, content_type="text/html"),
        )
        opened.goto(f"{site.server.address}/page")
        yield opened
        browser.close()


def _send_file(route: Route) -> None:
    path = route.request.url.partition("/client/")[2]
    route.fulfill(path=CLIENT / path, content_type="text/javascript")


def run(page: Page, body: str, **given: Any) -> Any:
    return page.evaluate(f"async (given) => {{ {_OPENED} {body} }}", given)


def token_of(site: Site) -> str:
    with site.server.client(site.key) as http:
        answer = http.post("/v1/viewer-tokens", json={"organization_id": "org_1"})
        return str(answer.json()["token"])


def test_a_page_reads_with_a_viewer_token(site: Site, page: Page) -> None:
    with site.server.client(site.key) as http:
        http.post("/v1/events", json=event(cost="12345.678901234"))
    rows = run(
        page,
        """
        const tokens = ["tbv_expired", given.token];
        const tollbook = new Tollbook({ baseUrl: location.origin, token: () => tokens.shift() });
        const found = [];
        for await (const it of tollbook.iterate("getUserAnalytics", given.january)) found.push(it);
        return found;
        """,
        token=token_of(site),
        january=JANUARY,
    )
    assert [(it["user_id"], it["total_cost"]) for it in rows] == [("user_1", "12345.678901234")]


def test_what_a_token_may_not_do_is_an_error(site: Site, page: Page) -> None:
    found = run(
        page,
        """
        const tollbook = new Tollbook({ baseUrl: location.origin, token: given.token });
        const other = tollbook.getUserAnalytics({ ...given.january, organization_id: "org_2" });
        const writing = tollbook.createOrganization({ body: { id: "org_3", name: "New" } });
        return Promise.all([other, writing].map((it) => it.catch((error) => error.name)));
        """,
        token=token_of(site),
        january=JANUARY,
    )
    assert found == ["NotFound", "PermissionMissing"]


def test_an_api_key_is_refused_in_a_browser(page: Page) -> None:
    found = run(
        page,
        """
        const { ConfigurationError, Meter } = await import('/client/MODULE');
        try {
          new Tollbook({ baseUrl: location.origin, apiKey: "tb_key" });
        } catch (error) {
          return [error instanceof ConfigurationError, error.message, typeof Meter];
        }
        """.replace("MODULE", _MODULE),
    )
    assert found == [True, "apiKey must not be in a browser: use a viewer token", "undefined"]


def test_a_redirect_and_an_abort_in_a_browser(site: Site, page: Page) -> None:
    page.route("**/v1/budgets", lambda route: route.fulfill(status=302, headers={"Location": "/"}))
    found = run(
        page,
        """
        const tollbook = new Tollbook({ baseUrl: location.origin, token: given.token });
        const abort = new AbortController();
        const aborted = tollbook.getUserAnalytics(given.january, { signal: abort.signal });
        abort.abort(new Error("the page was left"));
        const named = (error) => `${error.name}: ${error.message.split(":")[0]}`;
        return Promise.all([tollbook.listBudgets(), aborted].map((it) => it.catch(named)));
        """,
        token=token_of(site),
        january=JANUARY,
    )
    assert found == [
        "InvalidAnswer: the server redirects to another address",
        "Error: the page was left",
    ]
