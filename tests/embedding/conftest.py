"""A platform's page on another origin, which shows usage of a real server in a real Chromium."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, FrameLocator, Page

from tests.dashboard.conftest import MILLISECONDS, WIDE, Demo, browser, demo  # noqa: F401
from tests.servers import free_port

JANUARY = "2024-01-01/2024-01-31"
STRICT = (
    "default-src 'none'; script-src 'self' {server}; frame-src {server}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Platform</title>
<script src="/host.js"></script>
<script async src="{server}/embed/tollbook.js"></script></head>
<body><main><h1>Billing</h1><button id="before">Before</button>{body}
<button id="after">After</button></main></body>
</html>
"""
SCRIPT = """
window.heard = [];
window.reasons = [];
for (const name of ["ready", "error", "select", "close"]) {
  addEventListener(`tollbook-${name}`, (event) => heard.push([name, event.detail]));
}
async function fetchToken(about) {
  reasons.push(about.reason);
  const response = await fetch(`/token?${new URLSearchParams(about)}`);
  if (!response.ok) throw new Error(`the platform answers ${response.status}`);
  return response.json();
}
addEventListener("DOMContentLoaded", () => {
  for (const it of document.querySelectorAll("tollbook-usage")) it.fetchToken = fetchToken;
});
"""
LONG_TIMERS = """
(() => {
  const [later, stop, now] = [setTimeout, clearTimeout, performance.now.bind(performance)];
  const waiting = new Map();
  let [moved, last] = [0, 0];
  performance.now = () => now() + moved;
  globalThis.setTimeout = (call, wait = 0, ...given) => {
    if (wait < 5_000) return later(call, wait, ...given);
    waiting.set(--last, { call: () => call(...given), at: performance.now() + wait });
    return last;
  };
  globalThis.clearTimeout = (id) => waiting.delete(id) || stop(id);
  globalThis.forward = (seconds) => {
    moved += 1_000 * seconds;
    for (const [id, it] of waiting) {
      if (it.at <= performance.now() && waiting.delete(id)) it.call();
    }
  };
})();
"""
"""Timers of five seconds and more end when a test says so: no machine is too slow or too fast."""
Given = dict[str, Any]


class Host:
    """A page of a platform on an origin of its own.

    `files` are others that it serves, by path, with type and text. `make_token` answers its request
    for a token; `body` is the content of the page, and `policy` its Content-Security-Policy.
    """

    def __init__(self, server: str, name: str) -> None:
        self.port = free_port()
        self.address = f"http://{name}:{self.port}"
        self.server = server
        self.origin_of_server = "{0.scheme}://{0.netloc}".format(urlsplit(server))
        self.body = ""
        self.policy = STRICT
        self.headers: dict[str, str] = {}
        self.page = PAGE
        self.script = SCRIPT
        self.files: dict[str, tuple[str, str]] = {}
        self.make_token: Callable[[Given], str] = lambda _: ""
        self.listener = ThreadingHTTPServer((name, self.port), self._handler())
        self._thread = threading.Thread(target=self.listener.serve_forever, daemon=True)
        self._thread.start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                status, media_type, text = host.answer(parts.path, dict(parse_qsl(parts.query)))
                content = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", media_type)
                self.send_header("Content-Length", str(len(content)))
                policy = host.policy.format(server=host.origin_of_server)
                self.send_header("Content-Security-Policy", policy)
                for name, value in host.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_GET  # noqa: N815  the name that http.server calls

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Log nothing."""

        return Handler

    def answer(self, path: str, query: Given) -> tuple[int, str, str]:
        """Return the status, the media type and the text of an answer."""
        if path == "/host.js":
            return 200, "text/javascript", self.script
        if path in self.files:
            return 200, *self.files[path]
        if path in ("/token", "/tollbook-token"):
            token = self.make_token(query)
            text = json.dumps({"token": token})
            return (200 if token else 503), "application/json", text
        if path == "/":
            return 200, "text/html", self.page.format(server=self.server, body=self.body)
        return 404, "text/plain", "nothing here"

    def close(self) -> None:
        self.listener.shutdown()
        self.listener.server_close()
        self._thread.join()


def register(demo: Demo, origin: str, key: str = "tenant") -> None:  # noqa: F811
    with demo.server.client(demo.keys[key]) as client:
        assert client.post("/v1/origins", json={"origin": origin}).is_success


def token_for(demo: Demo, about: Given, **more: Any) -> str:  # noqa: F811
    """Return the token that a platform creates for what the element asks for."""
    user = {"user_id": about["user"]} if about.get("user") else {}
    return demo.new_token(organization_id=about["organization"], **user, **more)


@pytest.fixture(params=["localhost"])
def host(request: pytest.FixtureRequest, demo: Demo) -> Iterator[Host]:  # noqa: F811
    """A page whose origin is registered: cross-site by its name, or same-site on another port."""
    made = Host(demo.server.address, request.param)
    register(demo, made.address)
    made.make_token = lambda about: token_for(demo, about)
    yield made
    made.close()
    with demo.server.client(demo.keys["tenant"]) as client:
        client.delete("/v1/origins", params={"origin": made.address})


Visit = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:  # noqa: F811
    """Open the page of a host with some elements; afterwards the console must be empty.

    `refused=True` allows what a browser writes there when a request or a frame is refused.
    """
    contexts: list[Any] = []
    said: list[str] = []

    def open_page(host: Host, body: str, *, refused: bool = False, **more: Any) -> Page:
        host.body = body
        context = browser.new_context(**{"locale": "en-US", "viewport": WIDE, **more})
        contexts.append(context)
        context.add_init_script(LONG_TIMERS)
        page = context.new_page()
        page.set_default_timeout(MILLISECONDS)
        page.on("pageerror", lambda error: said.append(str(error)))
        if not refused:
            page.on(
                "console",
                lambda it: (
                    it.type in ("error", "warning")
                    and said.append(f"{it.text} {it.location['url']}")
                ),
            )
        page.goto(host.address)
        return page

    yield open_page
    for it in contexts:
        it.close()
    assert said == []


def usage(demo_tenant: str = "demo", **attributes: str) -> str:
    """Return the element as HTML."""
    given = {"tenant": demo_tenant, "organization": "org_abc123", "period": JANUARY, **attributes}
    text = " ".join(f'{name}="{value}"' for name, value in given.items() if value)
    return f"<tollbook-usage {text}></tollbook-usage>"


def framed(page: Page, index: int = 0) -> FrameLocator:
    """Return the content of an element's frame."""
    return page.locator("tollbook-usage").nth(index).locator("iframe").first.content_frame


def heard(page: Page, name: str) -> list[Any]:
    """Return the details of the events of a name that the page has got."""
    found: list[Any] = page.evaluate(
        "name => heard.filter(it => it[0] === name).map(it => it[1])", name
    )
    return found


def forward(page: Page, seconds: float) -> None:
    """Let time pass in a page and its frames, for timers of five seconds and more."""
    for frame in page.frames:
        frame.evaluate("seconds => forward(seconds)", seconds)


def until(page: Page, expression: str) -> None:
    """Wait until an expression is true; a strict policy forbids the page to evaluate texts."""
    for _ in range(int(MILLISECONDS) // 50):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(expression)
