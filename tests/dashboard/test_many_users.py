"""10,000 users in the table: sorting, searching and scrolling. `make bench` measures how fast."""

import re

from playwright.sync_api import expect

from tests.dashboard.conftest import JANUARY, Look, table
from tests.dashboard.measuring import frames, keys, sorts


def test_ten_thousand_users_sort_search_and_scroll(look: Look, many: str) -> None:
    page = look("tenant", f"#/organizations/{many}?{JANUARY}")
    assert len(table(page)) < 100
    expect(page.get_by_text("10,000 users, $")).to_be_visible()
    assert len(sorts(page)) == 5
    names = [row[0] for row in table(page)[1:-1]]
    assert names in (sorted(names), sorted(names, reverse=True))
    assert len(keys(page)) == 4
    page.get_by_label("Search users").fill("999")
    expect(page.get_by_text(re.compile("^19 of 10,000 users"))).to_be_visible()
    page.get_by_label("Search users").fill("")
    expect(page.get_by_text("10,000 users, $")).to_be_visible()
    assert len(frames(page)) == 60
    expect(page.locator("tr[data-index='0']")).to_have_count(0)


def test_the_last_of_ten_thousand_rows_is_where_it_belongs(look: Look, many: str) -> None:
    page = look("tenant", f"#/organizations/{many}?{JANUARY}&sort=user")
    table(page)
    page.eval_on_selector(".table-box", "box => { box.scrollTop = box.scrollHeight }")
    last = page.locator("tr[data-index='9999']")
    expect(last).to_contain_text("user_09999")
    box, row = page.locator(".table-box").bounding_box(), last.bounding_box()
    assert box
    assert row
    assert abs(box["y"] + box["height"] - 41 - (row["y"] + row["height"])) < 3
    page.get_by_label("Search users").fill("user_00042")
    expect(page.locator("tr[data-index='0']")).to_contain_text("user_00042")
