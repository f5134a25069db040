"""From signing in to why an event costs what it does, without a mouse."""

import re

from playwright.sync_api import Page, expect

from tests.dashboard.conftest import JANUARY, Demo, Look, table


def _tab_to(page: Page, name: str, most: int = 40) -> None:
    """Press Tab until something of that name has the focus, and see that the focus shows."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(document.activeElement.ariaLabel ?? document.activeElement.textContent).trim()"
        )
        if focused.startswith(name):
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", name
            return
    raise AssertionError(f"{name} is not within {most} steps of Tab")


def test_a_whole_visit_without_a_mouse(look: Look, demo: Demo) -> None:
    page = look(None, f"#/?{JANUARY}")
    expect(page.get_by_label("API key or viewer token")).to_be_focused()
    page.keyboard.type(demo.keys["acme"])
    page.keyboard.press("Enter")
    table(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    _tab_to(page, "Previous period")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("start=2023-12-01"))
    _tab_to(page, "Next period")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("start=2024-01-01"))
    table(page)
    _tab_to(page, "User")
    page.keyboard.press("Enter")
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("User")
    _tab_to(page, "jane@acme.com")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="john@acme.com")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="john@acme.com")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="john@acme.com")).to_be_focused()


def test_the_search_is_one_key_away(look: Look) -> None:
    page = look("acme", f"#/?{JANUARY}")
    table(page)
    page.keyboard.press("/")
    page.keyboard.type("jane")
    expect(page.get_by_text("1 of 2 users")).to_be_visible()


def test_arrows_walk_along_the_chart_and_say_what_it_shows(look: Look) -> None:
    page = look("acme", f"#/?{JANUARY}")
    chart = page.get_by_role("slider")
    chart.focus()
    page.keyboard.press("Home")
    expect(chart).to_have_attribute("aria-valuetext", re.compile(r"^Monday, Jan 1, 2024: \$"))
    page.keyboard.press("ArrowRight")
    expect(chart).to_have_attribute("aria-valuetext", re.compile(r"^Tuesday, Jan 2, 2024: \$"))
    expect(page.locator(".tip")).to_contain_text("Tuesday, Jan 2, 2024")
    page.keyboard.press("Escape")
    expect(page.locator(".tip")).to_have_count(0)
