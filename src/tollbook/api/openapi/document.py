"""The OpenAPI 3.1 document, made from the endpoints themselves."""

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from tollbook import __version__
from tollbook.api.formats.choice import MEDIA_TYPES, Format
from tollbook.api.openapi.endpoint import Body, Endpoint
from tollbook.api.openapi.links import Links, described, next_page
from tollbook.api.openapi.parameters import Parameter
from tollbook.api.openapi.schemas import Components, types_in
from tollbook.domain.errors import (
    AddressRefused,
    ApiKeyRequired,
    BodyTooLarge,
    ClockWrong,
    DatabaseReadOnly,
    DiskFull,
    FormatNotInstalled,
    HeadTooLarge,
    InvalidApiKey,
    InvalidRequest,
    NotFound,
    NotYet,
    OutcomeUnknown,
    PermissionMissing,
    PriceBookRefused,
    RateLimited,
    SchemaChanged,
    StoreUnavailable,
    TollbookError,
    UnreadableBody,
    UnreadableRequest,
)

Document = dict[str, Any]

_ROWS = {
    Format.CSV: "user_id,total_cost\r\nuser_123,193.35\r\n",
    Format.NDJSON: '{"user_id":"user_123","total_cost":193.35}\n',
    Format.PARQUET: "PAR1",
}
"""Example rows in each format."""

_EVERYWHERE = (
    ApiKeyRequired,
    InvalidApiKey,
    PermissionMissing,
    AddressRefused,
    RateLimited,
    StoreUnavailable,
    DatabaseReadOnly,
    DiskFull,
    SchemaChanged,
    ClockWrong,
    OutcomeUnknown,
    UnreadableRequest,
    HeadTooLarge,
)
_EXAMPLE_SENTENCES = {
    "invalid_request": "organization_id required",
    "currency_required": "currency required: the organizations have EUR, USD",
    "unreadable_body": "the body is not JSON: it is incomplete (byte 1)",
    "unreadable_request": "this is no request of HTTP/1.1",
    "head_too_large": "a head must have at most 65536 bytes",
    "permission_missing": "this key lacks the permission admin",
    "address_refused": "this key may not be used from this address",
    "not_found": "Organization not found",
    "already_exists": "organization org_abc123 exists already",
    "already_published": "price book version 2 is published from 2024-02-01 on and stays as it is; "
    "load a new one",
    "price_book_refused": "the price book has 1 error; nothing was loaded",
    "run_conflict": "run 3 (org_abc123, 2024-01-01 to 2024-01-31) is running: stop it first",
    "archived": "event call-7731 of 2024-01-15 is archived: it counts in every sum, and its "
    "details are in org_abc123.1.2024-01.1-3fa9c2.parquet",
    "archive_refused": "the archive /archive/org_abc123.1.2024-01.1-3fa9c2.parquet is not there",
    "body_too_large": "the body must have at most 16777216 bytes",
    "unsupported_body": "Content-Encoding must be gzip, or absent",
    "key_ended": "key tb_0123456789ab has ended; issue a new one",
    "rate_limited": "this key may ask 600 times a minute; wait 1 s",
    "queue_full": "the write queue is full; nothing was stored, try again soon",
    "format_not_installed": "Parquet needs pyarrow, which is not installed here: "
    "pip install 'pyarrow>=22'",
    "not_yet": "this replica has not caught up yet; retry later",
    "store_unavailable": "the database is not available; nothing was stored",
    "database_read_only": "the database is read-only; nothing was stored",
    "schema_changed": "the database is at migration 0012, this Tollbook at 0011: "
    "run the version of Tollbook that migrated it",
    "clock_wrong": "this server's clock is 90000 seconds ahead of the database's; 300 are allowed; "
    "nothing was stored",
    "month_not_ready": "the partition for a month of these events is not ready; "
    "nothing was stored, send them again",
    "disk_full": "there is no room on the disk of the database; nothing was stored",
    "outcome_unknown": "the database's answer to the commit was lost: the change may have been "
    "stored; send it again",
}


def openapi(endpoints: Iterable[Endpoint]) -> Document:
    """Describe the API."""
    listed = list(endpoints)
    components = Components(_types(listed))
    paths: dict[str, Document] = {}
    for endpoint in listed:
        operation = _operation(endpoint, components)
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tollbook",
            "version": __version__,
            "summary": "Who used what and what it cost.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"apiKey": []}, {"bearer": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(it.tag for it in listed)],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "schemas": components.components,
        },
    }


def _types(endpoints: list[Endpoint]) -> list[Any]:
    bodies = [body for it in endpoints for body in (*it.bodies.values(), it.request) if body]
    found = {repr(kind): kind for body in bodies for kind in types_in(body.schema)}
    return list(found.values())


def _operation(endpoint: Endpoint, components: Components) -> Document:
    operation: Document = {
        "operationId": endpoint.name,
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "description": f"{endpoint.description} {_needs(endpoint)}",
        "parameters": [
            *(_in_path(name, example) for name, example in endpoint.path_parameters.items()),
            *(_in_query(parameter) for parameter in endpoint.parameters),
        ],
    }
    if endpoint.request:
        body = endpoint.request
        operation["requestBody"] = {
            "required": True,
            "content": {
                media_type: {
                    "schema": components.of_request(body.schema, media_type),
                    "example": body.examples.get(media_type, body.example),
                }
                for media_type in body.media_types
            },
        }
    answers = {
        str(status): _answer(status, body, components, endpoint)
        for status, body in endpoint.bodies.items()
    }
    operation["responses"] = _merged(
        {**_with_formats(endpoint, answers), **_not_modified(endpoint)},
        _errors(_errors_of(endpoint)),
    )
    return operation


def _errors_of(endpoint: Endpoint) -> Iterator[type[TollbookError]]:
    """List the errors of an endpoint: of its parameters and body, its own, and of every request."""
    yield InvalidRequest
    names = {parameter.name for parameter in endpoint.parameters}
    if endpoint.request and "application/json" in endpoint.request.media_types:
        yield UnreadableBody
    if endpoint.path_parameters or "organization_id" in names:
        yield NotFound
    yield from endpoint.errors
    if "min_as_of" in names:
        yield NotYet
    if "format" in names:
        yield FormatNotInstalled
    if endpoint.request:
        yield BodyTooLarge
    for error in _EVERYWHERE:
        if endpoint.permission or error is not PermissionMissing:
            yield error


def _needs(endpoint: Endpoint) -> str:
    permission = endpoint.permission
    return f"Needs `{permission.value}`." if permission else "Any key may ask."


def _merged(answers: Document, errors: Document) -> Document:
    """Merge answers and errors; a status may have both."""
    both = answers.keys() & errors.keys()
    return {**answers, **errors, **{it: _either(answers[it], errors[it]) for it in sorted(both)}}


def _either(answer: Document, error: Document) -> Document:
    one, other = (it["content"]["application/json"] for it in (answer, error))
    content = {
        "schema": {"oneOf": [one["schema"], other["schema"]]},
        "examples": {"receipts": {"value": one["example"]}, **other["examples"]},
    }
    return {
        "description": f"{answer['description']} Or: {error['description']}",
        "content": {"application/json": content},
    }


def _in_path(name: str, example: str) -> Document:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema, "example": example}


def _in_query(parameter: Parameter) -> Document:
    described: Document = {
        "name": parameter.name,
        "in": "query",
        "required": parameter.required,
        "description": parameter.description,
        "schema": parameter.schema,
    }
    if parameter.schema.get("type") == "array":
        described |= {"style": "form", "explode": False}
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


def _answer(status: int, body: Body, components: Components, endpoint: Endpoint) -> Document:
    answer = {
        "description": body.description or HTTPStatus(status).phrase,
        "content": {
            media_type: {"schema": components.of(body.schema), "example": body.example}
            for media_type in body.media_types
        },
    }
    links = _links(body, endpoint)
    return {**answer, "links": described(links)} if links else answer


def _links(body: Body, endpoint: Endpoint) -> Links:
    """Return the links of an answer; to its own operation only from page to page."""
    query = [it.name for it in endpoint.parameters]
    others = {name: it for name, it in body.links.items() if name != endpoint.name}
    return others | next_page(endpoint.name, endpoint.path_parameters, query)


def _with_formats(endpoint: Endpoint, answers: Document) -> Document:
    """Add the other formats of an answer that has them."""
    if all(it.name != "format" for it in endpoint.parameters):
        return answers
    schema = {"type": "string", "description": "The rows of the answer."}
    others = {
        MEDIA_TYPES[it]: {"schema": schema, "example": example} for it, example in _ROWS.items()
    }
    found: Document = answers["200"]
    return {**answers, "200": {**found, "content": {**found["content"], **others}}}


def _not_modified(endpoint: Endpoint) -> Document:
    if not endpoint.tagged:
        return {}
    return {"304": {"description": "The answer with the tag in `If-None-Match` still holds."}}


def _errors(errors: Iterable[type[TollbookError]]) -> Document:
    by_status: dict[int, list[type[TollbookError]]] = {}
    for error in dict.fromkeys(errors):
        by_status.setdefault(error.status, []).append(error)
    return {str(status): _error(kinds) for status, kinds in sorted(by_status.items())}


def _error(kinds: list[type[TollbookError]]) -> Document:
    headers = {
        name: {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        for kind in kinds
        for name in kind.headers
    }
    described: Document = {
        "description": " ".join((kind.__doc__ or "").splitlines()[0] for kind in kinds),
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Error"},
                "examples": {kind.code: {"value": _error_example(kind)} for kind in kinds},
            }
        },
    }
    return {**described, "headers": headers} if headers else described


def _error_example(kind: type[TollbookError]) -> Document:
    sentence = _EXAMPLE_SENTENCES.get(kind.code)
    if sentence is None:
        sentence = kind().sentence  # type: ignore[call-arg]
    example: Document = {"success": False, "error": sentence, "code": kind.code}
    if kind is InvalidRequest:
        problem = {"field": "organization_id", "code": "missing_parameter", "error": sentence}
        example["details"] = [problem]
    if kind is PriceBookRefused:
        sentence = "line 7: price must be a number from 0 to 1000000 with at most 12 decimals"
        example["details"] = [{"field": "price", "code": "invalid_price", "error": sentence}]
    return {**example, "request_id": "6f1c2a9b00000042"}
