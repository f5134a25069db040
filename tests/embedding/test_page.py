"""Run every snippet of docs/embedding.md, and the demo's page."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.commands import Command
from tests.dashboard.conftest import MILLISECONDS, Demo
from tests.demo import MadeDemo
from tests.embedding.conftest import Host, Visit, framed
from tests.servers import free_port
from tollbook.cli.main import run

PAGE = (Path(__file__).parents[2] / "docs" / "embedding.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
LEDGER, PLATFORM = "https://ledger.example.com", "https://app.example.com"
ROWS = ".table-box tbody tr[data-index]"


def snippets(language: str, host: Host) -> list[str]:
    """Return the snippets of a language, with real addresses."""
    found = [text for name, text in BLOCKS if name == language]
    return [it.replace(LEDGER, host.server).replace(PLATFORM, host.address) for it in found]


def test_every_kind_of_snippet_is_run() -> None:
    assert {name for name, _ in BLOCKS} == {"sh", "html", "js", "css", "text"}


def test_three_lines_show_a_customer_their_usage(visit: Visit, host: Host) -> None:
    (lines,), (billing, _, _) = snippets("html", host), snippets("js", host)
    (css,), (policy,) = snippets("css", host), snippets("text", host)
    host.script = "window.reasons = []"
    host.files = {"/billing.js": ("text/javascript", billing), "/page.css": ("text/css", css)}
    host.policy = f"default-src 'self'; {policy.strip()}".replace("script-src", "script-src 'self'")
    page = visit(host, f'<link rel="stylesheet" href="/page.css">{lines}')
    expect(framed(page).locator(ROWS)).to_have_count(2)
    expect(framed(page).locator("html")).to_have_css("font-family", "Georgia, serif")


def test_a_plain_frame_shows_the_same(visit: Visit, host: Host) -> None:
    _, plain, _ = snippets("js", host)
    host.script = f"addEventListener('DOMContentLoaded', () => {{ {plain} }});"
    page = visit(host, "")
    expect(page.locator("iframe").content_frame.locator(ROWS)).to_have_count(2)


def test_a_table_of_the_page_has_the_same_users(visit: Visit, host: Host, demo: Demo) -> None:
    *_, own = snippets("js", host)
    host.policy = f"default-src 'self' {host.server}"
    host.script = own
    page = visit(host, "")
    token = demo.new_token(organization_id="org_abc123")
    users = page.evaluate("it => usersOf('org_abc123', it)", token)
    assert {it["user_name"] for it in users} == {"john@acme.com", "jane@acme.com"}


def test_the_commands_do_what_the_page_says(
    host: Host, demo: Demo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", demo.server.database_url)
    lines = [line for block in snippets("sh", host) for line in block.splitlines()]
    key = {**os.environ, "KEY": demo.keys["tenant"]}
    for line in lines:
        if line.startswith("tollbook "):
            assert run(shlex.split(line)[1:]) == 0, capsys.readouterr().err
            continue
        command = ["bash", "-c", line.replace("curl", "curl -s", 1)]
        done = subprocess.run(command, env=key, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["success"], (line, done.stdout)


def test_the_page_of_the_demo_shows_two_customers_and_ends_with_the_server(
    made_demo: MadeDemo, browser: Browser, demo: Demo
) -> None:
    port = free_port()
    origin = f"http://localhost:{port}"
    with demo.server.client(demo.keys["tenant"]) as client:
        assert client.post("/v1/origins", json={"origin": origin}).is_success
    server = subprocess.Popen(["sleep", "600"])
    page_of = ("--server", demo.server.address, "--port", str(port), "--stop-with", str(server.pid))
    keys = made_demo.folder / "tollbook-demo.json"
    command = Command(demo.server.database_url, "demo-host", *page_of, "--keys", str(keys))
    page = browser.new_page()
    page.set_default_timeout(MILLISECONDS)
    said: list[str] = []
    page.on("console", lambda it: said.append(it.text))
    _open(page, origin)
    for index, place in enumerate((".tile .figure", ROWS) * 2):
        expect(framed(page, index).locator(place).first).to_be_visible()
    expect(framed(page).locator(".tile .figure").first).to_have_text("$341.84")
    page.close()
    server.terminate()
    server.wait()
    assert command.finish().returncode == 0
    assert said == []


def _open(page: Page, origin: str) -> None:
    """Open a page as soon as it is served."""
    for _ in range(200):
        try:
            page.goto(origin)
        except Error:
            page.wait_for_timeout(100)
        else:
            return
    raise AssertionError(origin)
