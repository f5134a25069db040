"""The page of the demo's platform: it shows no key, and gives tokens to its own customers only."""

import io
import os
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import msgspec
import pytest
import uvicorn
from starlette.testclient import TestClient

from tests.cli.conftest import Tollbook
from tollbook.cli import demo_host
from tollbook.cli.demo import CUSTOMERS
from tollbook.cli.demo_host import host_page

SERVER, KEY = "http://127.0.0.1:9", "tb_secret"


class Server:
    """Stands in for the server that makes viewer tokens."""

    def __init__(self, answer: Any) -> None:
        self.requests: list[Any] = []
        self._answer = answer

    def urlopen(self, request: Any, timeout: float) -> io.BytesIO:
        self.requests.append(request)
        if isinstance(self._answer, Exception):
            raise self._answer
        return io.BytesIO(self._answer)


@pytest.fixture
def page() -> TestClient:
    return TestClient(host_page(SERVER, KEY))


def test_the_page_shows_each_customer_and_no_key(page: TestClient) -> None:
    answer = page.get("/")
    assert answer.headers["content-type"].startswith("text/html")
    assert SERVER in answer.headers["content-security-policy"]
    for it in CUSTOMERS:
        assert it.id in answer.text
    assert KEY not in answer.text
    script = page.get("/billing.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert KEY not in script.text


def test_a_customer_gets_a_token(page: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(b'{"token": "tbv_1"}')
    monkeypatch.setattr("urllib.request.urlopen", server.urlopen)
    answer = page.post(f"/tollbook-token?organization={CUSTOMERS[0].id}")
    assert (answer.status_code, answer.json()) == (200, {"token": "tbv_1"})
    (request,) = server.requests
    assert request.full_url == f"{SERVER}/v1/viewer-tokens"
    assert request.get_header("X-api-key") == KEY
    assert msgspec.json.decode(request.data) == {"organization_id": CUSTOMERS[0].id}


@pytest.mark.parametrize("query", ["", "?organization=", "?organization=org_other"])
def test_nobody_else_gets_one(
    page: TestClient, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    server = Server(b"{}")
    monkeypatch.setattr("urllib.request.urlopen", server.urlopen)
    assert page.post(f"/tollbook-token{query}").status_code == 404
    assert server.requests == []
    assert page.get(f"/tollbook-token{query}").status_code == 405


@pytest.mark.parametrize("answer", [URLError("away"), b"{}", b"no json"])
def test_a_server_that_gives_no_token_is_an_error(
    page: TestClient, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setattr("urllib.request.urlopen", Server(answer).urlopen)
    found = page.post(f"/tollbook-token?organization={CUSTOMERS[1].id}")
    assert found.status_code == 502
    assert found.json()["error"].startswith("no token: ")
    assert KEY not in found.text


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[SimpleNamespace]:
    """Return the servers that were run; none listens."""
    found: list[SimpleNamespace] = []

    def server(config: uvicorn.Config) -> SimpleNamespace:
        made = SimpleNamespace(config=config, should_exit=False, run=lambda: None)
        found.append(made)
        return made

    monkeypatch.setattr(uvicorn, "Server", server)
    return found


def test_the_page_is_served_on_localhost_with_the_keys_of_the_demo(
    tollbook: Tollbook, runs: list[SimpleNamespace]
) -> None:
    said = tollbook.refusal("demo-host")
    assert "run tollbook demo first" in said
    for content in (b"{broken", b'{"acme": "x"}', b"[]"):
        keys = tollbook.write("keys.json", content)
        assert "run tollbook demo first" in tollbook.refusal("demo-host", "--keys", keys)
    keys = tollbook.write("keys.json", msgspec.json.encode({"tenant": KEY}))
    assert tollbook("demo-host", "--keys", keys, "--port", "9").code == 0
    (server,) = runs
    assert (server.config.host, server.config.port) == ("localhost", 9)


def test_the_page_stops_with_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    answers: list[Exception | None] = [None, PermissionError(), ProcessLookupError()]

    def kill(process: int, number: int) -> None:
        assert number == 0
        asked.append(process)
        answer = answers.pop(0)
        if answer:
            raise answer

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(demo_host, "_PAUSE", 0)
    server: Any = SimpleNamespace(should_exit=False)
    demo_host._watch(77, server)
    assert (asked, server.should_exit) == ([77, 77, 77], True)
