"""Every question that has other formats: the same rows in each, with the headers of an answer."""

import csv
import io
import json
from decimal import Decimal
from typing import Any

import httpx
import pyarrow.parquet
import pytest

from tests.api.conftest import Tenant
from tests.builders import Platform, event
from tests.inside import serving
from tollbook.analytics.tables import Table
from tollbook.api.application import ENDPOINTS
from tollbook.api.formats.choice import MEDIA_TYPES
from tollbook.api.openapi.endpoint import Endpoint
from tollbook.store.database import Database

QUESTIONS = [
    endpoint
    for endpoint in ENDPOINTS
    if endpoint.tagged and "format" in [it.name for it in endpoint.parameters]
]
WITHOUT_COSTS_OF_THE_PERIOD = ("getUsage", "getForecast", "listBudgets")
DAYS = {"organization_id": "org_1", "start_date": "2024-01-01", "end_date": "2024-01-31"}


def parameters(question: Endpoint, options: dict[str, str]) -> dict[str, str]:
    """Return those of the options that a question takes."""
    taken = {it.name: it.choices for it in question.parameters}
    if question.name == "getUsage":
        taken = {it: choices for it, choices in taken.items() if "date" not in it}
    return {
        name: value
        for name, value in options.items()
        if name in taken and (not taken[name] or value in taken[name])
    }


def ask(tenant: Tenant, question: Endpoint, form: str, **headers: str) -> httpx.Response:
    asked = parameters(question, {**DAYS, "limit": "100"})
    return tenant.get(question.path, params={**asked, "format": form}, headers=headers)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda it: it.name)
@pytest.mark.parametrize("events", [0, 3])
def test_a_question_has_the_same_rows_in_each_format(
    tenant: Tenant, question: Endpoint, events: int
) -> None:
    tenant.send(*(event(id=f"{n}", user_id=f"user_{n}", cost="0.000000001") for n in range(events)))
    answers = {form: ask(tenant, question, form) for form in ("csv", "ndjson", "parquet")}
    for form, answer in answers.items():
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith(MEDIA_TYPES[form])  # type: ignore[index]
        assert answer.headers["content-disposition"].endswith(f'.{form}"')
        assert {"x-as-of", "x-quarantined", "etag"} <= set(answer.headers)
    cells = list(csv.reader(io.StringIO(answers["csv"].text, newline="")))
    lines = [json.loads(it, parse_float=Decimal) for it in answers["ndjson"].text.splitlines()]
    rows = pyarrow.parquet.read_table(io.BytesIO(answers["parquet"].content))
    assert len(cells) - 1 == len(lines) == rows.num_rows
    assert cells[0] == rows.column_names
    for row, line, found in zip(cells[1:], lines, rows.to_pylist(), strict=True):
        assert list(line) == cells[0]
        for name, text in zip(cells[0], row, strict=True):
            if isinstance(found[name], float):
                assert float(text) == float(line[name]) == found[name]
            elif isinstance(line[name], int | Decimal):
                assert Decimal(text) == line[name] == found[name]
    costs = [it.get("total_cost", it.get("cost", 0)) for it in lines]
    if question.name not in WITHOUT_COSTS_OF_THE_PERIOD:
        assert sum(costs) == Decimal(events) / 10**9


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda it: it.name)
def test_a_tag_is_of_one_format(tenant: Tenant, question: Endpoint) -> None:
    tags = {form: ask(tenant, question, form).headers["etag"] for form in ("json", "csv", "ndjson")}
    assert len(set(tags.values())) == 3
    for form, tag in tags.items():
        assert ask(tenant, question, form, **{"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("slicing", [{}, {"include": "totals"}, {"limit": "1"}], ids=str)
def test_a_table_is_made_only_for_a_format_that_asks_for_one(
    database: Database, monkeypatch: pytest.MonkeyPatch, slicing: dict[str, str]
) -> None:
    platform = Platform(database, "acme")
    platform.organization()
    platform.send(event())
    made: list[str] = []
    create = Table.__new__

    def counted(kind: type[Table], *given: Any, **named: Any) -> Table:
        made.append(kind.__name__)
        return create(kind, *given, **named)

    monkeypatch.setattr(Table, "__new__", counted)
    with serving(database, platform.key()) as client:
        for question in QUESTIONS:
            for form, tables in (("json", []), ("csv", ["Table"])):
                made.clear()
                params = {**parameters(question, DAYS | slicing), "format": form}
                answer = client.get(question.path, params=params)
                assert answer.status_code == 200, answer.text
                assert made == tables, (question.name, form)


def test_totals_are_a_row_of_their_own_when_asked_for(tenant: Tenant) -> None:
    tenant.send(event())
    path = "/v1/analytics/organizations"
    params = {"start_date": "2024-01-01", "end_date": "2024-01-31", "format": "csv"}
    without = tenant.get(path, params=params).text.splitlines()
    totals = tenant.get(path, params={**params, "include": "totals"}).text.splitlines()
    assert totals[:-1] == without
    assert totals[-1].startswith(",Total,")
    assert totals[-1].endswith(f",0.122,USD,{tenant.tenant},2024-01-01,2024-01-31")
