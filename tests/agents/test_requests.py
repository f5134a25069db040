"""The requests of the tools to an API in memory: which they are, and what is an error."""

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from mcp import types

from tollbook.agents.server import Agents, key_in, key_of_request, requires_key
from tollbook.agents.tools import DEFAULT_ROWS, MOST_ROWS, tools

OK: dict[str, Any] = {"success": True}
TOOLS = tools()


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the tools once: they are read from the whole document of the API."""
    monkeypatch.setattr("tollbook.agents.server.tools", lambda: TOOLS)


class Api:
    """An API that gives one answer, and keeps the requests."""

    def __init__(self, answer: Any = None, status: int = 200) -> None:
        self.requests: list[httpx2.Request] = []
        self._answer = OK if answer is None else answer
        self._status = status

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        if isinstance(self._answer, Exception):
            raise self._answer
        if isinstance(self._answer, bytes):
            return httpx2.Response(self._status, content=self._answer)
        return httpx2.Response(self._status, json=self._answer)

    def call(self, name: str, **given: Any) -> tuple[bool, str]:
        """Call a tool; return whether it failed, and its text."""

        async def call() -> types.CallToolResult:
            transport = httpx2.MockTransport(self.handle)
            agents = Agents("http://a/base/", lambda _: "tb_key", transport)
            try:
                params = types.CallToolRequestParams(name=name, arguments=given)
                return await agents._call(SimpleNamespace(), params)  # type: ignore[arg-type]
            finally:
                await agents.aclose()

        result = asyncio.run(call())
        (content,) = result.content
        assert isinstance(content, types.TextContent)
        return bool(result.is_error), content.text


def query_of(request: httpx2.Request) -> dict[str, str]:
    return dict(request.url.params)


def test_parameters_are_written_as_the_api_reads_them() -> None:
    api = Api({"success": True, "users": []})
    assert not api.call("list_users", organization_id="org 1&x", start_date="2024-01-01")[0]
    (request,) = api.requests
    assert (request.method, request.url.path) == ("GET", "/base/v1/analytics/users")
    assert request.headers["X-API-Key"] == "tb_key"
    assert query_of(request) == {
        "amounts": "string",
        "organization_id": "org 1&x",
        "start_date": "2024-01-01",
        "limit": str(DEFAULT_ROWS),
        "include": "totals,meta",
    }
    api.call("list_users", organization_id="org_1", limit=7)
    assert query_of(api.requests[-1])["limit"] == "7"


def test_a_parameter_of_the_path_is_escaped_there() -> None:
    api = Api()
    api.call("explain_event", organization_id="a/b", event_id="../é?x#y")
    (request,) = api.requests
    assert request.url.raw_path.split(b"?")[0] == b"/base/v1/events/a%2Fb/..%2F%C3%A9%3Fx%23y"
    assert "event_id" not in query_of(request)


def test_lists_and_flags_have_one_form() -> None:
    api = Api({"success": True, "series": []})
    schema = TOOLS["get_series"].schema["properties"]
    lists = [it for it, value in schema.items() if value.get("type") == "array"]
    assert lists
    given = {it: ["a", "b"] for it in lists}
    api.call("get_series", organization_id="org_1", **given)
    assert all(query_of(api.requests[-1])[it] == "a,b" for it in lists)
    for flag, text in ((True, "true"), (False, "false")):
        api.call("list_users", organization_id="org_1", active=flag, min_cost=1.5)
        assert query_of(api.requests[-1])["active"] == text
        assert query_of(api.requests[-1])["min_cost"] == "1.5"


def test_an_estimate_sends_its_event_as_json() -> None:
    api = Api({"success": True, "events": []})
    sent = {"id": "a", "type": "voice.call", "organization_id": "o", "time": "t", "quantity": 1}
    assert not api.call("estimate_cost", **sent)[0]
    (request,) = api.requests
    assert (request.method, json.loads(request.content)) == ("POST", sent)
    assert query_of(request) == {"amounts": "string"}


def test_the_key_in_use_has_no_amounts() -> None:
    api = Api()
    api.call("get_access")
    assert query_of(api.requests[0]) == {}


@pytest.mark.parametrize(
    ("limit", "is_refused"), [(0, True), (1, False), (MOST_ROWS, False), (101, True), ("5", True)]
)
def test_a_number_of_rows_has_bounds(limit: Any, is_refused: bool) -> None:
    api = Api({"success": True, "users": []})
    failed, text = api.call("list_users", organization_id="o", limit=limit)
    assert failed == is_refused
    assert ("limit must be from 1 to 100" in text) == is_refused
    assert len(api.requests) == (not is_refused)


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        (httpx2.ConnectError("a"), 200, "unreachable: the server of Tollbook did not answer"),
        (httpx2.ReadTimeout("a"), 200, "unreachable: "),
        (b"<html>", 200, "internal error: the answer is not one of Tollbook"),
        (b"", 502, "internal error: the answer is not one of Tollbook"),
        ({"code": "not_found", "error": "gone"}, 404, "not_found: gone"),
        ({"code": "internal_error", "error": "x", "request_id": "r1"}, 500, "(request r1)"),
        ({"code": None}, 500, "internal error (request None)"),
        ([], 500, "internal error (request None)"),
        ({"success": True, "text": "x" * 30_000}, 200, "too_large: the answer has"),
    ],
)
def test_what_goes_wrong_is_an_error_of_the_tool(answer: Any, status: int, text: str) -> None:
    failed, said = Api(answer, status).call("get_access")
    assert failed
    assert text in said


def test_an_answer_of_several_receipts_is_no_error() -> None:
    failed, said = Api({"success": False, "events": [1]}, 207).call("get_access")
    assert (failed, json.loads(said)) == (False, {"events": [1]})


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ({}, ""),
        ({b"x-api-key": b"tb_a"}, "tb_a"),
        ({b"authorization": b"Bearer tb_b"}, "tb_b"),
        ({b"authorization": b"bearer  tb_b "}, "tb_b"),
        ({b"authorization": b"Basic tb_b"}, ""),
        ({b"authorization": b"Bearer"}, ""),
        ({b"x-api-key": b"tb_a", b"authorization": b"Bearer tb_b"}, "tb_a"),
        ({b"x-api-key": b"", b"authorization": b"Bearer tb_b"}, "tb_b"),
        ({b"x-api-key": b"\xe9"}, "\xe9"),
    ],
)
def test_the_key_is_in_one_of_two_headers(headers: dict[bytes, bytes], key: str) -> None:
    assert key_in(headers) == key
    request = SimpleNamespace(scope={"headers": list(headers.items())})
    assert key_of_request(SimpleNamespace(request=request)) == key  # type: ignore[arg-type]
    assert key_of_request(SimpleNamespace(request=None)) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scope", "passes"),
    [
        ({"type": "http", "headers": []}, False),
        ({"type": "http", "headers": [(b"x-api-key", b"k")]}, True),
        ({"type": "lifespan"}, True),
    ],
)
def test_a_request_without_a_key_never_reaches_the_tools(scope: Any, passes: bool) -> None:
    reached: list[Any] = []
    sent: list[Any] = []

    async def app(given: Any, _receive: Any, _send: Any) -> None:
        reached.append(given)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(requires_key(app)(scope, None, send))  # type: ignore[arg-type]
    assert reached == ([scope] if passes else [])
    if not passes:
        assert (sent[0]["status"], dict(sent[0]["headers"])[b"www-authenticate"]) == (
            401,
            b"Bearer",
        )
        assert sent[1] == {"type": "http.response.body", "body": b""}
