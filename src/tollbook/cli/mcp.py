"""tollbook mcp: read-only tools for agents, as a client of a running server."""

import asyncio
import ipaddress
import os

import click

from tollbook.cli.command import Command, Options
from tollbook.cli.output import print_error
from tollbook.cli.parameters import whole
from tollbook.domain.errors import SettingsError
from tollbook.settings import Settings

_MISSING = "tollbook mcp needs mcp, which is not installed here: pip install 'tollbook[mcp]'"


@click.command(cls=Command)
@click.option("--url", help="The address of the server.", show_default="TOLLBOOK_URL")
@click.option("--http", is_flag=True, help="Serve streamable HTTP instead of standard input.")
@click.option("--host", default="127.0.0.1", help="HTTP: the address to listen on.")
@click.option("--port", type=whole("port", 1, 65_535), default=8765, help="HTTP: the port.")
@click.option("--allow-host", multiple=True, help="HTTP: a Host header that is allowed.")
def verb(options: Options, _settings: Settings) -> int:
    """Serve read-only tools for agents over the Model Context Protocol."""
    url = options.url or os.environ.get("TOLLBOOK_URL")
    if not url:
        raise SettingsError("the address of the server is required: --url or TOLLBOOK_URL")
    try:
        import mcp  # noqa: F401
    except ImportError:
        raise SettingsError(_MISSING) from None
    return _serve_http(url, options) if options.http else _serve_stdio(url)


def _serve_stdio(url: str) -> int:
    from mcp.server.stdio import stdio_server

    from tollbook.agents.server import Agents

    key = os.environ.get("TOLLBOOK_API_KEY", "")
    if not key:
        raise SettingsError("TOLLBOOK_API_KEY is required: the key whose rights the tools have")
    _warn_of_admin(url, key)
    agents = Agents(url, lambda _context: key)
    server = agents.server()

    async def serve() -> None:
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())
        await agents.aclose()

    asyncio.run(serve())
    return 0


def _warn_of_admin(url: str, key: str) -> None:
    import httpx2

    try:
        answer = httpx2.get(f"{url.rstrip('/')}/v1/keys/self", headers={"X-API-Key": key})
        permissions = answer.json()["key"]["permissions"]
    except (httpx2.HTTPError, ValueError, KeyError, TypeError):
        return  # the tools report it
    if "admin" in permissions:
        print_error("tollbook: this key may change everything: use one with analytics:read only")


def _serve_http(url: str, options: Options) -> int:
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings

    from tollbook.agents.server import Agents, key_of_request, requires_key

    hosts = list(options.allow_host)
    if not _is_loopback(options.host) and not hosts:
        raise SettingsError(
            "--allow-host is required beyond loopback: the names by which agents reach this server"
        )
    if _is_loopback(options.host):
        hosts += [f"{name}:{options.port}" for name in ("127.0.0.1", "localhost", "[::1]")]
    agents = Agents(url, key_of_request)
    app = agents.server().streamable_http_app(
        json_response=True,
        stateless_http=True,
        transport_security=TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=[]),
        host=options.host,
    )
    uvicorn.run(
        requires_key(app),
        host=options.host,
        port=options.port,
        log_level="warning",
        server_header=False,
    )
    return 0


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
