"""Amounts of 21 digits are exact in tables, sums, exports and explanations."""

import csv
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

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


def figures(page: Any, script: str) -> Any:
    """Run a module's own functions in the page, where they are served."""
    return page.evaluate(
        "async () => {"
        "const base = document.querySelector('script[type=module]').src.replace('main.js', '');"
        f"const it = await import(base + 'words/figures.js'); return {script}; }}"
    )


def test_figures_of_21_digits_are_read_and_added_up(look: Look) -> None:
    page = look("tenant", "#/prices")
    for script, right in (
        ("String(it.parse('{\"a\":1000000000000.000000001}').a)", "1000000000000.000000001"),
        ('String(it.parse("[-999999999999.999999999]")[0])', "-999999999999.999999999"),
        (
            'it.parse(\'["9007199254740991890", "a\\\\\\\\", 0.5]\').join()',
            "9007199254740991890,a\\,0.5",
        ),
        (
            "String(it.exactSum(it.parse('[1000000000000.000000001,0.000000002,-0.5]')))",
            "999999999999.500000003",
        ),
        ("String(it.exactSum([0.1, 0.2]))", "0.3"),
        ("it.exactSum([5, -5])", 0),
        ("String(it.exactSum([12345678.9, 0.1]))", "12345679"),
        ("JSON.stringify(it.parse('[1000000000000.000000001]'))", "[1000000000000.000000001]"),
    ):
        assert figures(page, script) == right, script
