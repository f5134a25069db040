"""<tollbook-usage> in a page of another origin: right data, views, and what it tells the page."""

from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.dashboard.conftest import Demo, fits, many  # noqa: F401
from tests.dashboard.test_accessible import AXE
from tests.embedding.conftest import Host, Visit, framed, heard, until, usage

USERS = "/v1/analytics/users?organization_id={}&start_date=2024-01-01&end_date=2024-01-31"
PHONE: ViewportSize = {"width": 390, "height": 844}
HEADINGS = [
    *("User", "SMS Sent", "SMS Received", "MMS Sent", "MMS Received", "Voice Calls", "Voice Min"),
    *("API Requests", "Storage", "Phone Monthly", "Phones Purchased", "KB Count", "KB Min", "Cost"),
]
ELEMENT = "document.querySelector('tollbook-usage')"
HEIGHT = f"{ELEMENT}.shadowRoot.querySelector('iframe').clientHeight"
ROWS = ".table-box tbody tr[data-index]"


def active(page: Page) -> str:
    """Return the id or name of what has the focus in the page."""
    found: str = page.evaluate("document.activeElement.id || document.activeElement.localName")
    return found


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], indirect=True)
def test_the_table_shows_the_users_of_the_organization(
    visit: Visit, host: Host, demo: Demo
) -> None:
    page = visit(host, usage())
    frame = framed(page)
    users = demo.get("acme", USERS.format("org_abc123"))["users"]
    expect(frame.locator(ROWS)).to_have_count(len(users))
    shown = frame.locator(f"{ROWS} th").all_inner_texts()
    assert sorted(shown) == sorted(it["user_name"] for it in users)
    headings = frame.locator(".table-box thead button span").all_inner_texts()
    assert [it.replace("\n", " ") for it in headings] == HEADINGS
    expect(frame.locator("tfoot td").last).to_have_text("$337.84")
    assert (heard(page, "error"), heard(page, "ready")) == ([], [{}])
    assert frame.locator("header.bar, pre, .period").count() == 0


def test_two_customers_on_one_page_see_their_own_usage(
    visit: Visit, host: Host, demo: Demo
) -> None:
    body = usage() + usage(organization="org_harbor", period="last_30_days")
    page = visit(host, body)
    expect(framed(page, 0).locator(ROWS)).to_have_count(2)
    expect(framed(page, 1).locator(ROWS).first).to_contain_text(".")
    own = {it["user_name"] for it in demo.get("acme", USERS.format("org_abc123"))["users"]}
    assert own.isdisjoint(framed(page, 1).locator(f"{ROWS} th").all_inner_texts())
    assert page.evaluate("reasons") == ["start", "start"]


@pytest.mark.parametrize(
    ("view", "selector", "text"),
    [
        ("tiles", ".tile .figure", "$341.84"),
        ("trend", ".trend h2", "Cost over time"),
        ("user", ".user-cost b", "$193.35"),
    ],
)
def test_each_view_shows_its_figures(
    visit: Visit, host: Host, view: str, selector: str, text: str
) -> None:
    page = visit(host, usage(view=view, user="user_123" if view == "user" else ""))
    expect(framed(page).locator(selector).first).to_have_text(text)


def test_a_token_of_one_user_shows_that_user(visit: Visit, host: Host) -> None:
    page = visit(host, usage(user="user_123"))
    expect(framed(page).locator("h1")).to_have_text("john@acme.com")


def test_a_row_opens_the_documented_columns_in_a_modal_of_the_page(
    visit: Visit, host: Host
) -> None:
    page = visit(host, usage())
    framed(page).get_by_role("link", name="john@acme.com").click()
    modal = page.locator("dialog iframe").content_frame
    expect(modal.locator("h1")).to_have_text("john@acme.com")
    assert modal.locator("dt").all_inner_texts() == HEADINGS[1:]
    expect(modal.locator("dd").last).to_have_text("$193.35")
    (selected,) = heard(page, "select")
    assert (selected["kind"], selected["user_id"]) == ("user", "user_123")
    modal.locator("h1").click()
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    assert heard(page, "close") == [{}]
    assert active(page) == "tollbook-usage"
    assert page.evaluate("reasons") == ["start"]


def test_a_page_may_show_something_of_its_own_instead(visit: Visit, host: Host) -> None:
    page = visit(host, usage())
    page.evaluate("addEventListener('tollbook-select', event => event.preventDefault())")
    framed(page).get_by_role("link", name="jane@acme.com").click()
    until(page, "heard.some(it => it[0] === 'select')")
    assert page.locator("dialog").count() == 0


def test_a_modal_alone_shows_nothing_until_it_is_asked_to(visit: Visit, host: Host) -> None:
    page = visit(host, usage(view="modal"))
    assert page.locator("iframe").count() == 0
    page.evaluate(f"{ELEMENT}.show('user_456')")
    modal = page.locator("dialog iframe").content_frame
    expect(modal.locator("h1")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.locator("dialog")).to_have_count(0)


def test_the_keyboard_passes_through_and_opens_and_closes(visit: Visit, host: Host) -> None:
    page = visit(host, usage())
    frame = framed(page)
    expect(frame.locator(ROWS)).to_have_count(2)
    assert active(page) == "body"
    page.locator("#before").focus()
    page.keyboard.press("Tab")
    expect(frame.get_by_role("searchbox")).to_be_focused()
    for _ in range(60):
        if active(page) == "after":
            break
        page.keyboard.press("Tab")
    assert active(page) == "after"
    frame.get_by_role("link", name="john@acme.com").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("dialog iframe").content_frame.locator("h1")).to_have_text("jane@acme.com")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    link = frame.get_by_role("link", name="jane@acme.com")
    assert link.evaluate("it => it === document.activeElement")
    assert active(page) == "tollbook-usage"
    link.press("/")
    expect(frame.get_by_role("searchbox")).to_be_focused()


@pytest.mark.parametrize("view", ["users", "tiles", "trend", "user", "modal"])
def test_axe_finds_nothing_in_either_theme(visit: Visit, host: Host, view: str) -> None:
    if not AXE.exists():
        pytest.skip("NO AXE-CORE: run `make test`, or scripts/node")
    page = visit(host, usage(view=view, user="user_123" if view == "user" else ""))
    if view == "modal":
        page.evaluate(f"{ELEMENT}.show('user_123')")
    frame = page.locator("iframe").first.content_frame
    expect(frame.locator("h1, h2, .tile .figure, dd").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    element = page.locator("iframe").first.element_handle().content_frame()
    assert element
    for theme in ("light", "dark"):
        page.evaluate(
            "it => document.querySelector('tollbook-usage').setAttribute('theme', it)", theme
        )
        element.evaluate(AXE.read_text())
        found: dict[str, Any] = element.evaluate("axe.run()")
        serious = ("serious", "critical")
        ids = [(it["id"], theme) for it in found["violations"] if it["impact"] in serious]
        assert ids == []


def test_a_phone_has_no_sideways_scroll(visit: Visit, host: Host) -> None:
    page = visit(host, usage(period="") + usage(view="tiles") + usage(view="trend"), viewport=PHONE)
    expect(framed(page).locator(ROWS).first).to_be_visible()
    expect(framed(page, 2).locator(".trend h2")).to_be_visible()
    fits(page, PHONE["width"])


def test_the_height_follows_the_content(visit: Visit, host: Host) -> None:
    page = visit(host, usage(view="user", user="user_123"))
    expect(framed(page).locator("#events li")).not_to_have_count(0)
    until(page, f"{HEIGHT} > 1500")
    page.evaluate(f"{ELEMENT}.setAttribute('view', 'tiles')")
    until(page, f"{HEIGHT} < 300")


def test_ten_thousand_users_stay_one_window_of_rows(visit: Visit, host: Host, many: str) -> None:  # noqa: F811
    page = visit(host, usage(organization=many))
    expect(framed(page).locator(ROWS).first).to_be_visible()
    assert framed(page).locator(ROWS).count() < 60
    height = page.locator("tollbook-usage iframe").first.evaluate("it => it.clientHeight")
    assert height < 1_400


def test_a_panel_that_opens_has_room(visit: Visit, host: Host) -> None:
    page = visit(host, usage(view="tiles", period=""))
    frame = framed(page)
    frame.get_by_role("button", name="Last 30 days").click()
    expect(frame.get_by_label("Compare with")).to_be_visible()
    frame.get_by_role("button", name="This year").click(trial=True)
    frame.get_by_role("button", name="Last month").click()
    expect(frame.get_by_role("button", name="Last month")).to_be_visible()


def test_the_page_chooses_theme_and_tokens(visit: Visit, host: Host) -> None:
    page = visit(host, usage(theme="dark"))
    frame = framed(page)
    expect(frame.locator(ROWS).first).to_be_visible()
    assert frame.locator("html").evaluate("it => it.style.colorScheme") == "dark"
    scheme = page.locator("tollbook-usage iframe").first.evaluate("it => it.style.colorScheme")
    assert scheme == "dark"
    page.evaluate(
        """() => {
          const it = document.querySelector("tollbook-usage");
          it.style.setProperty("--tollbook-accent", "rgb(1, 2, 3)");
          it.style.setProperty("--tollbook-font", "Georgia, serif");
          it.style.setProperty("--tollbook-radius", "13px");
          it.style.setProperty("--tollbook-text", "url(https://other.example/x)");
          it.style.setProperty("--tollbook-line", "3px");
          it.setAttribute("theme", "light");
        }"""
    )
    expect(frame.locator("html")).to_have_css("color-scheme", "light")
    of = "name => getComputedStyle(document.documentElement).getPropertyValue(name)"
    root = frame.locator("html")
    assert root.evaluate(f"it => ({of})('--accent')") == "rgb(1, 2, 3)"
    assert root.evaluate(f"it => ({of})('--radius')") == "13px"
    assert root.evaluate("it => it.style.getPropertyValue('--ink')") == ""
    assert root.evaluate("it => it.style.getPropertyValue('--line')") == ""
    expect(root).to_have_css("font-family", "Georgia, serif")


def test_numbers_and_dates_are_in_the_locale_of_the_attribute(visit: Visit, host: Host) -> None:
    page = visit(host, usage(locale="de-DE", view="tiles"))
    expect(framed(page).locator(".tile .figure").first).to_have_text("341,84\xa0$")


@pytest.mark.parametrize(
    ("attribute", "value", "sentence"),
    [
        ("organization", "", "organization is required"),
        ("view", "table", "view must be"),
        ("period", "last_fortnight", "period must be"),
        ("theme", "pink", "theme must be"),
        ("locale", "x", "locale must be"),
    ],
)
def test_a_wrong_attribute_is_an_error_and_shows_nothing(
    visit: Visit, host: Host, attribute: str, value: str, sentence: str
) -> None:
    page = visit(host, usage(**{attribute: value}))
    until(page, "heard.length")
    ((name, detail),) = page.evaluate("heard.slice(0, 1)")
    assert (name, detail["code"]) == ("error", "invalid_attribute")
    assert sentence in detail["message"]
    assert page.locator("iframe").count() == 0


def test_the_tenant_may_be_left_out(visit: Visit, host: Host) -> None:
    page = visit(host, usage(""))
    expect(framed(page).locator(ROWS)).to_have_count(2)
    assert page.evaluate("reasons") == ["start"]
