"""Names and ids that others chose change nothing around them, and are there whole on demand."""

import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.builders import event
from tests.dashboard.conftest import JANUARY, Demo, Look, table
from tests.waiting import run_over_quarantine

TURNED = "\u202eevil"
CODE = "U+202Eevil"
HEBREW = "\u05e9\u05dc\u05d5\u05dd"
JOINED = "👩\u200d💻 \u0645\u06cc\u200c\u062e\u0648 ❤\ufe0f"
"""Joiners and variants that are a part of what is seen."""
LONG = f"begin{'n' * 190}end"
WIDE = 1600


def make(demo: Demo, organization: str, name: str, *events: dict[str, Any]) -> None:
    with demo.server.client(demo.keys["tenant"]) as client:
        new = {"id": organization, "name": name}
        assert client.post("/v1/organizations", json=new).status_code in (201, 409)
        sent = [event(organization_id=organization, **it) for it in events]
        assert client.post("/v1/events", json=sent).status_code in (200, 207)


def of(organization: str, more: str = "") -> str:
    return f"#/organizations/{quote(organization, safe='')}?{JANUARY}{more}"


def reads(page: Page, selector: str) -> str:
    """Read the characters of an element in the order in which they stand, from left to right."""
    text: str = page.locator(selector).first.evaluate(
        """element => {
            const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
            const found = [];
            while (walker.nextNode()) {
                for (let n = 0; n < walker.currentNode.length; n += 1) {
                    const range = document.createRange();
                    range.setStart(walker.currentNode, n);
                    range.setEnd(walker.currentNode, n + 1);
                    const box = range.getBoundingClientRect();
                    const middle = (box.top + box.bottom) / 2;
                    if (box.width) found.push([middle, box.left, String(range)]);
                }
            }
            found.sort((a, b) => (Math.abs(a[0] - b[0]) > 8 ? a[0] - b[0] : a[1] - b[1]));
            return found.map(it => it[2]).join('');
        }"""
    )
    return text


def test_a_turning_mark_is_shown_by_its_code_and_turns_nothing(look: Look, demo: Demo) -> None:
    make(demo, f"id{TURNED}", f"name{TURNED}", {"id": f"e{TURNED}", "user_id": f"u{TURNED}"})
    page = look("tenant", of(f"id{TURNED}", f"&user={quote(f'u{TURNED}')}"))
    expect(page.get_by_role("heading", name=f"u{CODE}")).to_be_visible()
    assert f"name{CODE}" in reads(page, ".user-head .note")
    page.locator("button.event").click()
    expect(page.locator(".facts")).to_contain_text(f"e{CODE}")
    assert "\u202e" not in page.locator("body").inner_text()


@pytest.mark.parametrize("word", [TURNED, "\u2067evil", HEBREW, f"\u2069\u202e{HEBREW}"])
def test_the_figure_of_an_explanation_reads_as_it_is(look: Look, demo: Demo, word: str) -> None:
    plan = f"{word} 1"
    organization = f"book {word.encode().hex()}"
    make(demo, organization, "x")
    with demo.server.client(demo.keys["tenant"]) as client:
        book = {
            "name": word,
            "currency": "USD",
            "effective_from": "2024-01-01",
            "source": "s",
            "rates": [
                {"meter": "voice.call", "price": 0.000225, "per": "second", "when": {"plan": plan}}
            ],
        }
        books = f"/v1/price-books?organization_id={quote(organization)}"
        yaml = {"Content-Type": "application/yaml"}
        made = client.post(books, content=json.dumps(book), headers=yaml)
        assert made.status_code == 201, made.text
    make(demo, organization, "x", {"id": "e", "quantity": 5, "attributes": {"plan": plan}})
    page = look("tenant", of(organization, "&user=user_1&event=e"))
    page.wait_for_selector(".steps li")
    assert reads(page, ".steps").endswith("0.000225 = 0.001125cost 0.001125")
    shown = reads(page, ".event-detail .note")
    assert "0.000225 per second" in shown
    assert re.search(r"version \d+ of", shown)


def test_invisible_characters_are_seen_and_joiners_are_not(look: Look, demo: Demo) -> None:
    make(demo, "unseen", "a\u200bb\u00adc\ufeffd\u3164e\U000e0041f")
    make(demo, "joined", JOINED)
    page = look("tenant", of("unseen"))
    shown = "aU+200BbU+00ADcU+FEFFdU+3164eU+E0041f"
    expect(page.get_by_role("heading", level=1)).to_have_text(shown)
    page = look("tenant", of("joined"))
    expect(page.get_by_role("heading", level=1)).to_have_text(JOINED)


@pytest.mark.parametrize("name", [LONG, "W" * 200])
@pytest.mark.parametrize("width", [WIDE, 390])
def test_a_long_name_leaves_the_page_its_width(
    look: Look, demo: Demo, width: int, name: str
) -> None:
    attributes = {name[:60]: name}
    make(demo, name, name, {"user_id": name, "id": name, "attributes": attributes})
    own: dict[str, Any] = {"organization_id": name, "name": name[:100]}
    admin = demo.new_key(**own, permissions=["admin"])
    user = demo.new_key(**own, user_id=name)
    for key, fragment in (
        ("tenant", f"#/?{JANUARY}"),
        ("tenant", of(name)),
        ("tenant", of(name, "&compare=previous_period&chart=table")),
        ("tenant", of(name, f"&user={name}&event={name}")),
        ("tenant", of(name, "&level=organization")),
        ("tenant", of(name, f"&user={name}x")),
        ("tenant", "#/prices"),
        ("tenant", "#/quarantine"),
        ("tenant", f"#/quarantine?organization={name}"),
        (admin, f"#/?{JANUARY}"),
        (admin, "#/prices"),
        (admin, "#/quarantine"),
        (user, f"#/?{JANUARY}&event={name}"),
        (user, "#/prices"),
    ):
        page = look(key, fragment, refused=True, viewport={"width": width, "height": 900})
        page.wait_for_load_state("networkidle")
        if not page.locator("dialog").count():
            page.locator(".bar .button").last.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, fragment
        inside = page.locator(".drawer-body, .popover:popover-open")
        assert inside.evaluate_all("all => all.every(it => it.scrollWidth <= it.clientWidth)")
        for head in page.locator(".user-head").all():
            assert head.evaluate("it => it.offsetHeight") < 250
        page.close()


def test_a_long_id_leaves_the_columns_of_the_quarantine_in_sight(look: Look, demo: Demo) -> None:
    waits = event(id="q" * 250, organization_id="z" * 250)
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/events", json=waits)
    page = look(
        "tenant", "#/quarantine?code=unknown_organization", viewport={"width": 1280, "height": 900}
    )
    heading = page.get_by_role("columnheader", name="Received")
    box = heading.bounding_box()
    assert box
    assert box["x"] + box["width"] <= 1280
    with demo.server.client(demo.keys["tenant"]) as client:  # other tests share the quarantine
        client.post("/v1/organizations", json={"id": "z" * 250, "name": "Found"})
        replayed = run_over_quarantine(client.get, client.post("/v1/quarantine/replay"))
        assert replayed["remaining"] == 0


def test_the_whole_of_a_name_is_shown_on_hover_and_focus(look: Look, demo: Demo) -> None:
    make(demo, "long", LONG, {"user_id": LONG})
    page = look("tenant", of("long"))
    table(page)
    whole = page.get_by_role("tooltip")
    for name in ("h1 .long", "tr[data-index] .long"):
        page.locator(name).hover()
        expect(whole).to_have_text(LONG)
        page.mouse.move(0, 0)
        expect(whole).to_have_count(0)
    page.locator("h1 .long").focus()
    expect(whole).to_have_text(LONG)
    page.keyboard.press("Escape")
    expect(whole).to_have_count(0)
    page.locator("tr[data-index] a").focus()
    expect(whole).to_have_text(LONG)
    assert whole.bounding_box()["width"] < WIDE  # type: ignore[index]


@pytest.mark.parametrize("name", [LONG, f"a{TURNED}b\u2069", f"{TURNED}{LONG[:190]}"])
def test_a_name_is_copied_whole_and_as_it_is(look: Look, demo: Demo, name: str) -> None:
    organization = f"copied {len(name)}"
    make(demo, organization, name)
    page = look("tenant", of(organization), permissions=["clipboard-read", "clipboard-write"])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.locator("h1").evaluate("it => getSelection().selectAllChildren(it)")
    page.keyboard.press("Control+C")
    assert page.evaluate("navigator.clipboard.readText()") == name


def test_a_short_name_is_not_shortened(look: Look, demo: Demo) -> None:
    make(demo, "short", "Somebody", {"user_id": "first.last@company.com"})
    page = look("tenant", of("short"))
    table(page)
    assert page.locator(".long").count() == 0


def test_names_of_one_domain_differ_in_a_narrow_column(look: Look) -> None:
    page = look("harbor", "#/?period=last_30_days", viewport={"width": 1280, "height": 800})
    table(page)
    names = page.locator("tr[data-index] .long")
    expect(names.first).to_be_visible()
    shown = names.evaluate_all("all => all.map(it => it.firstChild.textContent)")
    assert len(set(shown)) == len(shown) > 1
    assert all(it.endswith("@") for it in shown)


def test_a_zone_that_the_browser_does_not_know_is_utc_and_said(look: Look, demo: Demo) -> None:
    make(demo, "zone", "Zone", {"id": "e"})
    page = look(None)

    def elsewhere(route: Any) -> None:
        answer = route.fetch()
        about = answer.json()
        about["organization"]["timezone"] = "Mars/Olympus"
        route.fulfill(response=answer, json=about)

    page.route("**/v1/organizations/zone", elsewhere)
    page.evaluate(f"sessionStorage.setItem('tollbook.key', '{demo.keys['tenant']}')")
    page.goto(f"{demo.address}{of('zone', '&user=user_1')}")
    page.reload()
    expect(page.get_by_text("This browser does not support this time zone")).to_be_visible()
    expect(page.locator("button.event time")).to_have_text("Jan 15, 2024, 10:30:00 AM")
