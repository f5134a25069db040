"""The OpenAPI 3.1 document, made from the endpoints themselves."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from tollbook import __version__
from tollbook.api.formats.choice import MEDIA_TYPES, Format
from tollbook.api.openapi.endpoint import Body, Endpoint
from tollbook.api.openapi.errors import error_responses
from tollbook.api.openapi.links import Links, described, next_page
from tollbook.api.openapi.parameters import Parameter
from tollbook.api.openapi.schemas import Components, types_in

Document = dict[str, Any]

_ROWS = {
    Format.CSV: "user_id,total_cost\r\nuser_123,193.35\r\n",
    Format.NDJSON: '{"user_id":"user_123","total_cost":193.35}\n',
    Format.PARQUET: "PAR1",
}
"""Example rows in each format."""


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
            "required": body.required,
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
        error_responses(endpoint),
    )
    return operation


def _needs(endpoint: Endpoint) -> str:
    names = " or ".join(f"`{it.value}`" for it in endpoint.permissions)
    return f"Needs {names}." if names else "Any key may ask."


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
            media_type: {"schema": components.of(body.schema), **_examples(body)}
            for media_type in body.media_types
        },
    }
    links = _links(body, endpoint)
    return {**answer, "links": described(links)} if links else answer


def _examples(body: Body) -> Document:
    """Return the example of an answer, or all of them by what a query includes."""
    if not body.more_examples:
        return {"example": body.example}
    examples = {"documented": body.example, **body.more_examples}
    return {"examples": {name: {"value": it} for name, it in examples.items()}}


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
