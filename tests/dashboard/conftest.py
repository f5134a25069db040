"""The page in a real Chromium, before a real server with the demo and 10,000 users more."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from tests.clusters import CitusCluster
from tests.conftest import CITUS
from tests.dashboard.measuring import ORGANIZATION, send_many
from tests.demo import MadeDemo
from tests.servers import SECRET_KEY, Server
from tests.waiting import PATIENCE

CHROMIUM = (
    os.environ.get("TOLLBOOK_TEST_CHROMIUM")
    or shutil.which("chromium-headless-shell")
    or shutil.which("chromium")
)
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDE: ViewportSize = {"width": 1600, "height": 1000}
JANUARY = "start=2024-01-01&end=2024-01-31"
MILLISECONDS = 1_000 * PATIENCE
expect.set_options(MILLISECONDS)


class Demo:
    """A server with demo data, and its keys by name."""

    def __init__(self, server: Server, keys: dict[str, str]) -> None:
        self.server = server
        self.keys = keys
        self.address = f"{server.address}/"

    def get(self, key: str, path: str) -> Any:
        """Ask the API what the page shows."""
        with self.server.client(self.keys[key]) as client:
            answer = client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def new_key(self, **given: Any) -> str:
        with self.server.client(self.keys["tenant"]) as client:
            body = {"name": "test", "permissions": ["analytics:read"], **given}
            return str(client.post("/v1/keys", json=body).json()["api_key"])

    def new_token(self, **given: Any) -> str:
        """Ask for a viewer token, as a platform does for its customer's browser."""
        with self.server.client(self.keys["tenant"]) as client:
            return str(client.post("/v1/viewer-tokens", json=given).json()["token"])


@pytest.fixture(scope="package", params=("sqlite", "citus") if CITUS else ("sqlite",))
def demo(
    request: pytest.FixtureRequest, made_demo: MadeDemo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    url = made_demo.copied_to(tmp_path_factory.mktemp("dashboard"))
    settings = {}
    if request.param == "citus":  # where no file next to the database has the secret key
        citus: CitusCluster = request.getfixturevalue("citus")
        url, settings = citus.copy_of(url), {"secret_key": SECRET_KEY}
    with Server(url, **settings) as server:
        yield Demo(server, made_demo.keys)


@pytest.fixture(scope="package")
def many(demo: Demo) -> str:
    """An organization of 10,000 users with usage in January 2024."""
    with demo.server.client(demo.keys["tenant"]) as client:
        send_many(client)
    return ORGANIZATION


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("NO CHROMIUM: run `make test`, or set TOLLBOOK_TEST_CHROMIUM to its path")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield started
        started.close()


@pytest.fixture(scope="package")
def window(browser: Browser, demo: Demo) -> Iterator[BrowserContext]:
    """A context in which each test opens a tab: a new one starts a process and loads everything.

    Its first tab stays open, and with it the process of the page.
    """
    context = browser.new_context(locale="en-US", viewport=WIDE)
    context.new_page().goto(f"{demo.address}healthz")
    yield context
    context.close()


Look = Callable[..., Page]


@pytest.fixture
def look(browser: Browser, window: BrowserContext, demo: Demo) -> Iterator[Look]:
    """Open the page with a key of the demo, or any key; afterwards its console must be empty.

    `refused=True` allows what a browser writes there when the server refuses a request. A page
    with no options but its size is a tab of `window`, unless the test has such a tab open.
    """
    tabs: list[Page] = []
    contexts: list[BrowserContext] = []
    said: list[str] = []

    def new_page(**more: Any) -> Page:
        if more.keys() - {"viewport"} or not all(it.is_closed() for it in tabs):
            context = browser.new_context(**{"locale": "en-US", "viewport": WIDE, **more})
            contexts.append(context)
            return context.new_page()
        page = window.new_page()
        tabs.append(page)
        page.set_viewport_size(more.get("viewport", WIDE))
        return page

    def open_page(
        key: str | None, fragment: str = "", *, refused: bool = False, **more: Any
    ) -> Page:
        page = new_page(**more)
        page.set_default_timeout(MILLISECONDS)
        page.on("pageerror", lambda error: said.append(str(error)))

        def heard(message: Any) -> None:
            by_refusal = refused and message.text.startswith("Failed to load resource")
            if message.type in ("error", "warning") and not by_refusal:
                said.append(f"{message.text} {message.location['url']}")

        page.on("console", heard)
        if key:
            text = json.dumps(demo.keys.get(key, key))
            page.add_init_script(f"sessionStorage.setItem('tollbook.key', {text})")
        page.goto(demo.address + fragment)
        return page

    yield open_page
    for it in (*tabs, *contexts):
        it.close()
    window.set_offline(False)
    window.pages[0].evaluate("localStorage.clear()")
    assert said == []


@contextmanager
def held(page: Page, pattern: str) -> Iterator[list[Any]]:
    """Keep requests on their way; afterwards they go on, unless the page has dropped them."""
    waiting: list[Any] = []
    page.route(pattern, lambda route: waiting.append(route))
    yield waiting
    for route in waiting:
        route.continue_()
    page.unroute(pattern)


def fits(page: Page, width: int) -> None:
    """Wait until the page has been drawn in a new size and is no wider; fail if it stays wider."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)


def table(page: Page) -> list[list[str]]:
    """Read the table of users or organizations as it is shown: heading, rows, totals."""
    page.wait_for_selector(".table-box tbody tr[data-index]")
    found: list[list[str]] = page.eval_on_selector_all(
        ".table-box tr:not(.gap)",
        "rows => rows.map(row => [...row.children].map(cell => "
        "(cell.querySelector('button span') ?? cell).textContent.trim()))",
    )
    return found
