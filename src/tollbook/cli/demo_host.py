"""tollbook demo-host: a page of a platform that embeds the usage of two customers of the demo."""

import os
import threading
import time
import urllib.request
from urllib.error import URLError

import click
import msgspec
import uvicorn
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tollbook.cli.command import Command, Options
from tollbook.cli.demo import CUSTOMERS, TENANT, demo_settings, read_demo_keys
from tollbook.cli.parameters import PATH, whole
from tollbook.domain.errors import NotFound
from tollbook.settings import Settings

_POLICY = (
    "default-src 'none'; script-src 'self' {server}; frame-src {server}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your platform</title>
<script async src="{server}/embed/tollbook.js"></script>
<script defer src="billing.js"></script>
</head>
<body>
<h1>Your platform</h1>
<p>This page is on another origin. It shows what two customers would see of their own usage.</p>
{elements}
</body>
</html>
"""
_ELEMENTS = """<h2>{name}</h2>
<tollbook-usage tenant="{tenant}" organization="{id}" view="tiles" period="{period}"
></tollbook-usage>
<tollbook-usage tenant="{tenant}" organization="{id}" period="{period}"></tollbook-usage>
"""
_SCRIPT = """const fetchToken = async ({ organization }) => {
  const query = new URLSearchParams({ organization });
  return (await fetch(`tollbook-token?${query}`, { method: "POST" })).json();
};
for (const it of document.querySelectorAll("tollbook-usage")) it.fetchToken = fetchToken;
"""
_PERIODS = ("2024-01", "last_30_days")
_SECONDS = 30
_PAUSE = 0.5


@click.command(cls=Command)
@click.option("--server", default="http://127.0.0.1:8000", help="The address of the server.")
@click.option("--port", type=whole("port", 1, 65_535), default=8001, help="The port of the page.")
@click.option(
    "--stop-with", type=whole("process id", 1), metavar="PID", help="Stop when this process ends."
)
@click.option(
    "--keys",
    type=PATH,
    show_default="tollbook-demo.json in the folder of the database",
    help="The file with the keys of the demo.",
)
def verb(options: Options, settings: Settings) -> int:
    """Serve a page of a platform that embeds the demo's usage, on localhost.

    `tollbook demo --host-page` registers the origin of the page.
    """
    keys = read_demo_keys(demo_settings(settings), options.keys)
    if "tenant" not in keys:
        raise NotFound("the keys of the demo are not there: run tollbook demo first")
    page = host_page(options.server, keys["tenant"])
    config = uvicorn.Config(page, host="localhost", port=options.port, log_level="warning")
    server = uvicorn.Server(config)
    if options.stop_with:
        threading.Thread(target=_watch, args=(options.stop_with, server), daemon=True).start()
    server.run()
    return 0


def _watch(process: int, server: uvicorn.Server) -> None:
    """Stop the page when a process has ended."""
    while _is_running(process):
        time.sleep(_PAUSE)
    server.should_exit = True


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it runs, as another user
    return True


def host_page(server: str, key: str) -> Starlette:
    """Return the page; `key` creates the viewer tokens, and never leaves this process."""
    headers = {"Content-Security-Policy": _POLICY.format(server=server)}
    elements = "".join(
        _ELEMENTS.format(name=it.name, id=it.id, tenant=TENANT, period=period)
        for it, period in zip(CUSTOMERS, _PERIODS, strict=True)
    )
    page = _PAGE.format(server=server, elements=elements)
    known = {it.id for it in CUSTOMERS}

    async def send_page(_request: Request) -> Response:
        return Response(page, headers=headers, media_type="text/html")

    async def send_script(_request: Request) -> Response:
        return Response(_SCRIPT, media_type="text/javascript")

    async def send_token(request: Request) -> Response:
        organization = request.query_params.get("organization", "")
        if organization not in known:  # a platform compares it with who is signed in
            return JSONResponse({"error": "no such customer"}, 404)
        try:
            return JSONResponse({"token": await run_sync(_token, server, key, organization)})
        except (URLError, KeyError, ValueError) as error:
            return JSONResponse({"error": f"no token: {error}"}, 502)

    return Starlette(
        routes=[
            Route("/", send_page),
            Route("/billing.js", send_script),
            Route("/tollbook-token", send_token, methods=["POST"]),
        ]
    )


def _token(server: str, key: str, organization: str) -> str:
    """Ask the server for a viewer token of an organization."""
    request = urllib.request.Request(  # noqa: S310  the address is the operator's
        f"{server}/v1/viewer-tokens",
        msgspec.json.encode({"organization_id": organization}),
        {"X-API-Key": key, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_SECONDS) as response:  # noqa: S310
        return str(msgspec.json.decode(response.read())["token"])
