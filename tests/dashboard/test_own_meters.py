"""A platform adds WhatsApp and AI minutes, prices them in tiers, and sees what they earn."""

import csv
import io
import re
from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.builders import Platform
from tests.dashboard.conftest import Demo, Look, table
from tests.own_meters import sell_whatsapp_and_ai
from tollbook.store.database import open_database

DAY = "start=2024-01-15&end=2024-01-15"
OVERVIEW = f"#/?{DAY}"
ORGANIZATION = f"#/organizations/org_1?{DAY}"


@pytest.fixture(scope="module")
def platform(demo: Demo) -> Iterator[str]:
    """The key of a tenant of its own on the server of the demo."""
    database = open_database(demo.server.database_url)
    tenant = Platform(database, f"tenant_{uuid4().hex}")
    tenant.organization("org_1", name="First")
    key = tenant.key()
    with demo.server.client(key) as client:
        sell_whatsapp_and_ai(client.post)
    yield key
    database.close()


def saved(page: Page) -> list[list[str]]:
    """Save the table that is shown, and read the file."""
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    page.keyboard.press("Escape")
    text = download.value.path().read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_margin_is_on_the_overview_and_in_its_file(look: Look, platform: str) -> None:
    page = look(platform, OVERVIEW)
    rows = table(page)
    assert rows[0][-2:] == ["Margin", "Cost"]
    assert [it[-2:] for it in rows[1:]] == [["$0.19", "$3.15"]] * 2
    tile = page.locator(".tile", has_text="Margin")
    expect(tile).to_contain_text("$0.19")
    expect(tile).to_contain_text("buy price known for 11.1% of cost")
    tops = page.locator(".tile").evaluate_all("tiles => tiles.map(it => it.offsetTop)")
    assert (len(tops), len(set(tops))) == (5, 1)
    heading, *lines = saved(page)
    assert heading[-2:] == ["Margin", "Cost"]
    assert [it[-2:] for it in lines] == [["0.19", "3.15"]] * 2


def test_own_meters_are_in_filters_and_in_the_legend(look: Look, platform: str) -> None:
    page = look(platform, f"{OVERVIEW}&measure=usage")
    table(page)
    page.get_by_label("Kind of usage", exact=True).select_option("WhatsApp marketing")
    expect(page).to_have_url(re.compile("kind=whatsapp.marketing"))
    expect(page.locator(".table-box tfoot td").last).to_have_text("$0.35")
    legend = page.get_by_role("list", name="Series of the chart")
    expect(legend.get_by_role("listitem")).to_have_text(["WhatsApp marketing4"])
    page.get_by_label("Kind of usage", exact=True).select_option("AI agent minutes")
    expect(page.locator(".table-box tfoot td").last).to_have_text("$1.20")
    expect(legend.get_by_role("listitem")).to_have_text(["AI agent minutes1.02"])


def test_the_panel_of_a_user_lists_own_meters(look: Look, platform: str) -> None:
    page = look(platform, f"{ORGANIZATION}&user=ann")
    own = page.locator(".breakdown tr.own")
    expect(own).to_have_count(2)
    expect(own.nth(0)).to_contain_text(re.compile(r"WhatsApp marketing.*4\.00 messages.*\$0\.35"))
    expect(own.nth(1)).to_contain_text(re.compile(r"AI agent minutes.*1\.02 minutes.*\$1\.20"))
    page.get_by_label("Kind of event").select_option("WhatsApp marketing")
    expect(page.locator(".event")).to_have_count(2)


def test_own_meters_are_calculated(look: Look, platform: str) -> None:
    page = look(platform, "#/prices")
    form = page.locator(".calculator")
    form.get_by_label("Usage").select_option("WhatsApp marketing")
    form.get_by_label("Messages").fill("4")
    form.get_by_role("button", name="Calculate").click()
    expect(form.locator(".figure")).to_have_text("$0.35")
    form.get_by_label("Usage").select_option("AI agent minutes")
    form.get_by_label("Seconds").fill("61")
    form.get_by_role("button", name="Calculate").click()
    expect(form.locator(".figure")).to_have_text("$1.20")


def choose(page: Page, *names: str) -> None:
    """Show the columns of own meters, which are offered when they have usage."""
    page.get_by_role("button", name="Columns").click()
    panel = page.get_by_role("dialog", name="Columns")
    expect(panel.get_by_text("Own meters")).to_be_visible()
    expect(panel.get_by_label("AI output tokens")).to_be_visible()
    expect(panel.get_by_label("WhatsApp utility")).to_have_count(0)
    for name in names:
        panel.get_by_label(name).check()
    page.keyboard.press("Escape")


OWN = ["WhatsApp marketing", "AI agent minutes"]


def test_own_meters_and_the_margin_are_columns_of_users(look: Look, platform: str) -> None:
    page = look(platform, ORGANIZATION)
    before = table(page)
    assert [it[-3:] for it in before] == [
        ["KB Min", "Margin", "Cost"],
        ["0.00", "$0.19", "$2.15"],
        ["0.00", "unknown", "$1.00"],
        ["0.00", "$0.19", "$3.15"],
    ]
    tile = page.locator(".tile", has_text="Margin")
    expect(tile).to_contain_text("$0.19buy price known for 11.1% of cost")
    choose(page, *OWN)
    expect(page.locator(".table-box tfoot td").nth(-4)).to_have_text("4")
    rows = table(page)
    assert [it[-4:-2] for it in rows] == [OWN, ["4", "1.02"], ["0", "0.00"], ["4", "1.02"]]
    assert [it[:-4] + it[-2:] for it in rows] == before
    assert [it[-4:-2] for it in saved(page)] == [OWN, ["4", "1.02"], ["0", "0"], ["4", "1.02"]]
    page.reload()
    expect(page.locator(".table-box tfoot td").nth(-4)).to_have_text("4")
    for direction in ("descending", "ascending"):
        page.get_by_role("button", name="Margin").click()
        heading = page.get_by_role("columnheader", name="Margin")
        expect(heading).to_have_attribute("aria-sort", direction)
        # A margin that is not known is last both ways.
        assert [it[0] for it in table(page)[1:-1]] == ["ann", "ben"]


def test_own_meters_are_columns_of_organizations(look: Look, platform: str) -> None:
    page = look(platform, OVERVIEW)
    table(page)
    choose(page, *OWN)
    expect(page.locator(".table-box tfoot td").nth(-4)).to_have_text("4")
    assert [it[-4:-2] for it in table(page)] == [OWN, ["4", "1.02"], ["4", "1.02"]]
    page.get_by_label("Kind of usage", exact=True).select_option("Voice")
    expect(page.locator(".table-box tfoot td").nth(-4)).to_have_text("0")
