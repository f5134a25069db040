"""Tools for agents, called by the client of the SDK against a real server."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.api.conftest import Tenant, site
from tests.builders import Json, event
from tests.conftest import migrated_file
from tests.servers import free_port
from tests.waiting import wait_for
from tollbook.agents.answers import MOST_CHARACTERS, TooLarge, shown
from tollbook.agents.server import Agents
from tollbook.agents.tools import MOST_ROWS, tools
from tollbook.domain.keys import Permission

__all__ = ["migrated_file", "site"]
JANUARY = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-01-31"}
CALLS: dict[str, Json] = {
    "get_access": {},
    "list_organizations": {"start_date": "2024-01-01", "end_date": "2024-01-31"},
    "get_overview": {"start_date": "2024-01-01", "end_date": "2024-01-31"},
    "list_users": JANUARY,
    "get_series": JANUARY,
    "get_changes": JANUARY,
    "get_forecast": {"organization_id": "org_1"},
    "list_budgets": {},
    "list_events": JANUARY,
    "explain_event": {"organization_id": "org_1", "event_id": "call-0"},
    "estimate_cost": event(id="estimate"),
}


class Recorded(httpx2.AsyncHTTPTransport):
    """Sends requests, and keeps what they were."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.sent.append((request.method, request.url.path))
        return await super().handle_async_request(request)


@pytest.fixture
def tenant(site: Any) -> Tenant:
    tenant: Tenant = site.tenant()
    tenant.organization()
    events = [event(id=f"call-{i}", user_id=f"user_{i}", cost="0.000000001") for i in range(30)]
    assert tenant.post("/v1/events", json=events).status_code == 200
    return tenant


def use(server: Any, work: Callable[[Client], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        try:
            async with Client(server.server() if isinstance(server, Agents) else server) as client:
                return await work(client)
        finally:
            if isinstance(server, Agents):
                await server.aclose()

    return asyncio.run(run())


def call(tenant: Tenant, name: str, given: Json, key: str | None = None) -> tuple[bool, str]:
    transport = Recorded()
    agents = Agents(str(tenant.http.base_url), lambda _: key or tenant.admin, transport)
    result = use(agents, lambda client: client.call_tool(name, given))
    for method, path in transport.sent:
        assert method == "GET" or (method, path) == ("POST", "/v1/rate")
    return bool(result.is_error), result.content[0].text


@pytest.mark.parametrize("name", CALLS)
def test_every_tool_answers_with_an_object(tenant: Tenant, name: str) -> None:
    failed, text = call(tenant, name, CALLS[name], tenant.key(Permission.READ_ANALYTICS))
    assert not failed, text
    assert isinstance(json.loads(text), dict)
    assert len(text) <= MOST_CHARACTERS


def test_every_tool_is_called_here_and_only_reads(tenant: Tenant) -> None:
    agents = Agents(str(tenant.http.base_url), lambda _: tenant.admin)
    listed = use(agents, lambda client: client.list_tools()).tools
    assert {tool.name for tool in listed} == set(CALLS) == set(tools())
    assert all(tool.annotations.read_only_hint for tool in listed)
    for tool in listed:
        assert not {"format", "include", "amounts"} & set(tool.input_schema["properties"])


def test_rows_come_with_totals_and_in_exact_text(tenant: Tenant) -> None:
    answer = json.loads(call(tenant, "list_users", JANUARY)[1])
    assert (answer["shown"], len(answer["rows"]), answer["total"]) == (20, 20, None)
    assert answer["rows"][0]["total_cost"] == "0.000000001"
    assert answer["totals"]["total_cost"] == "0.00000003"
    assert answer["as_of"]
    assert answer["currency"] == "USD"
    rest = json.loads(call(tenant, "list_users", {**JANUARY, "cursor": answer["next_cursor"]})[1])
    assert (rest["shown"], rest["next_cursor"]) == (10, None)


def test_a_tool_has_the_rights_of_its_key(tenant: Tenant) -> None:
    failed, text = call(tenant, "list_users", JANUARY, tenant.key(Permission.WRITE_EVENTS))
    assert failed
    assert text.startswith("permission_missing: ")
    tenant.organization("org_2")
    bound = tenant.key(Permission.READ_ANALYTICS, organization="org_2")
    assert call(tenant, "list_users", JANUARY, bound)[1].startswith("not_found: ")


@pytest.mark.parametrize(
    ("name", "given", "sentence"),
    [
        ("list_users", {}, "organization_id is required"),
        ("list_users", {**JANUARY, "limit": MOST_ROWS + 1}, "limit must be from 1 to 100"),
        ("list_users", {**JANUARY, "format": "csv"}, "unknown argument format"),
        ("list_users", {**JANUARY, "end_date": "2024-02-30"}, "- end_date: end_date must be"),
        ("drop_tables", {}, "there is no tool drop_tables"),
    ],
)
def test_wrong_arguments_are_errors_of_the_tool(
    tenant: Tenant, name: str, given: Json, sentence: str
) -> None:
    failed, text = call(tenant, name, given)
    assert failed
    assert sentence in text


def test_what_does_not_fit_is_cut_with_a_sentence() -> None:
    rows = [{"user_id": f"user_{i}", "note": "x" * 500} for i in range(100)]
    answer = json.loads(shown({"success": True, "users": rows, "next_cursor": "next"}, "users"))
    assert answer["shown"] == len(answer["rows"]) < 100
    assert answer["next_cursor"] is None
    assert answer["note"].startswith(f"Only the first {answer['shown']} of 100 rows are shown")
    series = {"success": True, "bucket": "hour", "series": [{"costs": ["0.01"] * 9000}]}
    with pytest.raises(TooLarge, match="bucket=day"):
        shown(series, "series")


def environment(**given: str) -> dict[str, str]:
    return {**os.environ, **given}


def test_standard_input_and_output(tenant: Tenant) -> None:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "tollbook", "mcp", "--url", str(tenant.http.base_url)],
        env=environment(TOLLBOOK_API_KEY=tenant.admin),
    )
    result = use(command, lambda client: client.call_tool("get_access", {}))
    assert json.loads(result.content[0].text)["key"]["tenant_id"] == tenant.tenant


def test_http_passes_on_the_key_of_each_request(tenant: Tenant) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}/mcp"
    verb = ["mcp", "--url", str(tenant.http.base_url), "--http", "--port", str(port)]
    process = subprocess.Popen([sys.executable, "-m", "tollbook", *verb], env=environment())
    try:
        wait_for(lambda: _status(address, {}))
        assert _status(address, {}) == 401
        assert _status(address, {"X-API-Key": tenant.admin, "Host": "evil.example"}) == 421
        origin = {"X-API-Key": tenant.admin, "Origin": "https://evil.example"}
        assert _status(address, origin) == 403

        async def ask(headers: dict[str, str]) -> Any:
            async with (
                httpx2.AsyncClient(headers=headers) as http,
                Client(streamable_http_client(address, http_client=http)) as client,
            ):
                return await client.call_tool("get_access", {})

        bearer = asyncio.run(ask({"Authorization": f"Bearer {tenant.admin}"}))
        assert json.loads(bearer.content[0].text)["key"]["tenant_id"] == tenant.tenant
        wrong = asyncio.run(ask({"X-API-Key": "tb_000000000000_wrong"}))
        assert wrong.content[0].text.startswith("invalid_api_key: ")
    finally:
        process.terminate()
        process.wait()


def _status(address: str, headers: dict[str, str]) -> int | None:
    try:
        return httpx2.post(address, headers=headers, json={}).status_code
    except httpx2.TransportError:
        return None


def test_what_is_missing_is_named() -> None:
    def failing(*arguments: str, **given: str) -> str:
        command = [sys.executable, "-m", "tollbook", "mcp", *arguments]
        ran = subprocess.run(command, env=environment(**given), capture_output=True, text=True)
        assert ran.returncode
        assert ran.stdout == ""
        return ran.stderr

    assert "TOLLBOOK_URL" in failing(TOLLBOOK_URL="")
    assert "TOLLBOOK_API_KEY" in failing("--url", "http://127.0.0.1:9", TOLLBOOK_API_KEY="")
    beyond = failing("--url", "http://127.0.0.1:9", "--http", "--host", "0.0.0.0")
    assert "--allow-host is required" in beyond


def test_every_tool_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "agents.md").read_text()
    for tool in tools().values():
        assert f"| `{tool.name}` | `{tool.method} {tool.path}`" in page
