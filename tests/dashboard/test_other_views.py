"""The overview of a tenant, prices, and quarantine."""

import re
from datetime import UTC, datetime

from playwright.sync_api import expect

from tests.dashboard.conftest import JANUARY, Demo, Look, table

BRAND = "brand.registration"


def test_the_overview_adds_organizations_up_and_leads_to_each(look: Look, demo: Demo) -> None:
    page = look("tenant", f"#/?{JANUARY}")
    rows = table(page)
    assert rows[0][:3] == ["Organization", "Share", "Change"]
    assert ("Acme Corp", "$341.84") in [(row[0], row[-1]) for row in rows]
    page.get_by_label("Search organizations").fill("acme")
    expect(page.get_by_text("1 organization, $341.84.")).to_be_visible()
    page.get_by_role("link", name="Acme Corp").click()
    expect(page.get_by_role("heading", name="Acme Corp")).to_be_visible()
    expect(page).to_have_url(re.compile(f"organizations/org_abc123.*{JANUARY}"))
    page.go_back()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_organizations_are_sorted_and_what_is_not_found_is_said(look: Look) -> None:
    page = look("tenant", f"#/?{JANUARY}&sort=organization")
    demo = {"Acme Corp", "Harbor Logistics", "Many"}
    names = [row[0] for row in table(page)[1:-1] if row[0] in demo]
    assert len(names) > 1
    assert names == sorted(names)
    page.get_by_role("columnheader", name="Organization").get_by_role("button").click()
    expect(page).to_have_url(re.compile("order=desc"))
    assert [row[0] for row in table(page)[1:-1] if row[0] in demo] == names[::-1]
    page.get_by_label("Search organizations").fill("nobody of this name")
    expect(page.get_by_text("No organization matches the search and the filters")).to_be_visible()


def test_an_organization_with_free_usage_is_not_without_usage(look: Look, demo: Demo) -> None:
    free = {"id": "free", "resource_id": "it", "cost": 0, "time": "2019-05-01T12:00:00Z"}
    with demo.server.client(demo.keys["tenant"]) as client:
        for number, meter in enumerate(("mms.inbound", "phone.rental", "kb.usage", BRAND)):
            of_it = {"type": meter, "organization_id": f"free_{number}"}
            client.post("/v1/organizations", json={"id": f"free_{number}", "name": meter})
            (receipt,) = client.post("/v1/events", json=free | of_it).json()["receipts"]
            assert receipt["status"] == "accepted"
    page = look("tenant", "#/?start=2019-05-01&end=2019-05-31")
    page.get_by_label("Hide organizations without usage").check()
    expect(page.get_by_text("4 organizations, $0.00.")).to_be_visible()


def test_the_chart_turns_by_its_switches_and_its_legend(look: Look) -> None:
    page = look("acme", f"#/?{JANUARY}")
    panel = page.get_by_role("region", name="Over time")
    legend = panel.get_by_role("list", name="Series of the chart")
    expect(legend).to_contain_text("Messaging$220.70")
    expect(legend).to_contain_text("Brand registration$4.00")
    legend.get_by_role("button", name="Voice").click()
    expect(page).to_have_url(re.compile("off=voice"))
    panel.get_by_role("button", name="Table", exact=True).click()
    expect(panel.get_by_role("columnheader", name="Messaging")).to_be_visible()
    expect(panel.get_by_role("columnheader", name="Voice")).to_have_count(0)
    panel.get_by_role("button", name="Month", exact=True).click()
    expect(panel.locator("tbody tr")).to_have_count(1)
    expect(panel.locator("tbody tr td").last).to_have_text("$261.92")
    panel.get_by_role("button", name="Usage", exact=True).click()
    expect(panel.locator("tbody tr td").last).to_have_text("5,540 messages")
    panel.get_by_label("Kind of usage in the chart").select_option("voice")
    expect(panel.locator("tbody tr td").last).to_have_text("666 minutes")


def test_one_kind_of_usage_is_shown_alone(look: Look) -> None:
    page = look("acme", f"#/?{JANUARY}")
    table(page)
    page.get_by_role("combobox", name="Kind of usage").select_option("voice")
    expect(page.get_by_text("2 users, $79.92")).to_be_visible()
    assert [row[-1] for row in table(page)[1:]] == ["$43.12", "$36.80", "$79.92"]


def test_prices_are_searched_and_reckoned(look: Look) -> None:
    page = look("tenant", "#/prices")
    expect(page.get_by_text("in force").first).to_be_visible()
    rates = page.get_by_role("region", name="List of rates")
    expect(rates.get_by_role("row")).to_have_count(13)
    page.get_by_label("Search by destination").fill("+4420")
    expect(rates.get_by_role("row", name="Voice calls 0.002 second")).to_be_visible()
    page.get_by_label("Seconds").fill("61")
    page.get_by_role("button", name="Calculate").click()
    expect(page.get_by_text("61 s / 1 s x 0.002 = 0.122")).to_be_visible()
    expect(page.get_by_text("$0.122").first).to_be_visible()


def test_who_may_not_see_the_books_can_still_reckon(look: Look) -> None:
    page = look("acme", "#/prices", refused=True)
    expect(page.get_by_text("Access denied")).to_be_visible()
    page.get_by_role("button", name="Calculate").click()
    expect(page.get_by_text("$0.12").first).to_be_visible()


def test_a_key_that_only_writes_is_told_that_it_may_not_read(look: Look, demo: Demo) -> None:
    key = demo.new_key(organization_id="org_abc123", permissions=["events:write"])
    page = look(key, f"#/?{JANUARY}", refused=True)
    expect(page.get_by_role("alert")).to_contain_text("Access denied")
    expect(page.get_by_role("alert")).to_contain_text("lacks the permission analytics:read")


def test_quarantine_says_what_waits_and_why_and_replays_it(look: Look, demo: Demo) -> None:
    lost = {
        "id": "lost-1",
        "type": "voice.call",
        "organization_id": "org_lost",
        "user_id": "ann",
        "time": datetime.now(UTC).isoformat(),
        "quantity": 60,
    }
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/events", json=lost)
    page = look("tenant", "#/")
    page.get_by_role("link", name=re.compile("in quarantine")).click()
    expect(page.get_by_role("row").filter(has_text="lost-1")).to_contain_text(
        "Create the organization, then replay."
    )
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={"id": "org_lost", "name": "Found"})
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("1 event charged, 0 events still in quarantine.")).to_be_visible()
    expect(page.get_by_text("No events in quarantine")).to_be_visible()


def test_paper_gets_the_whole_table(look: Look, many: str) -> None:
    page = look("harbor", "#/?period=last_30_days")
    table(page)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("tr[data-index]").count() == 40
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def test_an_organization_prints_on_a4(look: Look) -> None:
    page = look("acme", f"#/?{JANUARY}")
    table(page)
    printed = page.pdf(format="A4", landscape=True)
    pages = printed.count(b"/Type /Page") - printed.count(b"/Type /Pages")
    assert 1 <= pages <= 3
