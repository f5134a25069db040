"""The application: every endpoint behind the same admission, every error in the same form."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import cache, lru_cache, partial
from typing import Any

import msgspec
import structlog
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Router
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from tollbook.api.endpoints.analytics.changes import GET_CHANGES
from tollbook.api.endpoints.analytics.forecast import GET_FORECAST
from tollbook.api.endpoints.analytics.organizations import GET_ORGANIZATIONS
from tollbook.api.endpoints.analytics.overview import GET_OVERVIEW
from tollbook.api.endpoints.analytics.period import GET_PERIOD
from tollbook.api.endpoints.analytics.series import GET_SERIES
from tollbook.api.endpoints.analytics.usage import GET_USAGE
from tollbook.api.endpoints.analytics.users import GET_USERS
from tollbook.api.endpoints.audit_log import GET_AUDIT_LOG
from tollbook.api.endpoints.budgets import BUDGET_ENDPOINTS
from tollbook.api.endpoints.corrections import POST_CORRECTIONS
from tollbook.api.endpoints.endpoint_deliveries import DELIVERY_ENDPOINTS
from tollbook.api.endpoints.erasure import DELETE_PERSONAL_DATA
from tollbook.api.endpoints.estimate import POST_RATE
from tollbook.api.endpoints.event_list import GET_EVENTS
from tollbook.api.endpoints.event_types import EVENT_TYPE_ENDPOINTS
from tollbook.api.endpoints.events import POST_EVENTS
from tollbook.api.endpoints.explanations import GET_EVENT
from tollbook.api.endpoints.keys import KEY_ENDPOINTS
from tollbook.api.endpoints.meters import METER_ENDPOINTS
from tollbook.api.endpoints.monitoring import operation
from tollbook.api.endpoints.notification_endpoints import NOTIFICATION_ENDPOINT_ENDPOINTS
from tollbook.api.endpoints.notifications import NOTIFICATION_ENDPOINTS
from tollbook.api.endpoints.organizations import ORGANIZATION_ENDPOINTS
from tollbook.api.endpoints.origins import ORIGIN_ENDPOINTS
from tollbook.api.endpoints.price_books import PRICE_BOOK_ENDPOINTS
from tollbook.api.endpoints.quarantine import QUARANTINE_ENDPOINTS
from tollbook.api.endpoints.quarantine_runs import QUARANTINE_RUN_ENDPOINTS
from tollbook.api.endpoints.reports import REPORT_ENDPOINTS
from tollbook.api.endpoints.rerating import RERATING_ENDPOINTS
from tollbook.api.endpoints.reversals import POST_REVERSALS
from tollbook.api.endpoints.triggers import TRIGGER_ENDPOINTS
from tollbook.api.endpoints.unsubscribing import unsubscribing
from tollbook.api.endpoints.users import USER_ENDPOINTS
from tollbook.api.endpoints.viewer_tokens import VIEWER_TOKEN_ENDPOINTS
from tollbook.api.openapi.document import openapi
from tollbook.api.openapi.endpoint import ApiRequest, AsyncRequest, Endpoint
from tollbook.api.openapi.parameters import Query
from tollbook.api.openapi.reference import POLICY, STYLES, reference_page
from tollbook.api.pipeline.access import owner_of, require, require_margin_key, require_meters
from tollbook.api.pipeline.admission import admit, client_address, prefix_of, rate_limit_state
from tollbook.api.pipeline.answer_memory import AnswerMemory
from tollbook.api.pipeline.cross_origin import allow_origin, preflight
from tollbook.api.pipeline.paths import Paths
from tollbook.api.pipeline.request_body import MOST_OTHER_BYTES, read_bounded
from tollbook.api.pipeline.request_log import ROUTE
from tollbook.api.pipeline.responses import JSON, error_response
from tollbook.api.pipeline.security_headers import SecurityHeadersMiddleware
from tollbook.api.pipeline.services import Services
from tollbook.domain.catalog import Catalog, known_types
from tollbook.domain.errors import InternalError, MethodNotAllowed, NotFound, TollbookError
from tollbook.domain.exact import AMOUNTS_AS_STRINGS
from tollbook.domain.keys import ApiKey
from tollbook.store.database import Snapshot

ENDPOINTS: tuple[Endpoint, ...] = (
    GET_USERS,
    GET_CHANGES,
    GET_FORECAST,
    *BUDGET_ENDPOINTS,
    *EVENT_TYPE_ENDPOINTS,
    GET_ORGANIZATIONS,
    GET_OVERVIEW,
    GET_USAGE,
    GET_SERIES,
    GET_PERIOD,
    GET_EVENTS,
    POST_EVENTS,
    POST_REVERSALS,
    POST_CORRECTIONS,
    GET_EVENT,
    POST_RATE,
    *ORGANIZATION_ENDPOINTS,
    *USER_ENDPOINTS,
    DELETE_PERSONAL_DATA,
    *METER_ENDPOINTS,
    *TRIGGER_ENDPOINTS,
    *KEY_ENDPOINTS,
    *VIEWER_TOKEN_ENDPOINTS,
    *NOTIFICATION_ENDPOINT_ENDPOINTS,
    *DELIVERY_ENDPOINTS,
    *NOTIFICATION_ENDPOINTS,
    *REPORT_ENDPOINTS,
    *ORIGIN_ENDPOINTS,
    GET_AUDIT_LOG,
    *PRICE_BOOK_ENDPOINTS,
    *QUARANTINE_ENDPOINTS,
    *QUARANTINE_RUN_ENDPOINTS,
    *RERATING_ENDPOINTS,
)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_API = "/v1/"
_MOST_PREFIXES = 8
"""How many forms of the document, which differ in their server, are in memory."""
_log = structlog.get_logger()


def application(
    services: Services, pages: Mapping[str, Handler] | None = None
) -> SecurityHeadersMiddleware:
    """Return the application, which starts and stops the writer.

    `pages` are handlers of other paths: those of the dashboard. Errors are returned as responses,
    so no layer of the framework has to catch them.
    """
    handlers: dict[str, dict[str, Handler]] = {}
    for endpoint in ENDPOINTS:
        handlers.setdefault(endpoint.path, {})[endpoint.method] = _handler(endpoint, services)
    unkeyed = _documentation() | operation(services) | dict(pages or {})
    handlers |= {path: {"GET": _with_errors(handler)} for path, handler in unkeyed.items()}
    handlers |= {
        path: {method: _with_errors(handler) for method, handler in of_path.items()}
        for path, of_path in unsubscribing(services).items()
    }
    resources = {path: _Resource(path, it, services) for path, it in handlers.items()}
    paths = Paths(resources, _nothing_here, partial(prefix_of, services=services))
    router = Router(redirect_slashes=False, default=paths, lifespan=_lifespan(services))
    return SecurityHeadersMiddleware(router, services.request_log, services.hsts_seconds)


def _lifespan(services: Services) -> Callable[[object], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        services.write_queue.open(asyncio.get_running_loop())
        services.rerating_worker.open()
        services.quarantine_worker.open()
        services.key_usage.open()
        services.maintenance.open()
        if services.replica:
            services.replica.open()
        services.request_log.open()
        await services.worker_metrics.open()
        if services.alerts:
            services.alerts.open()
        try:
            yield
        finally:
            services.worker_metrics.close()
            if services.alerts:
                await run_sync(services.alerts.close)
            await run_sync(services.key_usage.close)
            await run_sync(services.maintenance.close)
            await run_sync(services.rerating_worker.close)
            await run_sync(services.quarantine_worker.close)
            await run_sync(services.write_queue.close)
            if services.replica:
                await run_sync(services.replica.close)
            await run_sync(services.database.close)
            await run_sync(services.request_log.close)

    return lifespan


class _Resource:
    """All methods of one path, as an ASGI application."""

    def __init__(self, path: str, handlers: Mapping[str, Handler], services: Services) -> None:
        self._path = path
        self._services = services
        self._is_api = path.startswith(_API)
        self._handlers = dict(handlers)
        if "GET" in self._handlers:
            self._handlers["HEAD"] = self._handlers["GET"]
        self._allowed = ", ".join(sorted(self._handlers))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE] = self._path
        request = Request(scope, receive)
        response = await self._answer(request)
        if self._is_api:
            response.headers.add_vary_header("Origin")
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        handle = self._handlers.get(request.method)
        if handle:
            return await handle(request)
        allowed = None
        if self._is_api and request.method == "OPTIONS":
            allowed = await preflight(request, self._services)
        return allowed or self._refusal()

    def _refusal(self) -> Response:
        response = error_response(MethodNotAllowed(f"this path takes {self._allowed} only"))
        response.headers["Allow"] = self._allowed
        return response


def _with_errors(handle: Handler) -> Handler:
    async def handle_or_refuse(request: Request) -> Response:
        try:
            return await handle(request)
        except TollbookError as error:
            return error_response(error)

    return handle_or_refuse


def _handler(endpoint: Endpoint, services: Services) -> Handler:
    async def handle(request: Request) -> Response:
        start = time.perf_counter()
        response = await _answer_or_error(endpoint, services, request)
        if rate := rate_limit_state(request):
            response.headers.update(rate.headers())
        await allow_origin(request, response, services)
        seconds = time.perf_counter() - start
        services.metrics.count_request(endpoint.name, response.status_code, seconds)
        return response

    return handle


async def _answer_or_error(endpoint: Endpoint, services: Services, request: Request) -> Response:
    try:
        return await _answer(endpoint, services, request)
    except TollbookError as error:
        services.metrics.count_refused(error)
        return error_response(error)
    except Exception:
        _log.exception("request_failed", endpoint=endpoint.name)
        return error_response(InternalError("something went wrong; the log says what"))


async def _answer(endpoint: Endpoint, services: Services, http: Request) -> Response:
    """Admit a request, read its body, and call its handler."""
    AMOUNTS_AS_STRINGS.set(http.query_params.get("amounts") == "string")
    with services.body_budget.reserve_for(http):
        key = (await admit(http, services)).key
        request: AsyncRequest = AsyncRequest(http, services, endpoint)
        if endpoint.permissions and not any(map(key.may, endpoint.permissions)):
            if not key.hash:  # only a snapshot has the tokens that are revoked
                await run_sync(_require_token, request)
            require(key, *endpoint.permissions)
        if endpoint.handle:
            return await endpoint.handle(request)
        body = await read_bounded(http, MOST_OTHER_BYTES) if endpoint.request else b""
        return await run_sync(_answer_from_snapshot, request, body)


def _require_token(request: AsyncRequest) -> None:
    """Raise `InvalidApiKey` for a viewer token that is revoked."""
    with request.services.database.reading() as snapshot:
        request.authenticate(snapshot)


def _answer_from_snapshot(request: AsyncRequest, body: bytes) -> Response:
    """Call the handler, with a snapshot of the replica if it can answer."""
    return _answer_from_replica(request, body) or _answer_in_database(request, body)


def _answer_in_database(request: AsyncRequest, body: bytes) -> Response:
    """Call the handler with a snapshot or a transaction."""
    endpoint, services = request.endpoint, request.services
    key, headers = request.admission.key, request.http.headers
    memory = AnswerMemory(services.answer_budget, partial(owner_of, key, headers))
    try:
        if endpoint.write:
            with services.database.writing() as transaction:
                return endpoint.write(_api_request(request, body, transaction, memory), transaction)
        assert endpoint.read  # noqa: S101  an endpoint has one of the three
        with services.database.reading() as snapshot:
            return endpoint.read(_api_request(request, body, snapshot, memory), snapshot)
    finally:
        memory.release()


def _answer_from_replica(request: AsyncRequest, body: bytes) -> Response | None:
    """Call a handler that reads the ledger with a snapshot of the replica; None without an answer.

    Only the primary answers with errors: what the replica lacks may be there.
    """
    endpoint, services = request.endpoint, request.services
    if services.replica is None or not (endpoint.read and endpoint.tagged):
        return None
    request = replace(request, services=services.on_replica)
    memory = AnswerMemory(
        services.answer_budget, partial(owner_of, request.admission.key, request.http.headers)
    )
    try:
        with services.replica.reading() as snapshot:
            response = endpoint.read(_api_request(request, body, snapshot, memory), snapshot)
    except TollbookError:
        services.metrics.count_replica_read("primary")
        return None
    finally:
        memory.release()
    services.metrics.count_replica_read("replica")
    return response


def _api_request(
    request: AsyncRequest, body: bytes, snapshot: Snapshot, memory: AnswerMemory
) -> ApiRequest:
    """Return the typed request, with its key as of the snapshot."""
    endpoint, services = request.endpoint, request.services
    key, query = request.authenticate(snapshot), request.read_query()
    require_margin_key(key, query)
    if endpoint.tells_usage:
        require_meters(key, getattr(query, "meter", None) or ())
    catalog = services.directory_cache.catalog(snapshot, key.scope.tenant_id)
    query = _with_known_meters(query, catalog, key)
    return ApiRequest(
        services=services,
        memory=memory,
        key=key,
        question=endpoint.name,
        query=query,
        path=request.path,
        headers=request.http.headers,
        body=body,
        address=client_address(request.http, services) if endpoint.write else None,
    )


def _with_known_meters(query: Query, catalog: Catalog, key: ApiKey) -> Query:
    """Return a query with the meters that it names in the order of the catalog."""
    types = getattr(query, "meter", None)
    if not types:
        return query
    return msgspec.structs.replace(query, meter=known_types(types, catalog, key.limits.meters))


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose()(scope, receive, send)
        return
    await error_response(NotFound("no such endpoint"))(scope, receive, send)


@cache
def _document() -> tuple[dict[str, Any], str]:
    """Return the OpenAPI document and its page, which all applications of a process share."""
    document = openapi(ENDPOINTS)
    return document, reference_page(document)


def _documentation() -> dict[str, Handler]:
    document, page = _document()

    @lru_cache(_MOST_PREFIXES)
    def encoded(prefix: str) -> bytes:
        return msgspec.json.encode({**document, "servers": [{"url": prefix or "/"}]})

    async def send_document(request: Request) -> Response:
        return Response(encoded(request.scope["root_path"]), media_type=JSON)

    async def send_page(_request: Request) -> Response:
        return Response(page, headers={"Content-Security-Policy": POLICY}, media_type="text/html")

    async def send_styles(_request: Request) -> Response:
        return Response(STYLES, media_type="text/css")

    return {
        "/openapi.json": send_document,
        "/docs": send_page,
        "/docs/reference.css": send_styles,
    }
