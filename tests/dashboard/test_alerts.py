"""Triggers, endpoints, notifications and budgets on the page."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.alerts.builders import notification
from tests.dashboard.conftest import Demo, Look, fits, held
from tollbook import dashboard
from tollbook.domain.deliveries import DeliveryStatus
from tollbook.domain.notifications import NotificationType
from tollbook.store.database import open_database
from tollbook.store.notifications import add_notifications
from tollbook.wiring import now


@pytest.fixture
def alerts(demo: Demo) -> Iterator[Demo]:
    """The demo, and afterwards without the triggers, endpoints and budgets of a test."""
    yield demo
    with demo.server.client(demo.keys["tenant"]) as client:
        for kind in ("triggers", "endpoints"):
            for it in client.get(f"/v1/{kind}").json()[kind]:
                client.delete(f"/v1/{kind}/{it['id']}")
        for it in client.get("/v1/budgets").json()["budgets"]:
            period = next(name for name in ("month", "week", "day") if name in it)
            client.delete(f"/v1/budgets/{it['organization_id']}", params={"period": period})


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row", name=re.compile(name))


def values(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Values")


def test_triggers_are_added_changed_and_removed(look: Look, alerts: Demo) -> None:
    page = look("tenant", "#/", refused=True)
    page.get_by_role("link", name="Alerts").click()
    expect(page.get_by_text("No triggers")).to_be_visible()
    page.get_by_role("button", name="Add a trigger").click()
    page.get_by_label("Name").fill("Calls")
    page.get_by_label("Organization (id)").fill("org_abc123")
    page.get_by_label("Watch").select_option(label="Voice")
    page.get_by_label("Period").select_option("all")
    values(page).fill("50, 100.000000001")
    values(page).press("Enter")
    expect(row(page, "^Calls org_abc123 Cost: Voice All time")).to_contain_text("$100.000000001")
    page.get_by_role("button", name="Pause: Calls").click()
    expect(row(page, "^Calls")).to_contain_text("paused")
    page.get_by_role("button", name="Edit: Calls").click()
    values(page).fill("none")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Not changed")).to_be_visible()
    values(page).fill("60")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "^Calls")).to_contain_text("$60.00")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove: Calls").click()
    expect(page.get_by_text("No triggers")).to_be_visible()


def test_an_endpoint_shows_its_secret_once(look: Look, alerts: Demo) -> None:
    page = look("tenant", "#/alerts?show=endpoints", viewport={"width": 390, "height": 844})
    page.get_by_role("button", name="Add an endpoint").click()
    fits(page, 390)
    page.get_by_label("Name").fill("Billing")
    page.get_by_label("URL").fill("https://example.com/tollbook?token=hidden")
    page.get_by_label("Types").fill("trigger.*, budget.reached")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text(re.compile("^whsec_"))).to_be_visible()
    page.get_by_role("button", name="Hide").click()
    expect(page.get_by_text(re.compile("^whsec_"))).to_have_count(0)
    expect(row(page, "^Billing")).not_to_contain_text("hidden")
    page.get_by_role("button", name="Test: Billing").click()
    expect(page.get_by_text("A test is sent")).to_be_visible()
    page.get_by_role("button", name="Disable: Billing").click()
    expect(row(page, "^Billing")).to_contain_text("disabled")
    page.get_by_role("link", name="Billing").click()
    expect(page.get_by_role("region", name="Deliveries")).to_be_visible()


def test_what_was_notified_is_listed_for_keys_that_may(look: Look, demo: Demo) -> None:
    figure = {"name": "Calls", "figure": "cost", "currency": "USD", "value": 51.27}
    notices = notification(
        "on the page",
        tenant="demo",
        data={**figure, "threshold": {"kind": "value", "value": 50}},
    )
    url = demo.server.database_url
    with closing(open_database(url)) as database, database.writing() as transaction:
        add_notifications(transaction, [notices], now())
    page = look("tenant", "#/alerts?show=notifications")
    expect(row(page, "Trigger reached")).to_contain_text("Calls: 51.27 USD of 50 USD")
    reader = look("acme", "#/alerts?show=endpoints")
    expect(reader.get_by_text("No triggers")).to_be_visible()
    expect(reader.get_by_role("button", name="Endpoints")).to_have_count(0)
    expect(reader.get_by_role("button", name="Add a trigger")).to_have_count(0)


def test_a_report_and_the_end_of_a_silence_are_sentences(look: Look, demo: Demo) -> None:
    report = {
        "period": {"kind": "week", "start": "2024-01-01", "end": "2024-01-07"},
        "cost": 51.27,
        "currency": "USD",
        "events": 12,
    }
    silence = {"last_event_received_at": "2024-01-05T12:00:00Z", "looks_like": None}
    found = [
        notification("report", tenant="demo", type=NotificationType.REPORT_READY, data=report),
        notification("silence", tenant="demo", type=NotificationType.USAGE_RESUMED, data=silence),
    ]
    url = demo.server.database_url
    with closing(open_database(url)) as database, database.writing() as transaction:
        add_notifications(transaction, found, now())
    page = look("tenant", "#/alerts?show=notifications")
    of_report = row(page, "Report ready")
    expect(of_report).to_contain_text(re.compile("Jan 1.*7, 2024: 51.27 USD, 12 events"))
    expect(row(page, "Usage resumed")).to_contain_text("After a silence since Jan 5, 2024")


def test_the_page_knows_every_status_and_type_of_notifications() -> None:
    script = Path(dashboard.__file__).with_name("alerts") / "notifications.js"
    text = script.read_text()
    statuses = re.findall(r"const STATUSES = \[(.*)\];", text)
    assert re.findall(r'"(\w+)"', statuses[0]) == list(DeliveryStatus)
    summaries = text.partition("const SUMMARIES = {")[2].partition("};")[0]
    types = {it.partition(".")[0] for it in NotificationType}
    assert set(re.findall(r"^  (\w+): ", summaries, re.MULTILINE)) == types


def test_an_organization_shows_its_budgets_and_what_the_month_will_cost(
    look: Look, alerts: Demo
) -> None:
    page = look("tenant", "#/alerts?show=budgets&organization=org_harbor")
    page.get_by_role("button", name="Set a budget").click()
    page.get_by_label("Amount").fill("0.01")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "^Harbor Logistics Month")).to_contain_text("exceeded")
    page.get_by_role("button", name="Edit: Harbor Logistics, month").click()
    page.get_by_label("Amount").fill("0.02")
    page.get_by_label("Notify at").fill("90, 100")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "^Harbor Logistics Month")).to_contain_text("90%, 100%")

    users = page.get_by_role("region", name="Users", exact=True)
    with held(page, "**/v1/budgets?*") as waiting:
        page.goto(f"{alerts.address}#/organizations/org_harbor")
        expect(users.get_by_role("row").nth(3)).to_be_visible()
        page.wait_for_function("document.querySelector('.trend li')")
        before = _top(users)
        assert waiting
    expect(page.get_by_text("Monthly budget")).to_be_visible()
    assert _top(users) == before
    tiles = page.locator(".tiles").last
    forecast = alerts.get("harbor", "/v1/analytics/forecast?organization_id=org_harbor")
    expect(tiles).to_contain_text(f"${forecast['forecast']:,.2f}")
    expect(tiles).to_contain_text(f"${forecast['low']:,.2f} to ${forecast['high']:,.2f}")
    page.get_by_role("link", name="of $0.02").click()
    expect(page).to_have_url(re.compile("alerts.*organization=org_harbor"))


def _top(it: Locator) -> float:
    box: Any = it.bounding_box()
    return float(box["y"])


def test_a_part_that_cannot_be_loaded_is_said(look: Look) -> None:
    page = look("tenant", "#/prices", refused=True)
    page.route("**/alerts/view.js", lambda route: route.abort())
    page.get_by_role("link", name="Alerts").click()
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
