"""The overview of a tenant, prices, and quarantine."""

import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.dashboard.conftest import JANUARY, Demo, Look, table
from tests.waiting import run_over_quarantine

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
    free = {"id": "free", "resource_id": "it", "quantity": 1, "cost": 0}
    free["time"] = "2019-05-01T12:00:00Z"
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


def test_the_name_of_a_destination_is_next_to_its_prefix(look: Look, demo: Demo) -> None:
    terms = {"meter": "voice.call", "per": "minute", "currency": "EUR", "source": "a carrier"}
    terms |= {"name": "Names", "effective_from": "2024-01-01", "draft": "true"}
    with demo.server.client(demo.keys["tenant"]) as client:
        loaded = client.post(
            "/v1/price-books",
            content="Destination,Prefix,Rate\nC\u00f4te d'Ivoire,225,0.3\n".encode(),
            headers={"Content-Type": "text/csv"},
            params=terms,
        )
    page = look("tenant", f"#/prices?book={loaded.json()['price_book']['version']}")
    rates = page.get_by_role("region", name="List of rates")
    expect(rates.get_by_role("row", name="225 C\u00f4te d'Ivoire")).to_be_visible()


@pytest.mark.parametrize("key", ["acme", "acme_user_123", "token", "organization admin"])
def test_no_tab_of_a_viewer_refuses_it(look: Look, demo: Demo, key: str) -> None:
    keys = {
        "token": lambda: demo.new_token(organization_id="org_abc123", user_id="user_123"),
        "organization admin": lambda: demo.new_key(
            organization_id="org_abc123", permissions=["admin"]
        ),
    }
    page = look(keys[key]() if key in keys else key, f"#/?{JANUARY}")
    tabs = page.get_by_role("navigation", name="Views").get_by_role("link")
    expect(tabs.first).to_be_visible()
    names = tabs.all_inner_texts()
    assert names[1:] == (
        ["Prices", "Alerts", "Quarantine"] if "admin" in key else ["Estimate", "Alerts"]
    )
    for name in names:
        tabs.filter(has_text=name).click()
        page.wait_for_load_state("networkidle")
        expect(page.get_by_role("heading").first).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("link", name=names[1], exact=True).click()
    page.get_by_role("button", name="Calculate").click()
    expect(page.get_by_text("$0.12").first).to_be_visible()


def test_an_admin_key_of_one_user_sees_no_books_and_no_quarantine(look: Look, demo: Demo) -> None:
    key = demo.new_key(
        organization_id="org_abc123", user_id="user_123", permissions=["admin"], id_prefix="123-"
    )
    page = look(key, "#/prices")
    expect(page.get_by_role("button", name="Calculate")).to_be_visible()
    expect(page.get_by_role("link", name="Quarantine")).to_have_count(0)
    expect(page.get_by_text("Price books")).to_have_count(0)


def test_a_key_that_only_writes_is_told_that_it_may_not_read(look: Look, demo: Demo) -> None:
    key = demo.new_key(organization_id="org_abc123", permissions=["events:write"])
    page = look(key, f"#/?{JANUARY}", refused=True)
    expect(page.get_by_role("alert")).to_contain_text("Access denied")
    expect(page.get_by_role("alert")).to_contain_text("lacks the permission analytics:read")


def test_quarantine_is_grouped_by_cause_and_replayed(look: Look, demo: Demo) -> None:
    now = datetime.now(UTC).isoformat()
    lost = {"type": "voice.call", "user_id": "ann", "time": now, "quantity": 60}
    unknown = [{**lost, "id": f"lost-{n}", "organization_id": "org_lost"} for n in "123"]
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={"id": "euros", "name": "Euros", "currency": "EUR"})
        client.post("/v1/events", json=[*unknown, {**lost, "id": "e", "organization_id": "euros"}])
    page = look("tenant", "#/")
    page.get_by_role("link", name=re.compile("in quarantine")).click()
    causes = page.get_by_role("region", name="Causes")
    row = causes.get_by_role("row").filter(has_text="lost-1")
    expect(row).to_contain_text("Create the organization, then replay.")
    assert row.get_by_role("cell").first.inner_text() == "3"
    events = page.get_by_role("region", name="Events in quarantine").get_by_role("row")
    expect(events).to_have_count(0)
    row.get_by_role("link", name="Unknown organization").click()
    expect(page).to_have_url(re.compile("code=unknown_organization"))
    expect(events).to_have_count(4)
    expect(page.get_by_role("heading", name="Unknown organization: 3 events")).to_be_visible()
    causes.get_by_role("link", name="Currency mismatch").click()
    expect(events).to_have_count(2)
    expect(events.last).to_contain_text("the organization in EUR")
    rate = {"meter": "voice.call", "price": 0.002, "per": "second"}
    book = {"name": "E", "currency": "EUR", "effective_from": "2024-01-01", "source": "s"}
    yaml = {"Content-Type": "application/yaml"}
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={"id": "org_lost", "name": "Found"})
        made = json.dumps({**book, "rates": [rate]})
        client.post("/v1/price-books?organization_id=euros", content=made, headers=yaml)
    row.get_by_role("button", name="Replay").click()
    expect(page.get_by_text("3 events charged, 0 events still in quarantine.")).to_be_visible()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Replay all").click()
    expect(page.get_by_text("1 event charged, 0 events still in quarantine.")).to_be_visible()
    expect(page.get_by_text("No events in quarantine")).to_be_visible()


def test_events_without_the_price_of_their_carrier_are_counted_by_age(
    look: Look, demo: Demo
) -> None:
    sent = {"type": "sms.outbound", "organization_id": "late_prices", "cost_pending": True}
    now = datetime.now(UTC)
    ages = {"a": timedelta(hours=1), "b": timedelta(days=2), "c": timedelta(days=6)}
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={"id": "late_prices", "name": "Late prices"})
        events = [{**sent, "id": it, "time": (now - age).isoformat()} for it, age in ages.items()]
        client.post("/v1/events", json=events)
    page = look("tenant", "#/quarantine?organization=late_prices")
    line = page.locator(".pending")
    expect(line).to_have_text(
        "3 events without the carrier's price: 1 under 1 day old, 2 of 1 to 7 days, 0 older."
    )
    line.get_by_role("link", name="3 events").click()
    expect(page).to_have_url(re.compile("code=cost_pending"))
    expect(
        page.get_by_role("region", name="Events in quarantine").locator("tbody tr")
    ).to_have_count(3)
    corrected = {"organization_id": "late_prices", "reason": "the carrier's price", "cost": "0.01"}
    with demo.server.client(demo.keys["tenant"]) as client:
        body = [{**corrected, "id": f"{it}2", "corrects": it} for it in ages]
        assert client.post("/v1/events/corrections", json=body).json()["counts"]["accepted"] == 3
    page.reload()
    expect(page.get_by_text("No events in quarantine")).to_be_visible()
    expect(line).to_have_count(0)


def test_a_period_that_is_all_in_quarantine_leads_to_its_events(look: Look, demo: Demo) -> None:
    """The last hour of January in Kiritimati is still 31 January, 9:30 in UTC."""
    pending = {"type": "voice.call", "organization_id": "all_waiting", "quantity": 60}
    about = {"id": "all_waiting", "name": "Waiting", "currency": "CHF"}
    times = {"first": "2021-12-31T10:00:00Z", "last": "2022-01-31T09:30:00Z"}
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={**about, "timezone": "Pacific/Kiritimati"})
        events = [{**pending, "id": name, "time": time} for name, time in times.items()]
        client.post(
            "/v1/events", json=[*events, {**events[0], "id": "no", "time": "2021-12-31T09:59:00Z"}]
        )
    page = look("tenant", "#/organizations/all_waiting?period=2022-01")
    notice = page.locator(".notice")
    expect(notice).to_have_text(
        "All usage of this period is in quarantine, not charged yet: 2 events."
    )
    notice.get_by_role("link", name="2 events").click()
    days = re.compile("Events of Jan 1.*31, 2022")
    expect(page.get_by_role("heading", name=days)).to_be_visible()
    events_shown = page.get_by_role("region", name="Events in quarantine").locator("tbody tr")
    expect(events_shown).to_have_count(2)
    expect(events_shown.first).to_contain_text("Or correct the event, or discard it.")
    page.get_by_role("link", name="Show the events of all days").click()
    expect(page.get_by_role("region", name="Causes")).to_contain_text("Currency mismatch")
    reader = look("tenant", "#/organizations/all_waiting?period=2021-11")
    expect(reader.locator(".notice")).to_contain_text("show that month")
    key = demo.new_key(organization_id="all_waiting")
    reader = look(key, "#/?period=2022-01")
    expect(reader.locator(".notice")).to_contain_text("All usage of this period is in quarantine")
    expect(reader.locator(".notice").get_by_role("link")).to_have_count(0)
    with demo.server.client(demo.keys["tenant"]) as client:  # other tests share the quarantine
        begun = client.delete("/v1/quarantine?organization_id=all_waiting")
        assert run_over_quarantine(client.get, begun)["discarded"] == 3


def test_organization_level_costs_lead_to_their_events(look: Look) -> None:
    page = look("acme", f"#/?{JANUARY}")
    table(page)
    page.get_by_role("link", name="$4.00", exact=True).click()
    dialog = page.get_by_role("dialog", name="Organization-level usage")
    expect(dialog.locator(".user-cost")).to_have_text("$4.00")
    expect(dialog.locator(".event")).to_have_count(1)
    expect(dialog.locator(".event")).to_contain_text("Brand registration")
    dialog.locator(".event").click()
    expect(dialog.get_by_role("heading", name="Why it costs $4.00")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(page).not_to_have_url(re.compile("level="))
    page.get_by_role("link", name="incl. $4.00 organization-level").click()
    dialog.get_by_label("Kind of event").select_option("voice")
    expect(dialog.get_by_text("No events of this kind in this period.")).to_be_visible()


def test_paper_gets_the_whole_table(look: Look, many: str) -> None:
    page = look("harbor", "#/?period=last_30_days")
    table(page)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("tr[data-index]").count() == 40
    page.evaluate("dispatchEvent(new Event('afterprint'))")


def printed(page: Page) -> list[str]:
    """Print on A4, and return the text of each page."""
    page.wait_for_load_state("networkidle")  # an answer may draw the page again
    content = page.pdf(prefer_css_page_size=True)
    return [it.extract_text() for it in PdfReader(io.BytesIO(content)).pages]


def test_every_printed_page_has_the_headings_of_its_table(look: Look) -> None:
    page = look("harbor", "#/?period=last_30_days&compare=previous_period")
    rows = table(page)
    sheets = printed(page)
    with_rows = [it for it in sheets if re.search(r"-\s*\d\d\s*@\s*harbor", it)]  # lines may break
    assert len(with_rows) > 1, sheets
    for sheet in with_rows:
        for word in " ".join(rows[0]).split():
            assert word in sheet
    text = re.sub(r"\s", "", "".join(sheets))
    assert len(set(re.findall(r"[a-z]+-\d\d@harbor", text))) == 40
    for row in rows[1:]:
        for figure in row[1:]:
            assert figure in text


@pytest.mark.parametrize("view", ["#/prices", f"#/?{JANUARY}&chart=table"])
def test_other_tables_are_printed_whole(look: Look, view: str) -> None:
    page = look("tenant" if "prices" in view else "acme", view)
    rows = page.locator(".plain-table").last.get_by_role("row")
    expect(rows.nth(12)).to_be_visible()
    text = re.sub(r"\s", "", "".join(printed(page)))
    for row in rows.all_inner_texts():
        for cell in row.split("\t"):
            assert re.sub(r"\s", "", cell) in text


def test_an_open_user_is_printed_with_every_event_in_sight(look: Look) -> None:
    page = look("acme", f"#/?{JANUARY}&user=user_123&events=voice")
    expect(page.locator(".event")).to_have_count(50)
    times = page.locator(".event time").all_inner_texts()
    sheets = printed(page)
    text = re.sub(r"\s", "", "".join(sheets))
    assert "Users" not in text
    assert all(re.sub(r"\s", "", it) in text for it in times)
    assert sum("Busiest days" in it for it in sheets) == 1


def test_an_organization_prints_on_a4(look: Look) -> None:
    page = look("acme", f"#/?{JANUARY}")
    table(page)
    printed = page.pdf(format="A4", landscape=True)
    pages = printed.count(b"/Type /Page") - printed.count(b"/Type /Pages")
    assert 1 <= pages <= 3
