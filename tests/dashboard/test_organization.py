"""The view of an organization: the documented table, figure by figure, and all that turns it."""

import csv
import io
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.builders import event
from tests.dashboard.conftest import JANUARY, Demo, Look, table

ACME = f"#/?{JANUARY}"
HEADING = [
    "User",
    "SMS Sent",
    "SMS Received",
    "MMS Sent",
    "MMS Received",
    "Voice Calls",
    "Voice Min",
    "API Requests",
    "Storage",
    "Phone Monthly",
    "Phones Purchased",
    "KB Count",
    "KB Min",
    "Cost",
]
JOHN = "john@acme.com 2,420 650 120 40 340 359.33 250,000 $2.25 2 1 1 55.00 $193.35"
JANE = "jane@acme.com 1,800 420 65 25 280 306.67 200,000 $1.50 1 0 0 0.00 $144.49"
TOTAL = "Total 4,220 1,070 185 65 620 666.00 450,000 $3.75 3 1 1 55.00 $337.84"


def test_the_documented_example_is_shown_figure_by_figure(look: Look) -> None:
    assert table(look("acme", ACME)) == [HEADING, JOHN.split(), JANE.split(), TOTAL.split()]


def test_figures_are_written_as_the_viewer_writes_them(look: Look) -> None:
    rows = table(look("acme", ACME, locale="de-DE"))
    assert rows[1][1:9] == ["2.420", "650", "120", "40", "340", "359,33", "250.000", "2,25\xa0$"]


NINE = 123_456_789
CUT = """() => [...document.querySelectorAll(".table-box tr > *")].flatMap(cell => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  const [text, box] = [range.getBoundingClientRect(), cell.getBoundingClientRect()];
  const isCut = text.left < box.left || text.right > box.right;
  return cell.textContent && isCut ? [cell.textContent] : [];
})"""


def with_large_figures(page: Page) -> None:
    """Show nine digits in every count, and costs of millions."""

    def enlarge(route: Any) -> None:
        response = route.fetch()
        report = response.json()
        for user in report["users"]:
            counts = (it for it in user if it.startswith("total_") and it != "total_cost")
            user |= dict.fromkeys(counts, NINE) | {"total_voice_seconds": NINE * 60}
            costs = user["cost_breakdown"]
            for name in costs:
                costs[name] = 1_234_567.89 if name.endswith("_cost") else NINE
            user["total_cost"] = 12_345_678.9
        report.pop("totals", None)
        route.fulfill(response=response, json=report)

    page.route("**/v1/analytics/users?*", enlarge)
    page.reload()
    expect(page.get_by_role("cell", name="123,456,789").first).to_be_visible()


@pytest.mark.parametrize(("width", "fits"), [(1440, True), (1024, False), (390, False)])
def test_no_figure_is_cut_and_1440_pixels_hold_all_14_columns(
    look: Look, width: int, fits: bool
) -> None:
    for enlarge in (False, True):
        page = look("acme", ACME, viewport={"width": width, "height": 900})
        table(page)
        if enlarge:
            with_large_figures(page)
        box = page.locator(".table-box")
        if fits:
            assert box.evaluate("it => it.scrollWidth <= it.clientWidth")
        assert page.evaluate(CUT) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        size = box.locator("td").first.evaluate("it => parseFloat(getComputedStyle(it).fontSize)")
        assert size >= 11
        # Between the columns that stay in sight, there is room for the widest of the others.
        widths = box.evaluate(
            """it => {
              const cells = [...it.querySelectorAll("tbody tr:first-child > *")];
              const fixed = cells.filter(cell => getComputedStyle(cell).position === "sticky");
              const others = cells.filter(cell => !fixed.includes(cell));
              const sum = fixed.reduce((whole, cell) => whole + cell.offsetWidth, 0);
              return [it.clientWidth - sum, Math.max(...others.map(cell => cell.offsetWidth))];
            }"""
        )
        assert widths[0] >= widths[1], widths


def test_any_column_sorts_both_ways(look: Look) -> None:
    page = look("harbor", "#/?period=last_30_days")
    table(page)
    for place, name in enumerate(HEADING):
        heading = page.locator(".table-box thead th").nth(place)
        seen = set()
        for _ in range(2):
            heading.get_by_role("button").click()
            expect(heading).to_have_attribute("aria-sort", re.compile("scending"))
            direction = heading.get_attribute("aria-sort")
            values = [row[place] for row in table(page)[1:-1]]
            keys = [float(re.sub(r"[^\d.-]", "", it)) for it in values] if place else values
            assert keys == sorted(keys, reverse=direction == "descending"), name
            seen.add(direction)
            page.wait_for_timeout(20)
        assert seen == {"ascending", "descending"}, name


def test_the_totals_are_the_sum_of_what_the_search_leaves(look: Look, demo: Demo) -> None:
    page = look("harbor", "#/?period=last_30_days")
    page.get_by_label("Search users").fill("sales")
    expect(page.get_by_text(re.compile(r"^10 of 40 users"))).to_be_visible()
    rows = table(page)
    assert all("sales" in row[0] for row in rows[1:-1])
    for place in (1, 5, 7):
        numbers = [int(row[place].replace(",", "")) for row in rows[1:]]
        assert numbers[-1] == sum(numbers[:-1])
    page.get_by_label("Search users").fill("nobody at all")
    expect(page.get_by_text("No user matches the search")).to_be_visible()


def test_a_knowledge_base_of_two_users_counts_once_in_the_total(look: Look, demo: Demo) -> None:
    used = {"ann": "kb_1", "anton": "kb_1", "eve": "kb_2"}
    sent = [
        event(id=it, organization_id="sharing", user_id=it, type="kb.usage", resource_id=base)
        for it, base in used.items()
    ]
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={"id": "sharing", "name": "Sharing"})
        assert client.post("/v1/events", json=sent).json()["success"]
    page = look("tenant", f"#/organizations/sharing?{JANUARY}")
    place = HEADING.index("KB Count")
    assert [row[place] for row in table(page)[1:]] == ["1", "1", "1", "2"]
    # The page does not know which knowledge bases some of the users share.
    for search, count, expected in (("eve", 1, ["1", "1"]), ("an", 2, ["1", "1", ""])):
        page.get_by_label("Search users").fill(search)
        expect(page.get_by_text(re.compile(f"^{count} of 3 users"))).to_be_visible()
        assert [row[place] for row in table(page)[1:]] == expected


def test_columns_are_chosen_and_the_choice_is_in_the_address(look: Look) -> None:
    page = look("acme", ACME)
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("checkbox", name="MMS Sent").uncheck()
    page.get_by_role("checkbox", name="Share").check()
    expect(page).to_have_url(re.compile("columns=mms_sent%2Cshare"))
    rows = table(page)
    assert "MMS Sent" not in rows[0]
    assert rows[1][rows[0].index("Share")] == "57.2%"
    page.reload()
    assert table(page) == rows
    page.get_by_role("button", name="Columns").click()
    page.get_by_role("button", name="Default columns").click()
    assert table(page)[0] == HEADING


def test_users_without_usage_can_be_hidden(look: Look) -> None:
    page = look("acme", "#/?start=2024-01-03&end=2024-01-03")
    assert len(table(page)) == 4
    empty = look("acme", "#/?start=2020-01-01&end=2020-01-31")
    assert len(table(empty)) == 4
    empty.get_by_label("Hide users without usage").check()
    expect(empty.get_by_text("No user matches the search and the filters")).to_be_visible()


def _saved(page: Page) -> list[list[str]]:
    page.get_by_role("button", name="Export").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_csv_is_the_table_as_it_is_shown(look: Look) -> None:
    page = look("harbor", "#/?period=last_30_days&search=billing&sort=voice_min&columns=storage")
    shown, saved = table(page), _saved(page)
    assert saved[0] == shown[0]
    assert "Storage" not in saved[0]
    assert len(saved) == len(shown) == 12

    def plain(text: str) -> float | str:
        return float(re.sub(r"[$,]", "", text)) if re.match(r"[$\d]", text) else text

    for saved_row, shown_row in zip(saved[1:], shown[1:], strict=True):
        assert [plain(it) for it in shown_row] == [
            round(it, 2) if isinstance(it, float) else it for it in map(plain, saved_row)
        ]


def test_a_view_is_copied_as_a_command_without_the_key(look: Look, demo: Demo) -> None:
    page = look("acme", ACME)
    page.get_by_role("button", name="Export").click()
    command = page.get_by_label("Command for These users").inner_text()
    assert "organization_id=org_abc123&start_date=2024-01-01&end_date=2024-01-31" in command
    assert '-H "X-API-Key: $KEY"' in command
    assert demo.keys["acme"] not in page.content()


def test_presets_arrows_and_free_dates_choose_the_period(look: Look) -> None:
    page = look("acme", ACME)
    page.get_by_role("button", name="Previous period").click()
    expect(page).to_have_url(re.compile("start=2023-12-01&end=2023-12-31"))
    page.get_by_role("button", name="Next period").click()
    expect(page).to_have_url(re.compile("start=2024-01-01&end=2024-01-31"))
    page.get_by_role("button", name="Jan 1").click()
    page.get_by_label("First day").fill("2024-01-08")
    page.get_by_label("Last day").fill("2024-01-05")
    expect(page.get_by_text("The first day must not be after the last day.")).to_be_visible()
    page.get_by_label("Last day").fill("2024-01-14")
    expect(page.get_by_text("7 days, first and last included.")).to_be_visible()
    expect(page.get_by_text("Days begin and end in UTC.")).to_be_visible()
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile("start=2024-01-08&end=2024-01-14"))
    page.go_back()
    expect(page).to_have_url(re.compile("end=2024-01-31"))
    page.get_by_role("button", name="Jan 1").click()
    page.get_by_role("button", name="Last month").click()
    expect(page).to_have_url(re.compile("period=last_month"))


def test_comparing_adds_the_change_of_each_user(look: Look) -> None:
    page = look("harbor", "#/?period=last_30_days")
    table(page)
    page.keyboard.press("x")
    expect(page).to_have_url(re.compile("compare=previous_period"))
    changes = page.locator(".table-box tr[data-index] td:nth-last-child(2)")
    expect(changes.first).to_have_text(re.compile("%|\u2013"))
    rows = table(page)
    assert rows[0][-2:] == ["Change", "Cost"]
    assert all(re.fullmatch("[+-]?<?[\\d.,]+%|\u2013", row[-2]) for row in rows[1:])


def test_an_empty_organization_says_so(look: Look, demo: Demo) -> None:
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={"id": "org_empty", "name": "Empty"})
    page = look("tenant", "#/organizations/org_empty")
    expect(page.get_by_text("This organization has no users yet")).to_be_visible()


def test_a_server_out_of_reach_is_said_and_old_figures_stay(look: Look) -> None:
    page = look("acme", ACME, refused=True)
    table(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Previous period").click()
    expect(page.get_by_role("alert").first).to_contain_text("No connection")
    page.context.set_offline(False)
    expect(page.get_by_role("region", name="Usage and cost by user")).to_be_visible()


def test_too_many_requests_are_asked_again_by_themselves(look: Look) -> None:
    page = look("acme", "#/prices", refused=True)
    answers = iter([429])

    def refuse(route: object) -> None:
        if next(answers, None):
            body = '{"success": false, "error": "too many requests", "code": "too_many"}'
            route.fulfill(status=429, headers={"Retry-After": "1"}, body=body)  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    page.route("**/v1/analytics/users?*", refuse)
    page.get_by_role("link", name="Usage").click()
    expect(page.get_by_role("alert").first).to_contain_text("Too many requests")
    expect(page.get_by_role("region", name="Usage and cost by user")).to_be_visible()
