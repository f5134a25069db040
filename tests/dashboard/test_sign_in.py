"""Signing in: the key determines what is shown and stays in the tab."""

from playwright.sync_api import expect

from tests.dashboard.conftest import JANUARY, Demo, Look


def test_the_printed_key_opens_the_demo_and_stays_out_of_the_address(
    look: Look, demo: Demo
) -> None:
    page = look(None)
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.get_by_label("API key or viewer token").fill(demo.keys["acme"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Acme Corp")).to_be_visible()
    secret = demo.keys["acme"].rpartition("_")[2]
    assert secret not in page.url
    assert not any(secret in address for address in addresses)
    assert page.evaluate("Object.keys(localStorage).join()") == "tollbook.theme"
    page.reload()
    expect(page.get_by_role("heading", name="Acme Corp")).to_be_visible()


def test_an_unknown_key_is_refused_in_a_sentence(look: Look) -> None:
    page = look(None, refused=True)
    page.get_by_label("API key or viewer token").fill("tb_0123456789ab_nobody")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("does not recognize this key")
    page.get_by_label("API key or viewer token").fill(" ")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Paste an API key first")


def test_signing_out_forgets_the_key(look: Look) -> None:
    page = look(None)
    page.evaluate("sessionStorage.clear()")
    demo_page = look("acme", f"#/?{JANUARY}")
    demo_page.get_by_role("button", name="demo acme").click()
    demo_page.get_by_role("button", name="Sign out").click()
    expect(demo_page.get_by_label("API key or viewer token")).to_be_visible()
    assert demo_page.evaluate("sessionStorage.length") == 0


def test_a_revoked_key_signs_out_with_a_reason(look: Look, demo: Demo) -> None:
    key = demo.new_key(organization_id="org_abc123")
    page = look(key, f"#/?{JANUARY}", refused=True)
    expect(page.get_by_role("heading", name="Acme Corp")).to_be_visible()
    page.wait_for_load_state("networkidle")  # what is still loading would sign out before the click
    with demo.server.client(demo.keys["tenant"]) as client:
        client.delete(f"/v1/keys/{'_'.join(key.split('_')[:2])}")
    page.get_by_role("button", name="Previous period").click()
    expect(page.get_by_text("This key is no longer valid")).to_be_visible()


def test_two_keys_see_different_things(look: Look) -> None:
    acme = look("acme", f"#/?{JANUARY}")
    harbor = look("harbor", f"#/?{JANUARY}")
    expect(acme.get_by_role("heading", name="Acme Corp")).to_be_visible()
    expect(harbor.get_by_role("heading", name="Harbor Logistics")).to_be_visible()
    expect(acme.get_by_role("link", name="Quarantine")).to_have_count(0)
    strange = look("harbor", "#/organizations/org_abc123", refused=True)
    expect(strange.get_by_role("alert")).to_contain_text("Organization not found")


def test_a_key_of_one_user_sees_that_user_alone(look: Look) -> None:
    page = look("acme_user_123", f"#/?{JANUARY}")
    expect(page.get_by_role("heading", name="john@acme.com")).to_be_visible()
    expect(page.get_by_text("$193.35").first).to_be_visible()
    assert "jane" not in page.content()


def test_a_viewer_token_opens_what_it_was_asked_for(look: Look, demo: Demo) -> None:
    page = look(None)
    token = demo.new_token(organization_id="org_abc123", user_id="user_123")
    page.get_by_label("API key or viewer token").fill(token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="john@acme.com")).to_be_visible()
    expect(page.get_by_text("jane@acme.com")).to_have_count(0)
    assert token not in page.url
