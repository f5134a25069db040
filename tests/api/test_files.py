"""A file of a question contains what its JSON contains, and its rows add up to the ledger."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, NamedTuple

import pyarrow.parquet
import pytest

from tests.api.conftest import Tenant, problems, site_of
from tests.builders import Json, event, reversal
from tests.conftest import ENGINES
from tollbook.analytics.series_question import SeriesSplit
from tollbook.api.application import ENDPOINTS
from tollbook.api.openapi.endpoint import Endpoint

Row = dict[str, Any]

QUESTIONS: dict[str, Endpoint] = {
    it.name: it for it in ENDPOINTS if "format" in [given.name for given in it.parameters]
}
JANUARY = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
ORG_1 = {**JANUARY, "organization_id": "org_1"}
LEVEL = "organization level"
NOT_FIGURES = {"success", "next_cursor", "meta"}
"""Fields of JSON that a file has in its headers or not at all."""
MARGIN = ("buy_cost", "margin", "buy_known_share")
OF_METERS = {"meter", "unit", "category"}
"""Fields of the usage of a meter that a file has in the names of its columns or not at all."""


@pytest.fixture(scope="module", params=ENGINES)
def used(request: pytest.FixtureRequest) -> Tenant:
    """A tenant whose usage no test may change."""
    return used_by(site_of(request).tenant())


def used_by(either: Tenant) -> Tenant:
    """Two currencies, two periods, budgets, and usage that is not attributed to a user."""
    either.organization()
    either.organization("org_2", currency="EUR", name="Second; ltd")
    either.organization("org_3", name="=Third")
    now = datetime.now(UTC).isoformat()
    kb = {"type": "kb.usage", "resource_id": "kb_1"}
    either.send(
        event(id="1", user_id="ann", cost="1.000000001"),
        event(id="2", user_id="bob", type="sms.outbound", quantity=3, cost="0.0225"),
        event(id="3", user_id="bob", quantity=61.5, attributes={"to": "+442071838750"}),
        event(id="4", user_id="ann", **kb),
        event(id="5", user_id="bob", **kb, quantity=100),
        event(id="6", user_id="ann", type="brand.registration", quantity=2, cost="4"),
        event(id="7", user_id=None, type="sms.inbound", cost="0.5"),
        event(id="8", user_id="free", type="api.request", cost="0"),
        event(id="9", user_id="ann", cost="7", time="2023-12-20T00:00:00Z"),
        event(id="10", user_id=None, cost="0.25", time="2023-12-31T00:00:00Z"),
        event(id="11", user_id="gone", cost="3", time="2023-12-02T00:00:00Z"),
        event(id="12", user_id="bob", type="api.storage", quantity="0.000001", cost="0.000000002"),
        event(id="13", user_id="bob", cost="9"),
        event(id="1", organization_id="org_2", cost="2.5"),
        event(id="1", organization_id="org_3", cost="0.125"),
        event(id="now", user_id="ann", cost="1.5", time=now),
    )
    either.reverse(reversal("13"))
    for path in ("org_1", "org_1/users/ann", "org_2"):
        body = {"monthly": "2.50", "alert_at": [0.5, 1]}
        assert either.call("PUT", f"/v1/budgets/{path}", json=body).status_code == 200
    return either


class Case(NamedTuple):
    """A question with everything that it can include, and the rows that its JSON becomes."""

    question: str
    query: dict[str, str]
    rows: Callable[[Json], Iterator[Row]]


def flat(value: Any, name: str = "") -> Row:
    """Return the fields of a JSON object with flat names; those of a breakdown have no prefix."""
    if name == "meters":
        return {
            f"{usage['meter']}.{field}": figure
            for usage in value
            for field, figure in usage.items()
            if field not in OF_METERS
        }
    if not isinstance(value, dict):
        return {name: value}
    prefix = "" if name in ("", "cost_breakdown") else f"{name}_"
    return {
        key: leaf for field, it in value.items() for key, leaf in flat(it, prefix + field).items()
    }


def constants(answer: Json) -> Row:
    """Take the fields that an answer has once: its ids, days, currency, and usage by meter."""
    taken = [
        it
        for it in answer
        if it == "meters" or (not isinstance(answer[it], list) and it not in NOT_FIGURES)
    ]
    return {k: v for name in taken for k, v in flat(answer.pop(name), name).items()}


def margin_of(answer: Json, of: str = "", to: str = "") -> Row:
    """Take a margin, whose fields begin with `of`, for columns that begin with `to`."""
    return {f"{to}{it}": answer.pop(f"{of}{it}") for it in MARGIN}


def rows_of(list_name: str) -> Callable[[Json], Iterator[Row]]:
    """Return what makes rows of a list; totals and the organization level are rows too."""

    def rows(answer: Json) -> Iterator[Row]:
        name = f"{list_name[:-1]}_name"
        totals, level = answer.pop("totals", None), answer.pop("organization_level", None)
        listed, shared = answer.pop(list_name), constants(answer)
        if any("groups" in row for row in listed):  # a file of groups has their figures only
            totals = totals and {"cost": totals["total_cost"], **margin_of(totals)}
            level = level and {
                "events": level["events"],
                "cost": level["total_cost"],
                **margin_of(level),
            }
            listed = [
                {**{k: v for k, v in row.items() if k.endswith(("_id", "_name"))}, **group}
                for row in listed
                for group in row["groups"]
            ]
        for row in listed:
            yield {**shared, **flat(row)}
        if totals:
            yield {**shared, name: "Total", **flat(totals)}
        if level:
            yield {**shared, name: LEVEL, **flat(level)}

    return rows


def one_row(answer: Json) -> Iterator[Row]:
    yield constants(answer)


def forecast_row(answer: Json) -> Iterator[Row]:
    assert answer.pop("as_of")  # each request has its own
    yield constants(answer)


def usage_row(answer: Json) -> Iterator[Row]:
    usage = answer.pop("usage")
    if usage["period"] == "all_time":
        usage["period"] = {"start": None, "end": None}
    yield flat(usage)


def changes_rows(answer: Json) -> Iterator[Row]:
    whose = "user" if "organization_id" in answer else "organization"
    totals = {
        "cost": answer.pop("total_cost"),
        "previous_cost": answer.pop("previous_cost"),
        "change": answer.pop("change"),
        **margin_of(answer),
        **margin_of(answer, "previous_", "previous_"),
    }
    level = answer.pop("organization_level", None)
    listed = [answer.pop(name) for name in ("grew", "shrank", "top")]
    idle = answer.pop(f"without_usage_{whose}s")
    assert answer.pop("without_usage") == len(idle)
    answer.pop(f"active_{whose}s")
    answer.pop(f"cost_per_active_{whose}")  # `test_what_is_counted_of_changes…` derives both
    shared = constants(answer)
    for row in (it for rows in listed for it in rows):
        yield {**shared, **row}
    for row in idle:
        yield {**shared, **row, "events": 0}
    if level:
        yield {**shared, f"{whose}_name": LEVEL, **level}
    yield {**shared, f"{whose}_name": "Total", **totals}


def series_rows(answer: Json) -> Iterator[Row]:
    """Each bucket of each series, next to that of the other period, and the total."""
    answer.pop("bucket")  # the parameter
    series, names = answer.pop("series"), answer.pop("buckets")
    totals: Row = {"cost": answer.pop("total_cost")}
    other = answer.pop("comparison")
    totals |= {"previous_cost": other["total_cost"], "change": other["change"]}
    totals |= margin_of(answer, "total_") | margin_of(other, "total_", "previous_")
    previous = {f"previous_period_{it}": day for it, day in other["period"].items()}
    shared = {**constants(answer), **previous}
    for prefix, lines, buckets in (
        ("", series, names),
        ("previous_", other["series"], other["buckets"]),
    ):
        for line in lines:
            named = {
                name: line.pop(name) for name in ("key", "name", "unit", "rest") if name in line
            }
            columns = {"events": "events", "quantities": "quantity", "costs": "cost"}
            columns |= {f"{it}s": it for it in MARGIN}
            figures = {columns[it]: line.pop(it) for it in columns if it in line}
            whole = margin_of(line, "total_")
            assert set(line) <= {"total_events", "total_quantity", "total_cost"}
            assert line["total_cost"] == sum(figures["cost"])
            for name in ("buy_cost", "margin"):
                assert (whole[name] or 0) == sum(it or 0 for it in figures[name])
            for index, bucket in enumerate(buckets):
                yield {
                    **shared,
                    **named,
                    f"{prefix}bucket": bucket,
                    **{f"{prefix}{it}": values[index] for it, values in figures.items()},
                }
    yield {**shared, "bucket": "Total", **totals}


def events_rows(answer: Json) -> Iterator[Row]:
    answer.pop("period")  # each event has its own day
    listed, shared = answer.pop("events"), constants(answer)
    yield from ({**shared, **it} for it in listed)


def budget_rows(answer: Json) -> Iterator[Row]:
    listed, shared = answer.pop("budgets"), constants(answer)
    yield from ({**shared, **it} for it in listed)


COMPARED = {"compare": "previous_period", "top": "2"}
CASES = [
    Case("getUserAnalytics", ORG_1, rows_of("users")),
    Case("getUserAnalytics", {**ORG_1, "user_id": "bob"}, rows_of("users")),
    Case("getUserAnalytics", {**ORG_1, "search": "an", "sort": "user_id"}, rows_of("users")),
    Case("getUserAnalytics", {**ORG_1, "meter": "brand.registration"}, rows_of("users")),
    Case("getUserAnalytics", {**ORG_1, "limit": "1"}, rows_of("users")),
    Case("getUserAnalytics", {**ORG_1, "group_by": "meter"}, rows_of("users")),
    Case("getUserAnalytics", {**ORG_1, "group_by": "country"}, rows_of("users")),
    Case("getOrganizationAnalytics", JANUARY, rows_of("organizations")),
    Case("getOrganizationAnalytics", {**JANUARY, "currency": "EUR"}, rows_of("organizations")),
    Case("getOrganizationAnalytics", {**JANUARY, "limit": "1"}, rows_of("organizations")),
    Case("getOrganizationAnalytics", {**JANUARY, "group_by": "meter"}, rows_of("organizations")),
    Case("getOverviewAnalytics", JANUARY, one_row),
    Case("getOverviewAnalytics", {**JANUARY, "currency": "EUR"}, one_row),
    Case("getUsage", {"organization_id": "org_1"}, usage_row),
    Case("getUsage", {**ORG_1, "user_id": "bob"}, usage_row),
    Case("getUsage", {"organization_id": "org_1", "end_date": "2024-02-01T00:00:00Z"}, usage_row),
    Case("getChanges", {**ORG_1, "limit": "100"}, changes_rows),
    Case("getChanges", {**JANUARY, "limit": "100"}, changes_rows),
    Case("getForecast", {"organization_id": "org_1"}, forecast_row),
    Case("getForecast", {"organization_id": "org_1", "user_id": "ann"}, forecast_row),
    Case("getForecast", {"month": "2024-01"}, forecast_row),
    Case("getUsageSeries", {**ORG_1, **COMPARED}, series_rows),
    Case("getUsageSeries", {**ORG_1, **COMPARED, "user_id": "ann"}, series_rows),
    Case("getUsageSeries", {**JANUARY, **COMPARED, "bucket": "week"}, series_rows),
    Case(
        "getUsageSeries",
        {"organization_id": "org_1", "period": "2024-02", **COMPARED},
        series_rows,
    ),
    *(
        Case("getUsageSeries", {**ORG_1, **COMPARED, "split_by": it.value}, series_rows)
        for it in SeriesSplit
    ),
    Case("listEvents", {**ORG_1, "limit": "100"}, events_rows),
    Case("listBudgets", {}, budget_rows),
    Case("listBudgets", {"organization_id": "org_1"}, budget_rows),
]


def query_of(case: Case, **more: str) -> dict[str, str]:
    """Return the query of a case with everything that it can include."""
    included = [it for it in QUESTIONS[case.question].parameters if it.name == "include"]
    choices = ",".join(included[0].choices) if included else ""
    return {**case.query, **({"include": choices} if choices else {}), **more}


def file_of(tenant: Tenant, question: str, query: dict[str, str]) -> list[Row]:
    """Return the lines of a file, checked to be the same in every format."""
    texts = {}
    for form in ("ndjson", "csv", "parquet"):
        answer = tenant.get(QUESTIONS[question].path, params={**query, "format": form})
        assert answer.status_code == 200, answer.text
        texts[form] = answer.content
    lines = [json.loads(it, parse_float=Decimal) for it in texts["ndjson"].splitlines()]
    cells = list(csv.DictReader(io.StringIO(texts["csv"].decode(), newline=""), strict=True))
    table = pyarrow.parquet.read_table(io.BytesIO(texts["parquet"]))
    assert len(lines) == len(cells) == table.num_rows
    for line, row in zip(lines, cells, strict=True):
        assert list(line) == list(row) == table.column_names
        for name in set(row) - {"as_of"}:
            assert plain(line[name]) == plain(row[name]), name
    return lines


def plain(value: Any) -> Any:
    """Return a value of CSV or of JSON in the form in which both can be compared."""
    if value in (None, "", {}):
        return ""
    if isinstance(value, dict | list):
        return value
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if text[0] in "[{":
        return json.loads(text, parse_float=Decimal)
    try:
        return Decimal(text)
    except ArithmeticError:
        return text.removeprefix("'")


def same(found: Any, expected: Any) -> bool:
    """Return whether a cell has the value of a field; instants have as many digits as they need."""
    if isinstance(expected, str) and expected.endswith("Z"):
        return datetime.fromisoformat(str(found)) == datetime.fromisoformat(expected)
    return bool(plain(found) == plain(expected))


def is_nothing(row: Row) -> bool:
    """Return whether a row for the organization level has no usage; files leave it out."""
    level = any(value == LEVEL for name, value in row.items() if name.endswith("_name"))
    return level and not any(isinstance(it, int | Decimal) and it for it in row.values())


@pytest.mark.parametrize("case", CASES, ids=lambda it: f"{it.question} {it.query}")
def test_each_figure_of_the_json_is_in_the_file(used: Tenant, case: Case) -> None:
    query = query_of(case)
    answer = used.get(QUESTIONS[case.question].path, params=query)
    assert answer.status_code == 200, answer.text
    answered = json.loads(answer.text, parse_float=Decimal)
    lines = file_of(used, case.question, query)
    expected = list(case.rows(answered))
    assert expected
    assert set(answered) <= NOT_FIGURES, "a field of the JSON is not looked for in the file"
    for row in filter(lambda it: not is_nothing(it), expected):
        missing = [
            line
            for line in lines
            if all(name in line and same(line[name], value) for name, value in row.items())
        ]
        assert missing, (row, lines)


def test_every_question_with_files_is_a_case() -> None:
    without_figures = {"listActs", "listNotifications"}
    assert set(QUESTIONS) - {it.question for it in CASES} == without_figures


@pytest.mark.parametrize("case", CASES, ids=lambda it: f"{it.question} {it.query}")
def test_totals_are_a_row_only_when_asked_for(used: Tenant, case: Case) -> None:
    without = file_of(used, case.question, case.query)
    with_all = file_of(used, case.question, query_of(case))

    def totals(lines: list[Row]) -> list[Row]:
        labels = ("user_name", "organization_name", "bucket")
        return [it for it in lines if "Total" in [it.get(name) for name in labels]]

    assert totals(without) == []
    included = [it for it in QUESTIONS[case.question].parameters if it.name == "include"]
    can_total = bool(included) and "totals" in (included[0].choices or ())
    assert len(totals(with_all)) == can_total


ADDED_UP = [
    ("getUserAnalytics", ORG_1, "total_cost"),
    ("getUserAnalytics", {**ORG_1, "group_by": "meter"}, "cost"),
    ("getUserAnalytics", {**ORG_1, "group_by": "country"}, "cost"),
    ("getChanges", ORG_1, "cost"),
    ("getUsageSeries", ORG_1, "cost"),
    *(("getUsageSeries", {**ORG_1, "split_by": it.value}, "cost") for it in SeriesSplit),
    ("listEvents", ORG_1, "cost"),
]


@pytest.mark.parametrize(("question", "query", "column"), ADDED_UP, ids=str)
def test_the_rows_of_a_file_add_up_to_the_organization(
    used: Tenant, question: str, query: dict[str, str], column: str
) -> None:
    key = used.key(organization="org_1")
    whole = used.get(QUESTIONS["getOverviewAnalytics"].path, key, params=JANUARY)
    total = json.loads(whole.text, parse_float=Decimal)["total_cost"]
    lines = file_of(used, question, query)
    assert sum(Decimal(line[column]) for line in lines) == total
    assert {line["organization_id"] for line in lines} == {"org_1"}
    assert {line["currency"] for line in lines} == {"USD"}


def test_what_is_counted_of_changes_follows_from_the_rows(used: Tenant) -> None:
    answer = used.get(QUESTIONS["getChanges"].path, params=ORG_1)
    answered = json.loads(answer.text, parse_float=Decimal)
    users = [it for it in file_of(used, "getChanges", ORG_1) if it["user_id"]]
    active = [it for it in users if it["events"] > 0]
    assert answered["active_users"] == len(active)
    assert answered["without_usage"] == len(users) - len(active)
    mean = sum((it["cost"] for it in users), Decimal(0)) / len(active)
    nano = Decimal("1e-9")
    assert answered["cost_per_active_user"] == mean.quantize(nano, ROUND_HALF_EVEN)


def test_a_file_of_some_users_has_the_organization_level_only_with_totals(used: Tenant) -> None:
    for query in (
        {"search": "ann"},
        {"status": "active"},
        {"min_cost": "0"},
        {"active": "true"},
        {"limit": "100"},
    ):
        lines = file_of(used, "getUserAnalytics", {**ORG_1, **query})
        assert LEVEL not in [it["user_name"] for it in lines]
        lines = file_of(used, "getUserAnalytics", {**ORG_1, **query, "include": "totals"})
        assert [it["user_name"] for it in lines][-2:] == ["Total", LEVEL]
        rows, total = lines[:-2], lines[-2]
        assert sum(it["total_cost"] for it in rows) == total["total_cost"]


def test_an_organization_without_usage_of_its_own_has_no_row_for_it(used: Tenant) -> None:
    lines = file_of(used, "getUserAnalytics", {**ORG_1, "organization_id": "org_3"})
    assert [it["user_id"] for it in lines] == ["user_1"]
    changes = file_of(used, "getChanges", {**ORG_1, "organization_id": "org_3"})
    assert [it["user_id"] for it in changes] == ["user_1"]


def test_a_key_of_a_user_gets_a_file_without_the_organization_level(used: Tenant) -> None:
    key = used.key(organization="org_1", user="ann")
    for more in ({}, {"include": "totals"}):
        params = {**ORG_1, **more, "format": "csv"}
        text = used.get(QUESTIONS["getUserAnalytics"].path, key, params=params).text
        assert LEVEL not in text


def test_formulas_are_escaped_unless_the_request_says_otherwise(either: Tenant) -> None:
    used = used_by(Tenant(either.database, either.http))
    used.organization("=org")
    used.send(event(id="=1+1", organization_id="=org", user_id="+4915112345678"))
    named = {**JANUARY, "organization_id": "=org"}
    questions = {
        "getUserAnalytics": named,
        "getOrganizationAnalytics": JANUARY,
        "getChanges": named,
        "getUsageSeries": {**named, "split_by": "user"},
        "getUsage": named,
        "getForecast": {"organization_id": "=org"},
        "listEvents": named,
        "listActs": {},
    }
    budget = {"monthly": 1}
    assert used.call("PUT", "/v1/budgets/%3Dorg", json=budget).status_code == 200
    questions["listBudgets"] = {}
    tags = set()
    for question, query in questions.items():
        path = QUESTIONS[question].path
        for plain, cell in ((None, "'=org"), ("true", "'=org"), ("false", "=org")):
            chosen = {} if plain is None else {"escape_formulas": plain}
            answer = used.get(path, params={**query, **chosen, "format": "csv"})
            assert answer.status_code == 200, answer.text
            rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
            found = {row["organization_id"] for row in rows}
            assert cell in found, (question, plain)
            assert ("=org" in found) is (plain == "false")
            if question == "getUserAnalytics":
                assert rows[0]["user_id"] == "+4915112345678"
                tags.add(answer.headers["etag"])
    assert len(tags) == 2
    wrong = used.get(path, params={"format": "csv", "escape_formulas": "no"})
    assert problems(wrong) == [("escape_formulas", "invalid_boolean")]
    # A page may be written in another way than the one before.
    users = QUESTIONS["getUserAnalytics"].path
    first = used.get(users, params={**ORG_1, "limit": "1", "format": "csv"})
    following = {"cursor": first.headers["x-next-cursor"], "limit": "1", "format": "csv"}
    second = used.get(users, params={**ORG_1, **following, "escape_formulas": "false"})
    assert second.status_code == 200


def test_every_file_can_be_left_unescaped() -> None:
    for question in QUESTIONS.values():
        assert "escape_formulas" in [it.name for it in question.parameters], question.name
