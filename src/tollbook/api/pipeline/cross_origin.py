"""Cross-origin requests: which pages may send them, and which may read the answers.

Only viewer tokens get CORS headers; API keys do not belong in browsers. A preflight request has no
token, so it is allowed for an origin that any tenant has registered. The request itself is compared
with the tenant of its token.
"""

from collections.abc import Callable

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from tollbook.api.pipeline.access import key_text
from tollbook.api.pipeline.request_log import KEY
from tollbook.api.pipeline.responses import error_response
from tollbook.api.pipeline.services import Services
from tollbook.domain.errors import StoreUnavailable
from tollbook.domain.keys import ApiKey
from tollbook.domain.origin_errors import OriginRefused
from tollbook.domain.viewers import MARK, Viewer
from tollbook.store.database import Snapshot
from tollbook.store.origins import is_registered, is_registered_by_any

EMBEDDER = "tollbook-embedder"
"""The header in which the frame names the origin of the page that it is in. No preflight allows it,
so other pages cannot send it."""
_EXPOSED = (
    "ETag, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-As-Of, "
    "X-Next-Cursor, X-Other-Currencies, X-Quarantined, X-Request-Id"
)
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": (
        "X-API-Key, Authorization, Content-Type, Accept, If-None-Match"
    ),
    "Access-Control-Max-Age": "600",
}
_ALLOWED = "Access-Control-Allow-Origin"
_LEAST_ERROR = 400


def require_origin(request: Request, viewer: Viewer) -> None:
    """Raise `OriginRefused` when a token is limited to other origins than that of the request."""
    origin = request.headers.get(EMBEDDER) or request.headers.get("origin")
    if viewer.origins and origin not in viewer.origins:
        raise OriginRefused("this viewer token may not be used from this origin")


async def preflight(request: Request, services: Services) -> Response | None:
    """Return the answer to a preflight request from a registered origin; None for any other."""
    origin = request.headers.get("origin")
    if not origin or "access-control-request-method" not in request.headers:
        return None
    try:
        is_allowed = await _read(services, lambda it: is_registered_by_any(it, origin))
    except StoreUnavailable as error:
        return error_response(error)
    return Response(None, 204, {_ALLOWED: origin, **_PREFLIGHT}) if is_allowed else None


async def allow_origin(request: Request, response: Response, services: Services) -> None:
    """Let the page that sent a request read its answer, if its origin is registered.

    An error may be read if any tenant has registered the origin: a page has to see that its token
    has expired. While the database is unavailable, no answer is readable.
    """
    origin, text = request.headers.get("origin"), key_text(request.headers)
    if not origin or (text and not text.startswith(MARK)):
        return
    key: ApiKey | None = request.scope.get(KEY)
    is_error = key is None or response.status_code >= _LEAST_ERROR
    try:
        is_allowed = await _read(
            services,
            lambda it: (
                is_registered_by_any(it, origin)
                if key is None or is_error
                else is_registered(it, key.scope.tenant_id, origin)
            ),
        )
    except StoreUnavailable:
        return
    if is_allowed:
        response.headers[_ALLOWED] = origin
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED


async def _read(services: Services, question: Callable[[Snapshot], bool]) -> bool:
    """Ask the database; a few at a time, because preflight requests need no key."""

    def read() -> bool:
        with services.database.reading() as snapshot:
            return question(snapshot)

    return await run_sync(read, limiter=services.checking_origins)
