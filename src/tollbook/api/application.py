"""The application: every endpoint behind the same gate, every error in the same shape."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

import msgspec
import structlog
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tollbook.api.access import KEY_HEADER, authenticate, presented, require
from tollbook.api.analytics_users import GET_USERS
from tollbook.api.endpoint import Call, Endpoint, read_query
from tollbook.api.events import MOST_BYTES, POST_EVENTS, read_bounded
from tollbook.api.keys import KEY_ENDPOINTS
from tollbook.api.openapi import openapi
from tollbook.api.organizations import ORGANIZATION_ENDPOINTS
from tollbook.api.quarantine import QUARANTINE_ENDPOINTS
from tollbook.api.reference import POLICY, STYLES, reference_page
from tollbook.api.responses import JSON, error_response
from tollbook.api.services import Services
from tollbook.domain.errors import InternalError, MethodNotAllowed, NotFound, TollbookError

ENDPOINTS: tuple[Endpoint, ...] = (
    GET_USERS,
    POST_EVENTS,
    *ORGANIZATION_ENDPOINTS,
    *KEY_ENDPOINTS,
    *QUARANTINE_ENDPOINTS,
)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_MOST_BODY_BYTES = MOST_BYTES // 256
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_log = structlog.get_logger()


def application(services: Services) -> Starlette:
    """Build the application; it starts and stops the writer with itself."""
    paths = dict.fromkeys(it.path for it in ENDPOINTS)
    routes = [Route(path, _Resource(path, services)) for path in paths]
    app = Starlette(
        routes=[*routes, *_documentation()],
        exception_handlers={HTTPException: _http_error},
        middleware=[Middleware(_Hardened)],
        lifespan=_lifespan(services),
    )
    app.router.redirect_slashes = False
    return app


def _lifespan(services: Services) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        services.inbox.open(asyncio.get_running_loop())
        try:
            yield
        finally:
            await run_sync(services.inbox.close)
            services.database.close()

    return lifespan


class _Resource:
    """All methods of one path, as an ASGI application."""

    def __init__(self, path: str, services: Services) -> None:
        self._handlers = {it.method: _handler(it, services) for it in ENDPOINTS if it.path == path}
        if "GET" in self._handlers:
            self._handlers["HEAD"] = self._handlers["GET"]
        self._allowed = ", ".join(sorted(self._handlers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        handle = self._handlers.get(request.method)
        if handle is None:
            error = MethodNotAllowed(f"this path takes {self._allowed} only")
            response = error_response(error)
            response.headers["Allow"] = self._allowed
        else:
            response = await handle(request)
        await response(scope, receive, send)


def _handler(endpoint: Endpoint, services: Services) -> Handler:
    async def handle(request: Request) -> Response:
        try:
            return await _answer(endpoint, services, request)
        except TollbookError as error:
            return error_response(error)
        except Exception:
            _log.exception("request_failed", endpoint=endpoint.name)
            return error_response(InternalError("something went wrong; the log says what"))

    return handle


async def _answer(endpoint: Endpoint, services: Services, request: Request) -> Response:
    header = request.headers.get(KEY_HEADER)
    presented(header)
    if endpoint.take:
        return await endpoint.take(request, services, partial(read_query, endpoint, request))
    body = await read_bounded(request, _MOST_BODY_BYTES) if endpoint.request else b""

    def admitted(snapshot: Any) -> Call:
        key = authenticate(services.catalogue, snapshot, header)
        require(key, endpoint.permission)
        query = read_query(endpoint, request)
        return Call(services, key, query, request.path_params, request.headers, body)

    def work() -> Response:
        if endpoint.write:
            with services.database.writing() as transaction:
                return endpoint.write(admitted(transaction), transaction)
        assert endpoint.read  # noqa: S101  an endpoint has one of the three
        with services.database.reading() as snapshot:
            return endpoint.read(admitted(snapshot), snapshot)

    return await run_sync(work)


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  registered for nothing else
    if error.status_code == NotFound.status:
        return error_response(NotFound("there is nothing at this path"))
    response = error_response(MethodNotAllowed("this method is not allowed here"))
    response.headers["Allow"] = (error.headers or {}).get("Allow", "GET, HEAD")
    return response


class _Hardened:
    """Adds to every answer the headers that keep a browser from guessing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_hardened(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], _NOSNIFF]
            await send(message)

        await self._app(scope, receive, send_hardened)


def _documentation() -> list[Route]:
    document = openapi(ENDPOINTS)
    encoded = msgspec.json.encode(document)
    page = reference_page(document)

    async def send_document(_request: Request) -> Response:
        return Response(encoded, media_type=JSON)

    async def send_page(_request: Request) -> Response:
        return Response(page, headers={"Content-Security-Policy": POLICY}, media_type="text/html")

    async def send_styles(_request: Request) -> Response:
        return Response(STYLES, media_type="text/css")

    async def go_to_page(_request: Request) -> Response:
        return RedirectResponse("/docs")

    return [
        Route("/openapi.json", send_document),
        Route("/docs", send_page),
        Route("/docs/reference.css", send_styles),
        Route("/", go_to_page),
    ]
