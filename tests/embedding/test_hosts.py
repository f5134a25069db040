"""What a page around the frame needs, may do, and may not do."""

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha384
from urllib.parse import SplitResult, urlsplit

import pytest
from playwright.sync_api import expect

from tests.dashboard.conftest import Demo
from tests.embedding.conftest import (
    PAGE,
    SCRIPT,
    STRICT,
    Host,
    Visit,
    framed,
    heard,
    register,
    token_for,
    until,
    usage,
)
from tests.servers import Server
from tollbook.dashboard.assets import FOLDER

ELEMENT = FOLDER / "embed" / "tollbook.js"
ROWS = ".table-box tbody tr[data-index]"
PLAIN = """
const server = "{server}";
addEventListener("DOMContentLoaded", () => {{
  const frame = document.createElement("iframe");
  frame.title = "Usage";
  frame.width = "1200";
  frame.src = `${{server}}/embed/demo/frame`;
  addEventListener("message", async ({{ source, origin, data }}) => {{
    if (source !== frame.contentWindow || origin !== server || data.tollbook !== 1) return;
    const send = (message) => source.postMessage({{ tollbook: 1, ...message }}, server);
    const settings = {{ organization: "org_abc123", period: "2024-01" }};
    if (data.type === "ready") send({{ type: "init", settings }});
    if (data.type === "need_token") {{
      const {{ token }} = await (await fetch("/token?organization=org_abc123")).json();
      send({{ type: "token", token }});
    }}
    if (data.type === "resize") frame.height = data.height;
  }});
  document.body.append(frame);
}});
"""


@pytest.fixture
def stranger(demo: Demo) -> Iterator[Host]:
    """A page whose origin nobody has registered; there is one of the demo, so frames exist."""
    register(demo, "https://app.example.com")
    made = Host(demo.server.address, "localhost")
    made.make_token = lambda about: demo.new_token(organization_id=about["organization"])
    yield made
    made.close()


def test_a_page_of_another_origin_sees_nothing_and_is_told_why(
    visit: Visit, stranger: Host
) -> None:
    page = visit(stranger, usage(), refused=True)
    until(page, "document.querySelector('tollbook-usage').shadowRoot?.querySelector('iframe')")
    page.main_frame.evaluate("forward(10)")
    until(page, "heard.some(it => it[0] === 'error')")
    (error,) = heard(page, "error")
    assert error["code"] == "frame_refused"
    assert f"register the origin {stranger.address}" in error["message"]
    assert page.locator("iframe").count() == 0


def test_a_page_of_another_origin_reads_no_answer(visit: Visit, stranger: Host, demo: Demo) -> None:
    stranger.policy = "default-src * 'unsafe-inline'"
    page = visit(stranger, "", refused=True)
    token = demo.new_token(organization_id="org_abc123")
    ask = """async ([address, token]) => {
      try { return (await fetch(address, {headers: {"X-API-Key": token}})).status }
      catch (error) { return error.name }
    }"""
    address = f"{demo.server.address}/v1/keys/self"
    assert page.evaluate(ask, [address, token]) == "TypeError"
    register(demo, stranger.address)
    assert page.evaluate(ask, [address, token]) == 200


def test_a_page_draws_its_own_table(visit: Visit, host: Host, demo: Demo) -> None:
    host.policy = "default-src * 'unsafe-inline'"
    page = visit(host, "")
    answer = page.evaluate(
        """async ([address, token]) => {
          const response = await fetch(address, {headers: {Authorization: `Bearer ${token}`}});
          return [(await response.json()).users.length, response.headers.get("x-as-of")];
        }""",
        [
            f"{demo.server.address}/v1/analytics/users?organization_id=org_abc123",
            demo.new_token(organization_id="org_abc123"),
        ],
    )
    assert answer[0] == 2
    assert answer[1].endswith("Z")


def test_a_plain_iframe_gets_its_token_in_the_same_way(
    visit: Visit, host: Host, demo: Demo
) -> None:
    host.script = PLAIN.format(server=demo.server.address)
    page = visit(host, "")
    frame = page.locator("iframe").content_frame
    expect(frame.locator(ROWS)).to_have_count(2)
    expect(frame.locator("tfoot td").last).to_have_text("$337.84")


def test_the_script_works_as_a_module_and_twice(visit: Visit, host: Host) -> None:
    more = (
        f'<script type="module" src="{host.server}/embed/tollbook.js"></script>'
        f'<script src="{host.server}/embed/0123456789abcdef/tollbook.js"></script>'
    )
    page = visit(host, more + usage())
    expect(framed(page).locator(ROWS)).to_have_count(2)


def test_a_page_hosts_a_copy_of_the_script_and_checks_its_hash(visit: Visit, host: Host) -> None:
    digest = b64encode(sha384(ELEMENT.read_bytes()).digest()).decode()
    copy = f'<script src="/copy.js" integrity="sha384-{digest}"'
    host.page = PAGE.replace('<script async src="{server}/embed/tollbook.js"', copy)
    host.files["/copy.js"] = "text/javascript", ELEMENT.read_text()
    host.policy = STRICT.replace("'self' {server};", "'self';", 1)
    page = visit(host, usage(server=host.server))
    expect(framed(page).locator(ROWS)).to_have_count(2)


def test_a_page_that_requires_permission_to_embed_works(visit: Visit, host: Host) -> None:
    host.headers = {
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    page = visit(host, usage())
    assert page.evaluate("crossOriginIsolated") or not page.evaluate("isSecureContext")
    expect(framed(page).locator(ROWS)).to_have_count(2)


def test_a_function_that_is_set_before_the_script_loads_counts(visit: Visit, host: Host) -> None:
    host.script = SCRIPT.replace("DOMContentLoaded", "readystatechange").replace(
        'addEventListener("readystatechange"', 'document.addEventListener("readystatechange"'
    )
    page = visit(host, usage())
    expect(framed(page).locator(ROWS)).to_have_count(2)


def test_the_frame_stores_nothing_and_leaves_the_history_alone(visit: Visit, host: Host) -> None:
    page = visit(host, usage(period=""))
    frame = framed(page)
    expect(frame.locator(ROWS)).to_have_count(2)
    before = page.evaluate("history.length")
    frame.get_by_role("button", name="Previous period").click()
    frame.get_by_role("button", name="SMS Sent").click()
    expect(frame.locator("th[aria-sort]")).to_contain_text("SMS Sent")
    assert page.evaluate("history.length") == before
    content = page.locator("iframe").first.element_handle().content_frame()
    assert content
    assert content.evaluate("sessionStorage.length + localStorage.length") == 0
    assert "tbv_" not in content.url


def test_a_server_under_a_path_is_embedded(visit: Visit, demo: Demo) -> None:
    asked: set[SplitResult] = set()
    of_demo = demo.server
    with Server(of_demo.database_url, root_path="/ledger", **of_demo.settings) as server:
        host = Host(f"{server.address}/ledger", "localhost")
        register(demo, host.address)
        host.make_token = lambda about: token_for(demo, about)
        try:
            page = visit(host, usage())
            page.on("request", lambda it: asked.add(urlsplit(it.url)))
            expect(framed(page).locator(ROWS)).to_have_count(2)
            framed(page).get_by_role("link", name="john@acme.com").click()
            modal = page.locator("dialog iframe").content_frame
            expect(modal.locator("dd").last).to_have_text("$193.35")
        finally:
            host.close()
    paths = [it.path for it in asked if it.port == server.port]
    assert [it for it in paths if not it.startswith("/ledger/")] == []
    assert any("/v1/analytics/" in it for it in paths)


def test_the_frame_hears_registered_pages_only_and_keeps_to_the_first(
    visit: Visit, stranger: Host, demo: Demo
) -> None:
    page = visit(stranger, "", refused=True)
    page.goto(f"{demo.server.address}/embed/demo/frame")
    page.evaluate(
        """new Promise((done) => {
          addEventListener("message", () => requestAnimationFrame(done));
          postMessage({tollbook: 1, type: "init", settings: {organization: "org_abc123"}}, "*");
        })"""
    )
    assert page.locator(".skeleton").count() == 1
