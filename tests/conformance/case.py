"""The form of a case of one call, and the parts that cases share."""

from typing import Any

import msgspec

from tests.builders import Json
from tests.conformance.recorder import REQUEST_ID, Exchange, response
from tollbook.api.pipeline.request_ids import REQUEST_ID as CURRENT_REQUEST_ID
from tollbook.api.pipeline.responses import error_response
from tollbook.domain.errors import TollbookError

Case = Json
HTML = response(200, "<html>a proxy's page</html>", {"content-type": "text/html"})
ONCE_MORE = [0, 0.5]
"""The first wait without Retry-After: full jitter up to half a second."""


def call(name: str, operation: str, params: Json, exchanges: list[Exchange], **expect: Any) -> Case:
    """Return a case of one call."""
    options = expect.pop("options", {})
    return {
        "name": name,
        "do": "call",
        "options": options,
        "operation": operation,
        "params": params,
        "exchanges": exchanges,
        "expect": expect,
    }


def error_of(exchange: Exchange, name: str = "") -> Json:
    """Return what a client must report of an error answer."""
    answer = exchange["response"]
    body = msgspec.json.decode(answer["body"])
    seconds = answer["headers"].get("retry-after")
    return {
        "class": name or "".join(part.title() for part in body["code"].split("_")),
        "status": answer["status"],
        "code": body["code"],
        "error": body["error"],
        "details": body.get("details", []),
        "request_id": body.get("request_id"),
        "retry_after": int(seconds) if seconds else None,
    }


def made(kind: type[TollbookError], sentence: str) -> TollbookError:
    """Make an error of any class with the given sentence."""
    error = kind.__new__(kind)
    TollbookError.__init__(error, sentence)
    return error


def rendered(error: TollbookError) -> Json:
    """Return an error as the one handler of the server writes it."""
    token = CURRENT_REQUEST_ID.set(REQUEST_ID)
    try:
        answer = error_response(error)
    finally:
        CURRENT_REQUEST_ID.reset(token)
    headers = {"content-type": "application/json", "x-request-id": REQUEST_ID}
    if seconds := answer.headers.get("retry-after"):
        headers["retry-after"] = seconds
    return response(error.status, bytes(answer.body).decode(), headers)


def changed(exchange: Exchange, old: str, new: str) -> Exchange:
    body = exchange["response"]["body"]
    assert old in body, body
    changed = {**exchange["response"], "body": body.replace(old, new)}
    return {**exchange, "response": changed}


def with_headers(exchange: Exchange, headers: Json) -> Exchange:
    answer = exchange["response"]
    return {**exchange, "response": {**answer, "headers": {**answer["headers"], **headers}}}
