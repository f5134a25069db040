"""tollbook mcp: what it needs to start, and which names it answers to over HTTP."""

import sys
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
import uvicorn

from tests.cli.conftest import Tollbook
from tollbook.cli import mcp

URL = ("--url", "http://127.0.0.1:9/")


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what HTTP servers were started with; none is started."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(uvicorn, "run", lambda _app, **options: found.append(options))
    monkeypatch.setattr("tollbook.agents.server.tools", dict)
    monkeypatch.delenv("TOLLBOOK_URL", raising=False)
    return found


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Return the names that are allowed, of each server."""
    found: list[list[str]] = []

    def settings(allowed_hosts: list[str], allowed_origins: list[str]) -> None:
        assert allowed_origins == []
        found.append(allowed_hosts)

    monkeypatch.setattr("mcp.server.transport_security.TransportSecuritySettings", settings)
    return found


@pytest.mark.parametrize(
    ("arguments", "hosts"),
    [
        ((), ["127.0.0.1:8765", "localhost:8765", "[::1]:8765"]),
        (("--port", "9"), ["127.0.0.1:9", "localhost:9", "[::1]:9"]),
        (
            ("--host", "::1", "--allow-host", "a.example"),
            ["a.example", "127.0.0.1:8765", "localhost:8765", "[::1]:8765"],
        ),
        (("--host", "localhost"), ["127.0.0.1:8765", "localhost:8765", "[::1]:8765"]),
        (("--host", "0.0.0.0", "--allow-host", "a.example:1"), ["a.example:1"]),
        (("--host", "192.0.2.7", "--allow-host", "a", "--allow-host", "b"), ["a", "b"]),
    ],
)
def test_a_server_answers_to_its_own_names_and_those_allowed(
    tollbook: Tollbook,
    served: list[dict[str, Any]],
    allowed: list[list[str]],
    arguments: tuple[str, ...],
    hosts: list[str],
) -> None:
    ran = tollbook("mcp", *URL, "--http", *arguments)
    assert (ran.code, ran.err) == (0, "")
    assert allowed == [hosts]
    (options,) = served
    assert options["server_header"] is False
    assert options["host"] == (arguments[1] if arguments[:1] == ("--host",) else "127.0.0.1")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "::", "example.com", "localhost2"])
def test_beyond_loopback_names_are_required(
    tollbook: Tollbook, served: list[dict[str, Any]], host: str
) -> None:
    said = tollbook.refusal("mcp", *URL, "--http", "--host", host)
    assert "--allow-host is required beyond loopback" in said
    assert served == []


def test_the_address_may_be_a_variable(
    tollbook: Tollbook, served: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLLBOOK_URL", "http://127.0.0.1:9")
    ran = tollbook("mcp", "--http")
    assert (ran.code, len(served)) == (0, 1), ran.err


def test_what_is_missing_is_named(
    tollbook: Tollbook, served: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--url or TOLLBOOK_URL" in tollbook.refusal("mcp")
    monkeypatch.setenv("TOLLBOOK_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("TOLLBOOK_API_KEY", raising=False)
    assert "TOLLBOOK_API_KEY is required" in tollbook.refusal("mcp")
    monkeypatch.setitem(sys.modules, "mcp", None)
    assert "pip install 'tollbook[mcp]'" in tollbook.refusal("mcp", "--http")
    assert served == []


class Answer(SimpleNamespace):
    """An answer to the question what a key may do."""

    def json(self) -> Any:
        if isinstance(self.content, Exception):
            raise self.content
        return self.content


@pytest.mark.parametrize(
    ("content", "warns"),
    [
        ({"key": {"permissions": ["admin"]}}, True),
        ({"key": {"permissions": ["analytics:read", "admin"]}}, True),
        ({"key": {"permissions": ["analytics:read"]}}, False),
        ({"key": {}}, False),
        ({"success": False}, False),
        ([], False),
        (ValueError("no JSON"), False),
    ],
)
def test_a_key_that_may_change_everything_is_warned_of(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: Any,
    warns: bool,
) -> None:
    asked: list[tuple[str, Any]] = []

    def get(address: str, headers: Any) -> Answer:
        asked.append((address, headers))
        return Answer(content=content)

    monkeypatch.setattr(httpx2, "get", get)
    mcp._warn_of_admin("http://a/base/", "tb_key")
    assert asked == [("http://a/base/v1/keys/self", {"X-API-Key": "tb_key"})]
    assert ("analytics:read only" in capsys.readouterr().err) == warns


def test_a_server_that_is_away_is_no_reason_not_to_start(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def get(*_: Any, **__: Any) -> None:
        raise httpx2.ConnectError("away")

    monkeypatch.setattr(httpx2, "get", get)
    mcp._warn_of_admin("http://a", "tb_key")
    assert capsys.readouterr().err == ""
