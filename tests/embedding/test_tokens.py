"""Tokens of elements: shared, renewed in time, asked for again when refused, and never mixed up."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.dashboard.conftest import Demo
from tests.embedding.conftest import (
    Given,
    Host,
    Visit,
    forward,
    framed,
    heard,
    token_for,
    until,
    usage,
)
from tests.waiting import wait_for

LIFE, SHORT_LIFE = 900, 250
"""Seconds that a token is valid; one of less than 300 is renewed at 80 % of them."""
SHOW = """
state => {
  Object.defineProperty(document, "visibilityState", {value: state, configurable: true});
  document.dispatchEvent(new Event("visibilitychange"));
}
"""
ROWS = ".table-box tbody tr[data-index]"


def made(demo: Demo, host: Host, *tokens: str | dict[str, Any]) -> list[Given]:
    """Let the platform answer with these tokens, texts or terms of new ones, and then good ones.

    Return what it is asked for.
    """
    asked: list[Given] = []

    def make(about: Given) -> str:
        asked.append(about)
        given = tokens[len(asked) - 1] if len(asked) <= len(tokens) else {}
        return given if isinstance(given, str) else token_for(demo, about, **given)

    host.make_token = make
    return asked


def revoked(demo: Demo) -> str:
    with demo.server.client(demo.keys["tenant"]) as client:
        body = {"organization_id": "org_abc123"}
        answer = client.post("/v1/viewer-tokens", json=body).json()
        assert client.delete(f"/v1/viewer-tokens/{answer['viewer_token']['id']}").is_success
    return str(answer["token"])


def code(page: Page) -> str:
    until(page, "heard.some(it => it[0] === 'error')")
    found: str = heard(page, "error")[-1]["code"]
    return found


def test_a_token_is_renewed_before_it_expires(visit: Visit, host: Host, demo: Demo) -> None:
    asked = made(demo, host, {"expires_in": SHORT_LIFE})
    page = visit(host, usage())
    expect(framed(page).locator(ROWS)).to_have_count(2)
    forward(page, SHORT_LIFE / 2)
    assert page.evaluate("reasons") == ["start"]
    forward(page, SHORT_LIFE / 2 - 10)
    wait_for(lambda: len(asked) > 1)
    assert [it["reason"] for it in asked] == ["start", "expiring"]
    assert heard(page, "error") == []
    assert framed(page).get_by_role("alert").count() == 0


def test_a_hidden_page_renews_its_token_when_it_comes_back(
    visit: Visit, host: Host, demo: Demo
) -> None:
    made(demo, host)
    page = visit(host, usage())
    expect(framed(page).locator(ROWS)).to_have_count(2)
    (frame,) = page.main_frame.child_frames
    frame.evaluate(SHOW, "hidden")
    forward(page, LIFE)
    assert page.evaluate("reasons") == ["start"]
    frame.evaluate(SHOW, "visible")
    until(page, "reasons.length > 1")
    assert page.evaluate("reasons") == ["start", "expiring"]
    assert heard(page, "error") == []


def test_a_page_that_was_offline_shows_the_figures_of_now(
    visit: Visit, host: Host, demo: Demo
) -> None:
    made(demo, host)
    page = visit(host, usage(period=""), refused=True)
    frame = framed(page)
    expect(frame.locator(ROWS)).to_have_count(2)
    page.context.set_offline(True)
    frame.get_by_role("button", name="Previous period").click()
    expect(frame.get_by_text("No connection")).to_be_visible()
    forward(page, LIFE)
    assert code(page) == "token_unavailable"
    page.context.set_offline(False)
    expect(frame.locator(ROWS)).to_have_count(2)
    expect(frame.get_by_role("alert")).to_have_count(0)
    assert set(page.evaluate("reasons")) == {"start", "expiring"}


def test_a_refused_token_is_replaced_once_and_the_request_repeated(
    visit: Visit, host: Host, demo: Demo
) -> None:
    asked = made(demo, host, revoked(demo))
    page = visit(host, usage(), refused=True)
    expect(framed(page).locator(ROWS)).to_have_count(2)
    assert [it["reason"] for it in asked] == ["start", "refused"]
    assert heard(page, "error") == []


def test_a_second_refusal_is_an_error_with_a_button(visit: Visit, host: Host, demo: Demo) -> None:
    asked = made(demo, host, revoked(demo), revoked(demo))
    page = visit(host, usage(), refused=True)
    assert code(page) == "token_refused"
    assert len(asked) == 2
    framed(page).get_by_role("button", name="Try again").click()
    expect(framed(page).locator(ROWS)).to_have_count(2)


def test_a_token_that_is_revoked_later_is_replaced(visit: Visit, host: Host, demo: Demo) -> None:
    page = visit(host, usage(period=""), refused=True)
    expect(framed(page).locator(ROWS)).to_have_count(2)
    with demo.server.client(demo.keys["tenant"]) as client:
        assert client.delete("/v1/viewer-tokens").is_success
    framed(page).get_by_role("button", name="Previous period").click()
    until(page, "reasons.length === 2")
    expect(framed(page).get_by_role("alert")).to_have_count(0)
    expect(framed(page).locator(ROWS)).to_have_count(2)
    assert page.evaluate("reasons") == ["start", "refused"]


def test_a_token_of_another_organization_shows_nothing(
    visit: Visit, host: Host, demo: Demo
) -> None:
    host.make_token = lambda _: demo.new_token(organization_id="org_harbor")
    page = visit(host, usage())
    assert code(page) == "token_mismatch"
    expect(framed(page).get_by_role("alert")).to_contain_text("another organization")
    assert framed(page).locator(ROWS).count() == 0


def test_a_token_of_another_user_or_tenant_shows_nothing(
    visit: Visit, host: Host, demo: Demo
) -> None:
    host.make_token = lambda _: demo.new_token(organization_id="org_abc123", user_id="user_456")
    page = visit(host, usage(user="user_123"))
    assert code(page) == "token_mismatch"


def test_a_platform_that_fails_is_asked_again_with_growing_pauses(
    visit: Visit, host: Host, demo: Demo
) -> None:
    made(demo, host, "", "")
    page = visit(host, usage(), refused=True)
    assert code(page) == "token_unavailable"
    assert "the platform answers 503" in heard(page, "error")[0]["message"]
    expect(framed(page).locator(ROWS)).to_have_count(2)
    expect(framed(page).get_by_role("alert")).to_have_count(0)


def test_elements_share_a_token_and_another_organization_gets_its_own(
    visit: Visit, host: Host, demo: Demo
) -> None:
    asked = made(demo, host)
    page = visit(host, usage() + usage(view="tiles") + usage(view="trend"))
    expect(framed(page, 0).locator(ROWS)).to_have_count(2)
    expect(framed(page, 1).locator(".tile .figure").first).to_have_text("$341.84")
    assert len(asked) == 1
    page.evaluate(
        "document.querySelector('tollbook-usage').setAttribute('organization', 'org_harbor')"
    )
    expect(framed(page, 0).locator(ROWS).first).not_to_contain_text("acme.com")
    assert [it["organization"] for it in asked] == ["org_abc123", "org_harbor"]


def test_a_token_narrowed_to_the_page_works_there_and_nowhere_else(
    visit: Visit, host: Host, demo: Demo
) -> None:
    made(demo, host, {"origins": [host.address]})
    page = visit(host, usage())
    expect(framed(page).locator(ROWS)).to_have_count(2)
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/origins", json={"origin": "https://other.example"})
    made(demo, host, {"origins": ["https://other.example"]})
    page = visit(host, usage(), refused=True)
    assert code(page) == "origin_refused"
    expect(framed(page).get_by_role("alert")).to_contain_text("may not be used from this origin")
    assert framed(page).locator(ROWS).count() == 0
