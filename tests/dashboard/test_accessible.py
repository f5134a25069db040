"""What axe-core finds in every view, in both themes, from a phone to a wide screen."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.dashboard.conftest import JANUARY, WIDE, Look, fits

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
VIEWS = {
    "sign-in": (None, ""),
    "overview": ("tenant", "#/"),
    "organization": ("acme", f"#/?{JANUARY}"),
    "chart as a table": ("harbor", "#/?chart=table&compare=previous_period"),
    "user": ("acme", f"#/?{JANUARY}&user=user_123&events=voice"),
    "own": ("acme_user_123", f"#/?{JANUARY}"),
    "prices": ("tenant", "#/prices"),
    "quarantine": ("tenant", "#/quarantine"),
    "alerts": ("tenant", "#/alerts?show=endpoints"),
}
MIDDLE: ViewportSize = {"width": 1024, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def axe() -> str:
    if not AXE.exists():
        pytest.skip("NO AXE-CORE: run `make test`, or scripts/node")
    return AXE.read_text()


def _found(page: Page, axe: str, rule: str = "") -> list[tuple[str, str]]:
    """Return what axe-core finds, with all of its rules or with one."""
    page.wait_for_load_state("networkidle")
    page.evaluate(axe)
    answer: dict[str, Any] = page.evaluate(
        "rule => axe.run(rule ? {runOnly: {type: 'rule', values: [rule]}} : {})", rule
    )
    assert answer["passes"]
    return [
        (it["id"], node["html"][:160])
        for it in answer["violations"]
        for node in it["nodes"]
        if it["impact"] in ("serious", "critical", "moderate")
    ]


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_in_either_theme(look: Look, axe: str, view: str) -> None:
    key, fragment = VIEWS[view]
    page = look(key, fragment)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    assert _found(page, axe) == []
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    assert _found(page, axe, "color-contrast") == []  # nothing but colors is different


def test_axe_finds_nothing_in_what_opens(look: Look, axe: str) -> None:
    page = look("acme", f"#/?{JANUARY}", reduced_motion="reduce")
    for name in ("Columns", "Export", "Jan 1", "demo acme"):
        page.get_by_role("button", name=name).click()
        assert _found(page, axe) == [], name
        page.keyboard.press("Escape")
    page = look("tenant", "#/alerts", reduced_motion="reduce")
    page.get_by_role("button", name="Add a trigger").click()
    assert _found(page, axe) == []


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_makes_the_page_wider_than_the_screen(look: Look, view: str) -> None:
    key, fragment = VIEWS[view]
    page = look(key, fragment, viewport=PHONE)
    page.wait_for_load_state("networkidle")
    for size in (PHONE, WIDE, MIDDLE):
        page.set_viewport_size(size)
        fits(page, size["width"])
