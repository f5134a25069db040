"""The page and the API mean the same days: tiles, chart and table, and what they compare with."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import JANUARY, Demo, Look, held, table

PERIOD = "/v1/analytics/period"
OCTOBER = "#/organizations/org_months?period=2024-10&compare=previous_period"


@pytest.fixture(scope="module")
def months(demo: Demo) -> str:
    """An organization whose usage doubled in October, with much on the last day of August."""
    quantities = {"2024-08-31": 10_000, "2024-09-15": 100, "2024-10-15": 200}
    events = [
        {
            "id": day,
            "type": "voice.call",
            "organization_id": "org_months",
            "user_id": "ann",
            "time": f"{day}T12:00:00Z",
            "quantity": 60,
            "cost": quantity,
        }
        for day, quantity in quantities.items()
    ]
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={"id": "org_months", "name": "Months"})
        answer = client.post("/v1/events", json=events)
        assert answer.json()["counts"]["accepted"] == len(events)
    return "org_months"


def shown(page: Page, days: dict[str, str]) -> str:
    """Write days as the page writes them."""
    text: str = page.evaluate(
        """async ([start, end]) => {
            const at = document.querySelector('script[type=module]').src.replace('main.js', '');
            return (await import(at + 'words/format.js')).days(start, end);
        }""",
        [days["start"], days["end"]],
    )
    return text


def test_october_is_compared_with_september_by_tile_chart_and_table(
    look: Look, months: str, demo: Demo
) -> None:
    page = look("tenant", OCTOBER)
    expect(page.locator(".tile.main .change")).to_contain_text("+100")
    september = shown(page, {"start": "2024-09-01", "end": "2024-09-30"})
    expect(page.locator(".against")).to_have_text(f"Compared with {september}.")
    expect(page.locator(".trend .note")).to_contain_text(september)
    assert table(page)[1][-3].startswith("+100")
    asked = f"organization_id={months}&period=2024-10"
    changes = demo.get("tenant", f"/v1/analytics/changes?{asked}")
    assert changes["change"] == 1.0


def test_october_is_compared_with_the_year_before_by_tile_chart_and_table(
    look: Look, months: str, demo: Demo
) -> None:
    page = look("tenant", OCTOBER)
    page.get_by_role("button", name="Oct").click()
    page.get_by_label("Compare with").select_option("the year before")
    expect(page).to_have_url(re.compile("compare=previous_year"))
    before = shown(page, {"start": "2023-10-01", "end": "2023-10-31"})
    expect(page.locator(".against")).to_have_text(f"Compared with {before}.")
    expect(page.locator(".trend .note")).to_contain_text(before)
    expect(page.locator(".tile.main .change")).to_contain_text(f"compared with {before}")
    asked = f"organization_id={months}&period=2024-10&compare=previous_year"
    found = demo.get("tenant", f"{PERIOD}?{asked}")
    assert found["comparison"] == {"start": "2023-10-01", "end": "2023-10-31"}
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page).not_to_have_url(re.compile("compare="))


@pytest.mark.parametrize("name", ["last_30_days", "last_7_days", "this_month", "this_year"])
@pytest.mark.parametrize("view", ["", "organizations/org_harbor"])
def test_a_preset_is_the_days_that_the_api_answers(
    look: Look, demo: Demo, name: str, view: str
) -> None:
    of = f"organization_id={view.partition('/')[2]}&" if view else ""
    found = demo.get("tenant", f"{PERIOD}?{of}period={name}")
    page = look("tenant", f"#/{view}?period={name}&compare=previous_period")
    page.wait_for_selector(".trend .note")
    against = shown(page, found["comparison"])
    assert page.locator(".period .range").inner_text() == shown(page, found["period"])
    assert page.locator(".against").inner_text() == f"Compared with {against}."
    assert against in page.locator(".trend .note").inner_text()


def test_the_page_asks_nothing_about_days_that_it_reckoned_itself(look: Look, demo: Demo) -> None:
    """All days in its requests are days that the API has answered."""
    addresses: set[str] = set()
    page = look("harbor")
    page.on("request", lambda request: addresses.add(request.url))
    page.goto(f"{demo.address}#/?period=this_month&compare=previous_period")
    page.reload()
    table(page)
    for button in ("Previous period", "Previous period", "Next period"):
        page.get_by_role("button", name=button).click()
        page.wait_for_load_state("networkidle")
    asked = {day for it in addresses for day in re.findall(r"_date=([\d-]+)", it)}
    periods = [it.removeprefix(demo.address[:-1]) for it in addresses if f"{PERIOD}?" in it]
    answers = [json.dumps(demo.get("harbor", it)) for it in periods]
    assert asked
    assert asked <= {day for it in answers for day in re.findall(r"\d{4}-\d\d-\d\d", it)}


def test_there_is_no_period_after_one_that_has_not_ended(look: Look) -> None:
    page = look("harbor", "#/?period=this_month")
    expect(page.get_by_role("button", name="Next period")).to_be_disabled()
    page.get_by_role("button", name="Previous period").click()
    expect(page.get_by_role("button", name="Next period")).to_be_enabled()


def test_days_that_do_not_exist_are_said_and_lead_back(look: Look) -> None:
    page = look("harbor", "#/?start=2024-02-30&end=2024-02-31", refused=True)
    expect(page.get_by_role("alert")).to_contain_text("must be a date")
    page.get_by_role("link", name="Show the last 30 days").click()
    table(page)


def test_an_empty_period_leads_to_the_month_of_the_newest_event(look: Look, months: str) -> None:
    page = look("tenant", f"#/organizations/{months}?period=2024-01")
    page.get_by_role("link", name="show that month").click()
    expect(page).to_have_url(re.compile("period=2024-10"))
    october = shown(page, {"start": "2024-10-01", "end": "2024-10-31"})
    expect(page.locator(".period .range")).to_have_text(october)
    table(page)


@pytest.mark.parametrize(
    ("presses", "start"),
    [
        (("Previous", "Previous"), "2023-11-01"),
        (("Previous", "Previous", "Previous"), "2023-10-01"),
        (("Previous", "Next"), "2024-01-01"),
        (("Previous", "Previous", "Next"), "2023-12-01"),
    ],
)
def test_arrows_pressed_while_a_period_is_loading_count(
    look: Look, presses: tuple[str, ...], start: str
) -> None:
    page = look("harbor", f"#/?{JANUARY}")
    table(page)
    with held(page, f"**{PERIOD}?*start_date=2023-12-01*") as waiting:
        for name in presses:
            arrow = page.get_by_role("button", name=f"{name} period")
            arrow.press("Enter")
            expect(page).to_have_url(re.compile("start=2023-12-01"))
            expect(arrow).to_be_focused()
        for _ in range(3000):
            if waiting:
                break
            page.wait_for_timeout(20)  # the request may still be on its way to the route
        assert len(waiting) == 1
    expect(page).to_have_url(re.compile(f"start={start}"))
    expect(arrow).to_be_focused()
    page.wait_for_load_state("networkidle")
    expect(page).to_have_url(re.compile(f"start={start}"))


def test_presses_past_the_last_period_stop_there_and_keep_the_focus(look: Look) -> None:
    page = look("harbor", "#/?period=last_month")
    arrow = page.get_by_role("button", name="Next period")
    table(page)
    with held(page, f"**{PERIOD}?*start_date*"):
        for _ in range(4):
            arrow.press("Enter")
    expect(arrow).to_be_disabled()
    expect(arrow).to_be_focused()
    address = page.url
    arrow.press("Enter")
    expect(page).to_have_url(address)


def test_presses_past_the_first_period_are_forgotten(look: Look) -> None:
    page = look("harbor", "#/?start=0001-01-03&end=0001-01-03", refused=True)
    table(page)
    with held(page, f"**{PERIOD}?*start_date=0001-01-02*"):
        for _ in range(4):
            page.get_by_role("button", name="Previous period").press("Enter")
    arrow = page.get_by_role("button", name="Previous period")
    expect(arrow).to_have_attribute("aria-disabled", "true")
    expect(page).to_have_url(re.compile("start=0001-01-02"))
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_period_that_cannot_be_compared_is_reported(look: Look) -> None:
    page = look("harbor", "#/?start=0001-01-01&end=0001-01-01", refused=True)
    expect(page.get_by_role("alert")).to_contain_text("must leave room in the calendar")
    page.get_by_role("link", name="Show the last 30 days").click()
    table(page)
    expect(page).not_to_have_url(re.compile("start="))


def test_a_press_is_forgotten_when_another_period_is_chosen(look: Look) -> None:
    page = look("harbor", f"#/?{JANUARY}")
    table(page)
    with held(page, f"**{PERIOD}?*start_date=2023-12-01*"):
        for _ in range(2):
            page.get_by_role("button", name="Previous period").press("Enter")
        page.get_by_role("button", name="Jan 1").click()
        page.get_by_role("button", name="This month").click()
    page.wait_for_load_state("networkidle")
    expect(page).to_have_url(re.compile("period=this_month"))


def test_untouched_days_of_the_open_panel_follow_the_period(look: Look) -> None:
    page = look("harbor", f"#/?{JANUARY}")
    table(page)
    with held(page, f"**{PERIOD}?*start_date=2023-12-01*"):
        page.get_by_role("button", name="Previous period").press("Enter")
        page.get_by_role("button", name="Jan 1").click()
        page.get_by_label("Last day").fill("2023-12-15")
    expect(page.get_by_label("First day")).to_have_value("2023-12-01")
    expect(page.get_by_label("Last day")).to_have_value("2023-12-15")


def test_figures_of_one_period_are_not_exported_or_compared_as_those_of_another(look: Look) -> None:
    page = look("harbor", f"#/?{JANUARY}&compare=previous_period")
    table(page)
    export, csv = page.get_by_role("button", name="Export"), page.get_by_role("button", name="CSV")
    with held(page, "**/v1/analytics/users?*start_date=2023-12-01*include=totals%2Cmeta*"):
        page.get_by_role("button", name="Previous period").click()
        expect(page.locator(".tiles.dimmed")).to_be_visible()
        expect(page.locator(".tile .change")).to_have_count(0)
        export.click()
        expect(page.locator(".export-menu h3").first).to_be_visible()
        expect(csv).to_have_count(0)
    expect(csv).to_be_visible()
