"""Health, readiness and metrics, which need no API key and reveal no tenant data."""

from collections.abc import Callable, Coroutine
from hmac import compare_digest
from typing import Any

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.requests import Request
from starlette.responses import Response

from tollbook import __version__
from tollbook.api.operation.shared_work import SharedWork
from tollbook.api.pipeline.responses import error_response, json_response
from tollbook.api.pipeline.services import Services
from tollbook.domain.errors import InvalidApiKey

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_NO_STORE = {"Cache-Control": "no-store"}


def operation(services: Services) -> dict[str, Handler]:
    """Return the handlers of the paths that operators monitor."""
    metrics = SharedWork(services.worker_metrics.text)

    async def send_health(_request: Request) -> Response:
        return json_response({"status": "ok", "version": __version__}, headers=_NO_STORE)

    async def send_readiness(_request: Request) -> Response:
        readiness = await services.health.readiness()
        return json_response(readiness, 200 if readiness.ready else 503, _NO_STORE)

    async def send_metrics(request: Request) -> Response:
        expected = f"Bearer {services.metrics_token}"
        given = request.headers.get("authorization", "")
        if services.metrics_token and not compare_digest(given.encode(), expected.encode()):
            return error_response(InvalidApiKey())
        text = await metrics.result()
        return Response(text, headers=_NO_STORE, media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return {"/healthz": send_health, "/readyz": send_readiness, "/metrics": send_metrics}
