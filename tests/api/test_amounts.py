"""`amounts=string` writes every amount of every answer as a string of the same digits."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.conftest import Tenant, problems
from tests.api.test_files import CASES, JANUARY, ORG_1, QUESTIONS, query_of
from tests.api.test_openapi import DOCUMENT, operations
from tests.builders import Json, event, reversal

LARGE = "99999999.000000001"
STRING = {"amounts": "string"}


class Written(str):
    """A JSON number as it is written."""

    __slots__ = ()


def read(text: str) -> Any:
    return json.loads(text, parse_float=Written, parse_int=Written)


def schemas_in(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the named schemas in a part of the document, those it refers to included."""
    if isinstance(value, list):
        for it in value:
            yield from schemas_in(it)
    if not isinstance(value, dict):
        return
    if isinstance(value.get("$ref"), str):
        name = value["$ref"].rpartition("/")[2]
        yield from schemas_in(DOCUMENT["components"]["schemas"][name])
    yield from value.get("properties", {}).items()
    for name, it in value.items():
        if name not in ("example", "examples"):
            yield from schemas_in(it)


def is_amount(schema: Any) -> bool:
    forms = [it for it in (schema.get("items"), *schema.get("anyOf", ())) if it]
    return schema.get("format") == "decimal" or any(map(is_amount, forms))


AMOUNTS = {
    name
    for _, operation in operations()
    for name, schema in schemas_in(operation["responses"])
    if is_amount(schema)
}


def amounts_of(plain: Any, written: Any, name: str = "") -> list[str]:
    """Return the amounts of two forms of an answer; they may differ in their quotes only."""
    if isinstance(plain, dict):
        assert list(plain) == list(written)
        return [it for key in plain for it in amounts_of(plain[key], written[key], key)]
    if isinstance(plain, list):
        pairs = zip(plain, written, strict=True)
        return [it for one, other in pairs for it in amounts_of(one, other, name)]
    assert plain == written, name
    if not isinstance(plain, Written):
        return []
    field = name.rpartition(".")[2]  # columns of meters are named as `voice.call.cost`
    assert isinstance(written, Written) != (field in AMOUNTS), name
    return [] if isinstance(written, Written) else [written]


@pytest.fixture
def rich(either: Tenant) -> Tenant:
    """Usage of 18 digits in two currencies and months, a reversal, budgets and quarantine."""
    either.organization("org_2", currency="EUR")
    either.send(
        event(id="1", user_id="ann", cost=LARGE),
        event(id="2", user_id="bob", cost="99999998.000000004", attributes={"to": "+442071838750"}),
        event(id="3", user_id="bob", type="kb.usage", resource_id="kb_1", quantity=61.5),
        event(id="4", user_id=None, type="sms.inbound", cost="0.5"),
        event(id="5", user_id="ann", cost="7", time="2023-12-20T00:00:00Z"),
        event(id="6", user_id="bob", cost="9"),
        event(id="1", organization_id="org_2", cost="2.5"),
        event(id="1", organization_id="nowhere", cost=99999.125),
    )
    either.reverse(reversal("6"))
    body = {"monthly": LARGE}
    assert either.call("PUT", "/v1/budgets/org_1", json=body).status_code == 200
    return either


def test_every_question_writes_the_same_digits(rich: Tenant) -> None:
    asked = set()
    for case in CASES:
        for form in ("json", "ndjson"):
            path, query = QUESTIONS[case.question].path, query_of(case, format=form)
            answers = [rich.get(path, params={**query, **it}) for it in ({}, STRING)]
            lines = [it.text.splitlines() for it in answers]
            for plain, written in zip(*lines, strict=True):
                plain, written = read(plain), read(written)
                for answer in (plain, written):
                    for name in ("as_of", "meta", "next_cursor"):  # each request has its own
                        answer.pop(name, None)
                if amounts_of(plain, written):
                    asked.add((case.question, form))
    without = {("getUsage", "json"), ("getUsage", "ndjson")}
    assert asked == {(it.question, form) for it in CASES for form in ("json", "ndjson")} - without


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/events/org_1/1", None),
        ("GET", "/v1/events/org_1/back 6", None),
        ("GET", "/v1/events/nowhere/1", None),
        ("GET", "/v1/quarantine?include=causes", None),
        ("POST", "/v1/rate", event(cost=LARGE)),
        ("PUT", "/v1/budgets/org_1", {"monthly": LARGE}),
        ("PUT", "/v1/budgets/org_1/users/ann", {"monthly": LARGE}),
        ("POST", "/v1/rerating", JANUARY),
    ],
)
def test_every_other_answer_writes_the_same_digits(
    rich: Tenant, method: str, path: str, body: Json | None
) -> None:
    plain, written = (
        read(rich.call(method, f"{path}{'&' if '?' in path else '?'}{more}", json=body).text)
        for more in ("amounts=number", "amounts=string")
    )
    for answer in (plain, written):
        if "budget" in answer:
            del answer["budget"]["changed_at"]
    assert amounts_of(plain, written)


def test_runs_and_removed_budgets_write_strings_too(rich: Tenant) -> None:
    begun = rich.post("/v1/rerating", params=STRING, json={**JANUARY, "apply": True})
    run = rich.get(f"/v1/rerating/{begun.json()['run']['id']}", params=STRING).json()["run"]
    assert all(isinstance(it["new_cost"], str) for it in run["totals"])
    removed = rich.delete("/v1/budgets/org_1", params=STRING).json()
    assert removed["budget"]["monthly"] == LARGE


def test_loaded_and_published_books_write_strings_too(tenant: Tenant) -> None:
    book = "{name: At a loss, currency: USD, effective_from: 2024-01-01, source: a contract, rates:"
    book += " [{meter: sms.outbound, price: 1.5, per: message, buy: 2}]}"
    path, yaml = "/v1/price-books", {"Content-Type": "application/yaml"}
    params = {**STRING, "draft": "true"}
    loaded = tenant.post(path, content=book.encode(), headers=yaml, params=params).json()
    version = loaded["price_book"]["version"]
    published = tenant.post(f"{path}/{version}/publish", params=STRING).json()
    for answer in (loaded, published):
        (rate,) = answer["below_buy"]
        assert (rate["cost"], rate["buy_cost"]) == ("1.50", "2.00")


def test_the_two_forms_of_an_answer_are_kept_apart(tenant: Tenant) -> None:
    tenant.send(event(cost="1.5"))
    path = "/v1/analytics/users"
    plain = tenant.get(path, params=ORG_1)
    written = tenant.get(path, params={**ORG_1, **STRING})
    assert '"total_cost":1.50}' in plain.text
    assert '"total_cost":"1.50"}' in written.text
    same = {"If-None-Match": plain.headers["etag"]}
    assert tenant.get(path, params={**ORG_1, **STRING}, headers=same).status_code == 200
    assert tenant.get(path, params=ORG_1).content == plain.content
    assert tenant.get(path, params={**ORG_1, "amounts": "number"}).content == plain.content
    refused = tenant.get(path, params={**ORG_1, "amounts": "text"})
    assert problems(refused) == [("amounts", "invalid_choice")]


def test_every_answer_with_amounts_has_the_parameter() -> None:
    assert len(AMOUNTS) > 20
    for name, operation in operations():
        parameters = {it["name"] for it in operation["parameters"]}
        found = [field for field, it in schemas_in(operation["responses"]) if is_amount(it)]
        assert not found or "amounts" in parameters, (name, found)


def test_every_cost_is_an_amount() -> None:
    for name, operation in operations():
        for field, schema in schemas_in(operation["responses"]):
            if field.endswith(("cost", "costs")) and '"number"' in json.dumps(schema):
                assert is_amount(schema), (name, field)
