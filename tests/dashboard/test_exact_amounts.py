"""Amounts of 21 digits are exact in tables, sums, exports and explanations."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.api.test_formats import FORMULAS, texts_csv
from tests.builders import event
from tests.dashboard.conftest import JANUARY, Demo, Look, table

COSTS = ("99999999.000000001", "99999999.000000002", "99999998.000000004")
TOTAL = "299999996.000000007"


def make(demo: Demo, organization: str, costs: tuple[str, ...]) -> None:
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={"id": organization, "name": organization})
        for number, cost in enumerate(costs):
            sent = event(
                id=f"e{number}",
                user_id=f"user_{number}",
                organization_id=organization,
                cost=cost,
                attributes={"big": 9007199254740991},
            )
            (receipt,) = client.post("/v1/events", json=sent).json()["receipts"]
            assert receipt["status"] in ("accepted", "duplicate"), receipt


def of(organization: str, more: str = "") -> str:
    return f"#/organizations/{organization}?{JANUARY}{more}"


def test_a_table_and_its_total_are_exact(look: Look, demo: Demo) -> None:
    make(demo, "exact", COSTS)
    page = look("tenant", of("exact"))
    rows = table(page)
    assert [row[-1] for row in rows[1:]] == [
        *("$99,999,999.00", "$99,999,999.00", "$99,999,998.00", "$299,999,996.00"),
    ]
    titles = page.locator("tr[data-index] td.cost").evaluate_all("all => all.map(it => it.title)")
    assert titles == [
        "$99,999,999.000000002",
        "$99,999,999.000000001",
        "$99,999,998.000000004",
    ], "the order distinguishes amounts that are one float"


def test_an_export_holds_every_digit(look: Look, demo: Demo, tmp_path: Path) -> None:
    make(demo, "exact", COSTS)
    page = look("tenant", of("exact", "&sort=user"))
    table(page)
    page.get_by_role("region", name="Users", exact=True).get_by_role(
        "button", name="Export"
    ).click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    path = tmp_path / "exact.csv"
    download.value.save_as(path)
    with path.open(encoding="utf-8-sig") as file:
        costs = [row[-1] for row in csv.reader(file)]
    assert costs == ["Cost", *COSTS, TOTAL]


def test_an_explanation_is_exact(look: Look, demo: Demo) -> None:
    make(demo, "exact", COSTS)
    page = look("tenant", of("exact", "&user=user_1&event=e1"))
    heading = page.get_by_role("heading", name="Why it costs $99,999,999.000000002")
    expect(heading).to_be_visible()
    expect(page.locator("button.event b")).to_have_text("$99,999,999.000000002")
    expect(page.locator(".facts")).to_contain_text("9007199254740991")
    legend = page.get_by_role("dialog").get_by_role("list", name="Series of the chart")
    expect(legend).to_contain_text("$99,999,999.00")


def figures(page: Any, script: str, module: str = "figures") -> Any:
    """Run a module's own functions in the page, where they are served."""
    return page.evaluate(
        "async () => {"
        "const base = document.querySelector('script[type=module]').src.replace('main.js', '');"
        f"const it = await import(base + 'words/{module}.js'); return {script}; }}"
    )


def test_figures_of_21_digits_are_read_and_added_up(look: Look) -> None:
    page = look("tenant", "#/prices")
    for script, right in (
        ("String(it.figureOf('1000000000000.000000001'))", "1000000000000.000000001"),
        ("String(it.figureOf('-999999999999.999999999'))", "-999999999999.999999999"),
        ("it.figureOf('-0.50')", -0.5),
        (
            "String(it.exactSum(['1000000000000.000000001', '0.000000002', '-0.5']"
            ".map(it.figureOf)))",
            "999999999999.500000003",
        ),
        ("String(it.exactSum([0.1, 0.2]))", "0.3"),
        ("it.exactSum([5, -5])", 0),
        ("String(it.exactSum([12345678.9, 0.1]))", "12345679"),
    ):
        assert figures(page, script) == right, script


def test_amounts_are_read_wherever_they_are_and_nothing_else(look: Look) -> None:
    page = look("tenant", "#/prices")
    answer = {
        "users": [{"user_id": "12.50", "total_cost": "0.50", "cost_breakdown": {"kb_cost": "2"}}],
        "costs": ["1.25", "99999999.000000001"],
        "attributes": {"cost": "1.50"},
        "event": {"cost": "1.50"},
        "cost": None,
    }
    read = figures(page, f"JSON.stringify(it.readAmounts({json.dumps(answer)}), (_, v) => v)")
    assert json.loads(read) == {
        **answer,
        "users": [{"user_id": "12.50", "total_cost": 0.5, "cost_breakdown": {"kb_cost": 2}}],
        "costs": [1.25, 99999999.000000001],
    }


def test_every_question_about_amounts_asks_for_all_of_their_digits(look: Look, demo: Demo) -> None:
    make(demo, "exact", COSTS)
    asked: list[str] = []
    page = look("tenant", f"#/?{JANUARY}")
    page.on("request", lambda it: asked.append(it.url.partition("/v1/")[2]))
    page.reload()
    table(page)
    page.goto(demo.address + of("exact", "&user=user_1&event=e1"))
    expect(page.get_by_role("heading", name="Why it costs")).to_be_visible()
    page.goto(f"{demo.address}#/quarantine")
    expect(page.get_by_text("Every event has an organization and a price.")).to_be_visible()
    page.goto(f"{demo.address}#/prices")
    page.get_by_role("button", name="Calculate").click()
    expect(page.locator(".calculator .figure")).to_be_visible()
    exact = {it.partition("?")[0] for it in asked if "amounts=string" in it}
    other = {it.partition("?")[0] for it in asked if "amounts=string" not in it}
    assert exact >= {
        *("analytics/organizations", "analytics/users", "analytics/series", "events"),
        *("events/exact/e1", "rate", "quarantine"),
    }
    without = ("keys/self", "analytics/period", "organizations", "price-books", "meters")
    assert [it for it in other if it and not it.startswith(without)] == []


def test_a_text_is_written_in_csv_as_the_api_writes_it(look: Look) -> None:
    texts = [*FORMULAS, "+4915112345678", "a;b", "a\tb", 'a"b', "plain", "=a;b"]
    page = look("tenant", "#/prices")
    rows = json.dumps([[text] for text in texts])
    assert figures(page, f"it.csvOf({rows})", "csv") == texts_csv(*texts).decode()[3:]


CHANGES = {
    "0": ("0%", "0.0%"),
    "1e-17": ("+<0.01%", "<0.01%"),
    "0.00004": ("+<0.01%", "<0.01%"),
    "-0.00004": ("-<0.01%", "-<0.01%"),
    "0.00005": ("+0.01%", "0.01%"),
    "0.0004": ("+0.04%", "0.04%"),
    "-0.0004": ("-0.04%", "-0.04%"),
    "0.004": ("+0.4%", "0.4%"),
    "0.0123": ("+1.2%", "1.2%"),
    "0.0996": ("+10%", "10.0%"),
    "0.123": ("+12%", "12.3%"),
    "-0.5": ("-50%", "-50.0%"),
    "0.994": ("+99%", "99.4%"),
    "0.9951": ("+99.5%", "99.5%"),
    "-0.9997": ("-99.97%", "-99.97%"),
    "-0.9999999": ("-99.99%", "-99.99%"),
    "-1": ("-100%", "-100.0%"),
    "1": ("+100%", "100.0%"),
    "1.0000001": ("+100.01%", "100.01%"),
    "1.0004": ("+100.04%", "100.04%"),
    "1.004": ("+100.4%", "100.4%"),
    "1.006": ("+101%", "100.6%"),
    "12.345": ("+1,235%", "1,234.5%"),
    "999": ("+99,900%", "99,900.0%"),
    "3400": ("+340K%", "340.0K%"),
    "1e10": ("+1T%", "1.0T%"),
    "null": ("\u2013", None),
}


def test_a_percentage_is_0_or_100_only_when_it_is(look: Look) -> None:
    page = look("tenant", "#/prices")
    both = "[it.changeText(of), of === null ? null : it.percent(of)]"
    for changes in (list(CHANGES), list(reversed(CHANGES))):  # no format is kept for another figure
        shown = figures(page, f"[{', '.join(changes)}].map(of => {both})", "format")
        assert shown == [list(CHANGES[it]) for it in changes]
    german = look("tenant", "#/prices", locale="de-DE")
    assert figures(german, "it.changeText(-0.00001)", "format") == "-<0,01\u00a0%"
    assert figures(german, "it.changeText(0.9997)", "format") == "+99,97\u00a0%"


def test_a_change_is_a_part_of_what_was_there(look: Look) -> None:
    page = look("tenant", "#/prices")
    for now, before, right in (
        ("3", "2", 0.5),
        ("0", "2", -1),
        ("2", "0", None),
        ("-2", "0", None),
        ("0", "0", None),
        ("5", "-10", None),
        ("-20", "-10", None),
        ("-5", "10", -1.5),
        ("1000000000000.000000001", "1000000000000.000000001", 0),
        ("1000000000000.000000003", "1000000000000.000000001", pytest.approx(2e-21)),
        ("0", "1000000000000.000000001", -1),
    ):
        read = f"...['{now}', '{before}'].map(it.figureOf)"
        assert figures(page, f"it.changeOf({read})") == right, (now, before)
