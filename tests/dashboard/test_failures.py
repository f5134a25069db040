"""Requests that fail are shown and sent again; those whose question has changed are dropped."""

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.builders import Platform, event
from tests.dashboard.conftest import JANUARY, Demo, Look, held
from tollbook.cli.demo import TENANT
from tollbook.lifecycle.archive import Due, archive
from tollbook.store.archive_files import Archived
from tollbook.store.audit import Actor
from tollbook.store.database import open_database
from tollbook.wiring import now

MORE = "**/v1/events?*cursor=*"
ORGANIZATION = "pages"


@pytest.fixture(scope="module")
def events(demo: Demo) -> str:
    """A user with two pages of calls and two of messages; the address of the drawer."""
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={"id": ORGANIZATION, "name": ORGANIZATION})
        for meter in ("voice.call", "sms.outbound"):
            sent = [
                event(id=f"{meter} {n}", type=meter, organization_id=ORGANIZATION, quantity=1)
                for n in range(60)
            ]
            assert client.post("/v1/events", json=sent).status_code == 200
    return f"#/organizations/{ORGANIZATION}?{JANUARY}&user=user_1&events="


def kinds(page: Page) -> set[str]:
    return set(page.locator(".events .what").all_inner_texts())


def test_more_of_another_kind_is_dropped(look: Look, events: str) -> None:
    page = look("tenant", f"{events}voice")
    button = page.get_by_role("button", name="Show more")
    with held(page, MORE) as waiting:
        button.click()
        expect(page.get_by_role("button", name="Loading…")).to_be_disabled()
        page.get_by_label("Kind of event").select_option("messaging")
        expect(page.locator(".events .what").first).to_have_text("SMS sent")
        assert len(waiting) == 1
    page.wait_for_load_state("networkidle")
    expect(page.locator(".events li")).to_have_count(50)
    assert kinds(page) == {"SMS sent"}
    button.click()
    expect(page.locator(".events li")).to_have_count(60)
    expect(button).to_have_count(0)
    assert kinds(page) == {"SMS sent"}


def test_more_while_another_kind_is_loading_is_not_offered(look: Look, events: str) -> None:
    page = look("tenant", f"{events}voice")
    button = page.get_by_role("button", name="Show more")
    expect(button).to_be_visible()
    with held(page, "**/v1/events?*sms*"):
        page.get_by_label("Kind of event").select_option("messaging")
        expect(button).to_have_count(0)
    expect(page.locator(".events .what").first).to_have_text("SMS sent")
    expect(button).to_be_visible()


def test_more_that_fails_says_so_and_is_tried_again(look: Look, events: str) -> None:
    page = look("tenant", f"{events}voice", refused=True)
    page.route(MORE, lambda route: route.abort())
    page.get_by_role("button", name="Show more").click()
    alert = page.locator(".events").get_by_role("alert")
    expect(alert).to_contain_text("The server cannot be reached")
    page.unroute(MORE)
    alert.get_by_role("button", name="Try again").click()
    expect(page.locator(".events li")).to_have_count(60)
    expect(alert).to_have_count(0)


def test_more_with_a_revoked_key_leads_back_to_signing_in(
    look: Look, demo: Demo, events: str
) -> None:
    key = demo.new_key()
    page = look(key, f"{events}voice", refused=True)
    more = page.get_by_role("button", name="Show more").element_handle()
    with demo.server.client(demo.keys["tenant"]) as client:
        assert client.delete(f"/v1/keys/{'_'.join(key.split('_')[:2])}").status_code == 200
    more.evaluate("it => it.click()")  # also where a refresh was first, and the button is gone
    expect(page.get_by_text("This key is no longer valid")).to_be_visible()


@pytest.mark.parametrize(
    "away", ["**/v1/keys/self", "**/v1/organizations/*", "**/v1/**", "**/v1/events?*"]
)
def test_a_page_opened_while_the_server_was_away_renews_itself(
    look: Look, demo: Demo, events: str, away: str
) -> None:
    page = look(None, refused=True)
    page.route(away, lambda route: route.abort())
    page.evaluate(f"sessionStorage.setItem('tollbook.key', '{demo.keys['tenant']}')")
    page.goto(f"{demo.address}{events}voice")
    page.reload()
    expect(page.get_by_role("alert").first).to_contain_text("retries automatically")
    page.unroute(away)
    expect(page.locator(".events li")).to_have_count(50)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_server_that_cannot_answer_is_asked_again(look: Look, demo: Demo, events: str) -> None:
    page = look(None, refused=True)
    body = {"success": False, "error": "the database does not answer", "code": "unavailable"}
    page.route("**/v1/organizations/*", lambda route: route.fulfill(status=503, json=body))
    page.evaluate(f"sessionStorage.setItem('tollbook.key', '{demo.keys['tenant']}')")
    page.goto(f"{demo.address}{events}voice")
    page.reload()
    expect(page.get_by_role("alert").first).to_contain_text("The database does not answer")
    page.unroute("**/v1/organizations/*")
    expect(page.locator(".events li")).to_have_count(50)


REFUSAL = {"success": False, "error": "the days before are not at hand", "code": "invalid"}


@pytest.mark.parametrize(
    ("key", "view", "question", "change"),
    [
        ("tenant", "", "organizations", ".tile.main .change"),
        ("acme", "", "users", ".tile.main .change"),
        ("acme", "&user=user_456", "users", ".user-cost .change"),
    ],
)
def test_a_comparison_that_fails_says_so_and_is_tried_again(
    look: Look, key: str, view: str, question: str, change: str
) -> None:
    page = look(key, "#/prices", refused=True)
    before = f"**/v1/analytics/{question}?*start_date=2023-12-01*"
    page.route(before, lambda route: route.fulfill(status=400, json=REFUSAL))
    page.evaluate(f"location.hash = '#/?{JANUARY}&compare=previous_period{view}'")
    alert = page.get_by_role("dialog" if view else "main").get_by_role("alert")
    expect(alert).to_contain_text("The comparison failed: The days before")
    expect(page.locator(".table-box tbody tr[data-index]").first).not_to_contain_text("\u2013")
    expect(page.locator(change)).to_have_count(0)
    page.unroute(before)
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_have_count(0)


def test_what_something_would_cost_is_dropped_when_the_form_changed(look: Look, demo: Demo) -> None:
    page = look("tenant", "#/prices", refused=True)
    seconds, rate = page.get_by_label("Seconds"), page.get_by_role("button", name="Calculate")
    with held(page, "**/v1/rate*"):
        rate.click()
        seconds.fill("61")
    page.wait_for_load_state("networkidle")
    expect(page.locator(".calculator .figure")).to_have_count(0)
    page.route("**/v1/rate*", lambda route: route.abort())
    rate.click()
    expect(page.locator(".calculator")).to_contain_text("select Calculate to try again")
    page.unroute("**/v1/rate*")
    rate.click()
    expect(page.locator(".calculator .figure")).to_have_text("$0.122")


def test_a_replay_that_fails_says_so(look: Look) -> None:
    page = look("tenant", "#/quarantine", refused=True)
    page.route("**/v1/quarantine/replay", lambda route: route.abort())
    page.get_by_role("button", name="Replay all").click()
    expect(page.locator(".replay")).to_contain_text("select Replay to try again")
    page.unroute("**/v1/quarantine/replay")
    page.get_by_role("button", name="Replay all").click()
    expect(page.locator(".replay")).to_contain_text("still in quarantine")


def test_archived_events_whose_files_are_gone_are_refused_with_the_month(
    look: Look, demo: Demo, tmp_path: Path
) -> None:
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={"id": "archived", "name": "archived"})
        sent = [event(organization_id="archived", time="2021-01-15T10:30:00Z", cost="1")]
        assert client.post("/v1/events", json=sent).status_code == 200
    with closing(open_database(demo.server.database_url)) as database:
        number = Platform(database, TENANT).number("archived")
        (file,) = archive(database, Actor(TENANT, "cli", now()), Due(number, 202102, tmp_path))
        assert isinstance(file, Archived)
    place = "#/organizations/archived?start=2021-01-01&end=2021-01-31&user=user_1"
    page = look("tenant", place)
    expect(page.locator(".events li")).to_have_count(1)
    (tmp_path / file.file).unlink()
    page = look("tenant", f"{place}&events=voice", refused=True)
    alert = page.locator(".events").get_by_role("alert")
    expect(alert).to_contain_text("Events of 2021-01 are archived, and their files cannot be read")
