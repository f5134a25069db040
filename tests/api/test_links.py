"""Links between operations: each leads somewhere, and to the values that an answer holds."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.builders import Json
from tollbook.api.application import ENDPOINTS
from tollbook.api.openapi.document import openapi
from tollbook.api.openapi.links import leads, next_page

DOCUMENT: Json = msgspec.json.decode(msgspec.json.encode(openapi(ENDPOINTS)))
OPERATIONS: dict[str, Json] = {
    operation["operationId"]: operation
    for methods in DOCUMENT["paths"].values()
    for operation in methods.values()
}


class Found(NamedTuple):
    """A link, with the operation and the answer that it stands in."""

    where: str
    source: Json
    answer: Json
    link: Json


def links() -> Iterator[Found]:
    for name, operation in OPERATIONS.items():
        for status, answer in operation["responses"].items():
            for link in answer.get("links", {}).values():
                yield Found(f"{name} {status} {link['operationId']}", operation, answer, link)


LINKS = list(links())


def example_of(body: Json) -> Any:
    content = body["content"]["application/json"]
    if "example" in content:
        return content["example"]
    examples = content["examples"]
    return examples.get("receipts", next(iter(examples.values())))["value"]


def properties_of(body: Json) -> Json:
    schema = body["content"]["application/json"]["schema"]
    if "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found: Json = schema["properties"]
    return found


def value_at(value: Any, pointer: str) -> Any:
    for name in pointer.split("/")[1:]:
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value


@pytest.mark.parametrize("found", LINKS, ids=lambda it: it.where)
def test_a_link_leads_to_an_operation_with_its_parameters(found: Found) -> None:
    target = OPERATIONS[found.link["operationId"]]
    declared = {it["name"]: it["in"] for it in target["parameters"]}
    given = set(found.link["parameters"])
    assert given <= set(declared)
    assert {name for name, where in declared.items() if where == "path"} <= given


@pytest.mark.parametrize("found", LINKS, ids=lambda it: it.where)
def test_what_a_link_takes_is_declared_or_stands_in_the_example(found: Found) -> None:
    declared = {f"$request.{it['in']}.{it['name']}" for it in found.source["parameters"]}
    bodies = {"$response.body": found.answer, "$request.body": found.source.get("requestBody")}
    for expression in set(found.link["parameters"].values()) - declared:
        place, _, pointer = expression.partition("#")
        body = bodies[place]
        assert body
        if pointer.startswith("/next_"):  # absent or null in an answer that has but one page
            assert pointer[1:] in properties_of(body)
        else:
            assert value_at(example_of(body), pointer)


def test_every_operation_leads_somewhere_or_is_led_to() -> None:
    apart = {
        name
        for name, operation in OPERATIONS.items()
        if not any(it.get("links") for it in operation["responses"].values())
    }
    led_to = {it.link["operationId"] for it in LINKS}
    assert apart - led_to == {"listKeys", "revokeViewerTokens"}


def test_every_list_in_pages_leads_to_its_next_page() -> None:
    in_pages = {
        name: operation["responses"]["200"]["links"][name]["parameters"]
        for name, operation in OPERATIONS.items()
        if {"cursor", "after"} & {it["name"] for it in operation["parameters"]}
    }
    assert len(in_pages) == 11
    assert in_pages["listQuarantine"] == {
        "organization_id": "$request.query.organization_id",
        "amounts": "$request.query.amounts",
        "codes": "$request.query.codes",
        "ids": "$request.query.ids",
        "type": "$request.query.type",
        "start_date": "$request.query.start_date",
        "end_date": "$request.query.end_date",
        "include": "$request.query.include",
        "limit": "$request.query.limit",
        "cursor": "$response.body#/next_cursor",
    }
    assert in_pages["getPriceBook"] == {
        "version": "$request.path.version",
        "limit": "$request.query.limit",
        "to": "$request.query.to",
        "after": "$response.body#/next_after",
    }


def test_all_operations_of_a_declaration_get_its_parameters() -> None:
    assert leads("a", "b", id="/id") == {"a": {"id": "/id"}, "b": {"id": "/id"}}
    assert next_page("a", ("id",), ("limit",)) == {}
