"""Cases of errors: every code, an unknown one, and answers that are not the server's."""

from collections.abc import Iterator

import msgspec

from tests.builders import Json
from tests.conformance.case import HTML, Case, call, error_of, made, rendered
from tests.conformance.recorder import Exchange, Recorder, request, response
from tollbook.api.application import ENDPOINTS
from tollbook.api.openapi.document import openapi
from tollbook.domain.errors import RequestError, TollbookError

_EMPTY = {"start_date": "2024-02-30", "organization_id": ""}


def errors(recorder: Recorder) -> Iterator[Case]:
    """Yield a case for each error code, an unknown code, and answers that are not ours."""
    for code, (kind, sentence) in _documented_errors().items():
        exchange = {
            "request": request("GET", "/v1/budgets"),
            "response": rendered(made(kind, sentence)),
        }
        yield _refused(f"the error {code}", exchange, error_of(exchange))
    invalid = recorder.get("/v1/analytics/users", start_date="2024-02-30")
    yield call(
        "an invalid request lists every problem",
        "getUserAnalytics",
        {"start_date": "2024-02-30", "organization_id": ""},
        [{**invalid, "request": request("GET", "/v1/analytics/users", _EMPTY)}],
        error=error_of(invalid),
    )
    unknown = RequestError("made by a later server")
    body = rendered(unknown)["body"].replace("invalid_request", "added_later")
    exchange = {"request": request("GET", "/v1/budgets"), "response": response(409, body)}
    yield _refused("an unknown error code", exchange, error_of(exchange, "ApiError"))
    page = {"request": request("GET", "/v1/budgets"), "response": HTML}
    yield _refused("a 200 that is not an answer of the server", page, {"class": "InvalidAnswer"})
    gateway = {"request": request("GET", "/v1/budgets"), "response": response(502, "bad gateway")}
    yield _refused("an error page of a proxy", gateway, {"class": "InvalidAnswer"})
    moved = response(302, "", {"location": "http://127.0.0.1:9/elsewhere"})
    redirect = {"request": request("GET", "/v1/budgets"), "response": moved}
    yield _refused("a redirect is not followed", redirect, {"class": "InvalidAnswer"})


def _refused(name: str, exchange: Exchange, error: Json) -> Case:
    options = {"max_retries": 0}
    return call(name, "listBudgets", {}, [exchange], error=error, options=options)


def _documented_errors() -> dict[str, tuple[type[TollbookError], str]]:
    """Return the class and an example sentence of each code in the OpenAPI document."""
    classes: dict[str, type[TollbookError]] = {}
    _collect(TollbookError, classes)
    document = msgspec.json.decode(msgspec.json.encode(openapi(ENDPOINTS)))
    found = {}
    for methods in document["paths"].values():
        for operation in methods.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {}).get("application/json", {})
                for code, example in content.get("examples", {}).items():
                    if code in classes:
                        found[code] = (classes[code], example["value"]["error"])
    return dict(sorted(found.items()))


def _collect(kind: type[TollbookError], found: dict[str, type[TollbookError]]) -> None:
    found.setdefault(kind.code, kind)
    for child in kind.__subclasses__():
        _collect(child, found)
