"""/openapi.json: valid OpenAPI 3.1 with examples of everything, and true of the server."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest
from jsonschema_rs import validator_for
from schemathesis.specs.openapi.definitions import OPENAPI_31

from tests.api.conftest import Site
from tests.builders import Json
from tollbook import __version__
from tollbook.api.application import ENDPOINTS
from tollbook.api.openapi.document import openapi

DOCUMENT: Json = msgspec.json.decode(msgspec.json.encode(openapi(ENDPOINTS)))


class Content(NamedTuple):
    """A schema with its examples, and where it stands."""

    where: str
    schema: Any
    examples: list[Any]


def operations() -> Iterator[tuple[str, Json]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents() -> Iterator[Content]:
    for name, operation in operations():
        bodies = {"request": operation.get("requestBody", {}), **operation["responses"]}
        for place, body in bodies.items():
            for media_type, content in body.get("content", {}).items():
                if "example" in content:
                    examples = [content["example"]]
                else:
                    examples = [it["value"] for it in content.get("examples", {}).values()]
                yield Content(f"{name} {place} {media_type}", content["schema"], examples)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for it in value.values():
            yield from references(it)
    elif isinstance(value, list):
        for it in value:
            yield from references(it)


def test_the_server_sends_the_document_as_json(site: Site) -> None:
    answer = site.http.get("/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json() == DOCUMENT


def test_the_document_is_valid_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    found = [str(error) for error in validator_for(OPENAPI_31).iter_errors(DOCUMENT)]
    assert found == []


def test_the_document_carries_the_version_of_tollbook() -> None:
    assert DOCUMENT["info"]["version"] == __version__


def test_every_reference_leads_somewhere() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    broken = {it for it in references(DOCUMENT) if it.rpartition("/")[2] not in schemas}
    assert broken == set()


def test_operations_are_named_once_and_described() -> None:
    names = [operation["operationId"] for _, operation in operations()]
    assert len(names) == len(set(names)) == len(ENDPOINTS)
    for name, operation in operations():
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["tags"], name


def test_parameters_in_a_path_are_declared() -> None:
    for name, operation in operations():
        declared = {it["name"] for it in operation["parameters"] if it["in"] == "path"}
        assert declared == {part.partition("}")[0] for part in name.split("{")[1:]}, name


def test_every_parameter_is_described_or_shown_by_an_example() -> None:
    bare = [
        (name, parameter["name"])
        for name, operation in operations()
        for parameter in operation["parameters"]
        if not {"description", "example"} & set(parameter)
    ]
    assert bare == []


@pytest.mark.parametrize("path", ["users", "organizations", "overview"])
def test_an_answer_with_margins_has_an_example(path: str) -> None:
    answer = DOCUMENT["paths"][f"/v1/analytics/{path}"]["get"]["responses"]["200"]
    shown = answer["content"]["application/json"]["examples"]["margin"]["value"]
    rows = shown.get(path, [shown])
    for row in rows:
        assert {"buy_cost", "margin", "buy_known_share"} <= row.keys()
        if row["margin"] is not None:
            known = row["buy_cost"] + row["margin"]
            assert row["buy_known_share"] == pytest.approx(known / row["total_cost"], abs=1e-6)


def test_every_request_and_answer_has_an_example() -> None:
    assert [it.where for it in contents() if not it.examples] == []


@pytest.mark.parametrize("content", list(contents()), ids=lambda it: it.where)
def test_examples_fit_their_schemas(content: Content) -> None:
    # A body of lines is a text on the wire; its example shows the object of one line.
    schema = content.schema
    if "POST" in content.where and ("ndjson" in content.where or "jsonl" in content.where):
        name = "Correction" if "corrections" in content.where else "Event"
        schema = {"$ref": f"#/components/schemas/{name}"}
    validator = validator_for({"components": DOCUMENT["components"], **schema})
    for example in content.examples:
        assert [str(error) for error in validator.iter_errors(example)] == []


def test_every_operation_documents_what_every_key_can_meet() -> None:
    for name, operation in operations():
        anybody = operation["operationId"] == "getOwnKey"
        met = {"401", "503"} if anybody else {"401", "403", "503"}
        assert met <= set(operation["responses"]), name


def test_every_operation_with_a_body_documents_that_it_may_be_too_large() -> None:
    lacking = [
        name
        for name, operation in operations()
        if "requestBody" in operation and "413" not in operation["responses"]
    ]
    assert lacking == []


def test_waiting_times_are_documented_where_they_are_sent() -> None:
    responses = DOCUMENT["paths"]["/v1/events"]["post"]["responses"]
    assert [
        status for status, it in responses.items() if "Retry-After" in it.get("headers", {})
    ] == [
        "429",
        "503",
    ]


def test_a_refused_atomic_batch_is_documented_with_its_receipts() -> None:
    responses = DOCUMENT["paths"]["/v1/events"]["post"]["responses"]
    for status in ("409", "422"):
        schema = responses[status]["content"]["application/json"]["schema"]
        validator = validator_for({"components": DOCUMENT["components"], **schema})
        receipts = {
            "success": False,
            "counts": dict.fromkeys(
                ("accepted", "duplicate", "quarantined", "conflict", "rejected"), 0
            ),
            "receipts": [],
            "as_of": "2024-01-15T10:31:00.123456Z",
        }
        assert validator.is_valid(receipts), status
