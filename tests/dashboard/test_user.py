"""One user: the breakdown as documented, the events behind it, and why each costs what it does."""

import re

from playwright.sync_api import expect

from tests.dashboard.conftest import JANUARY, Look, table

JOHN = f"#/?{JANUARY}&user=user_123"


def test_a_users_link_opens_that_user(look: Look) -> None:
    page = look("acme", JOHN)
    dialog = page.get_by_role("dialog", name="john@acme.com")
    expect(dialog).to_be_visible()
    shown = dialog.locator(".breakdown tr").all_inner_texts()
    found = [(it.split()[0], re.findall(r"\$[\d.]+", it)[0]) for it in shown]
    assert found == [
        ("Messaging", "$125.50"),
        ("Voice", "$43.12"),
        ("API", "$10.00"),
        ("Storage", "$2.25"),
        ("Phone", "$5.98"),
        ("Phones", "$1.00"),
        ("Knowledge", "$5.50"),
        ("Total", "$193.35"),
    ]
    expect(dialog).to_contain_text("340 calls, 359.33 min")
    expect(dialog).to_contain_text("1 knowledge base, 55.00 min")


def test_a_row_opens_its_user_and_closing_goes_back_to_the_table(look: Look) -> None:
    page = look("acme", f"#/?{JANUARY}")
    table(page)
    page.get_by_role("link", name="jane@acme.com").click()
    expect(page).to_have_url(re.compile("user=user_456"))
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("user="))
    page.go_back()
    expect(page.get_by_role("dialog", name="jane@acme.com")).to_be_visible()


def test_the_events_of_a_kind_stand_behind_its_figure_and_tell_their_price(look: Look) -> None:
    page = look("acme", JOHN)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("link", name="Voice").click()
    expect(page).to_have_url(re.compile("events=voice"))
    events = dialog.locator(".event")
    expect(events.first).to_contain_text("Voice calls")
    assert events.count() == 50
    dialog.get_by_role("button", name="Show more").click()
    expect(events).to_have_count(100)
    events.first.click()
    expect(page).to_have_url(re.compile("event=user_123-call"))
    detail = dialog.locator(".event-detail")
    expect(detail).to_contain_text("Why it costs $0.")
    expect(detail).to_contain_text("0.002 per second for voice.call, version 1 of Example prices")
    page.reload()
    expect(dialog.locator(".event-detail")).to_contain_text("Why it costs $0.")


def test_an_unknown_user_is_said_to_be_unknown(look: Look) -> None:
    page = look("acme", f"#/?{JANUARY}&user=nobody", refused=True)
    expect(page.get_by_text("Acme Corp has no user with the id nobody")).to_be_visible()
