"""Responses in JSON, and errors in their one form."""

from collections.abc import Mapping
from typing import Any

import msgspec
from starlette.responses import Response

from tollbook.api.pipeline.cache import LEAST_COMPRESSED, Answer
from tollbook.api.pipeline.request_ids import REQUEST_ID
from tollbook.domain.errors import TollbookError

JSON = "application/json"
encode_json = msgspec.json.Encoder().encode


def json_response(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a value as a response in JSON."""
    return Response(encode_json(value), status, headers, media_type=JSON)


def error_response(error: TollbookError) -> Response:
    """Return an error as a response, with the request's id in the log."""
    body: dict[str, Any] = {"success": False, "error": error.sentence, "code": error.code}
    if error.details:
        body["details"] = error.details
    if identity := REQUEST_ID.get():
        body["request_id"] = identity
    return Response(encode_json(body), error.status, dict(error.headers), media_type=JSON)


def answer_response(answer: Answer, headers: dict[str, str], *, compress: bool) -> Response:
    """Return an encoded answer as a response, compressed when allowed and worth it."""
    headers = {**headers, **answer.headers}
    if compress and len(answer.body) >= LEAST_COMPRESSED:
        headers = {**headers, "Content-Encoding": "gzip"}
        return Response(answer.gzip(), 200, headers, media_type=answer.media_type)
    return Response(answer.body, 200, headers, media_type=answer.media_type)
