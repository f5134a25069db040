"""The page sorts and searches names as the API does."""

import json
import sys
import unicodedata
from itertools import product
from typing import Any

from playwright.sync_api import expect

from tests.analytics.test_names import IN_ORDER
from tests.builders import event
from tests.dashboard.conftest import JANUARY, Demo, Look, table
from tests.dashboard.test_exact_amounts import figures
from tollbook.analytics.names import collation_key, searched

LETTERS = ("a", "A", "á", "a\u0301", "ä", "æ", "b", "ß", "ss", "\u0131", "i", "İ", "ş", "z", "ñ")
OTHERS = (
    "",
    " ",
    "-",
    "_",
    "'",
    ".",
    "7",
    "10",
    "007",
    "ё",
    "\u0435",
    "א",
    "ب",
    "क",
    "あ",
    "ア",
    "한",
    "中",
)
NAMES = [f"{one}{other}{last}" for one, other, last in product(LETTERS, OTHERS, ("", "a", "B"))]


def all_characters() -> list[str]:
    return [
        it
        for it in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(it) not in ("Cn", "Co", "Cs")
    ]


def in_page(look: Look, script: str) -> Any:
    return figures(look("tenant", "#/prices"), script, "names")


def test_the_page_and_the_api_have_one_order(look: Look) -> None:
    names = [*NAMES, *IN_ORDER]
    shown = in_page(look, f"{json.dumps(names)}.sort(it.compareNames)")
    assert shown == sorted(names, key=collation_key())


def test_the_page_and_the_api_compare_the_same_texts_in_a_search(look: Look) -> None:
    """Two characters are alike in the page if and only if they are alike in the API."""
    characters = all_characters()
    folded = in_page(look, f"{json.dumps(characters)}.map(it.searched)")
    pairs = set(zip(folded, map(searched, characters), strict=True))
    assert len({page for page, _ in pairs}) == len({api for _, api in pairs}) == len(pairs)
    texts = [*NAMES, *IN_ORDER]
    shown = in_page(look, f"{json.dumps(texts)}.map(it.searched)")
    assert shown == list(map(searched, texts))


def test_equal_names_are_in_the_order_of_their_ids(look: Look, demo: Demo) -> None:
    names = {"u1": "Öl", "u2": "zebra", "u3": "O\u0308l", "u4": "ol", "u5": "Öl"}
    with demo.server.client(demo.keys["tenant"]) as client:
        client.post("/v1/organizations", json={"id": "names", "name": "Names"})
        for cost, (user, name) in enumerate(names.items()):
            path = "/v1/organizations/names/users"
            assert client.post(path, json={"id": user, "name": name}).status_code < 300
            sent = event(id=user, organization_id="names", user_id=user, cost=str(cost))
            client.post("/v1/events", json=sent)
        asked = "organization_id=names&start_date=2024-01-01&end_date=2024-01-31&sort=user_name"
        users = client.get(f"/v1/analytics/users?{asked}").json()["users"]
    assert [it["user_id"] for it in users] == ["u4", "u1", "u3", "u5", "u2"]
    page = look("tenant", f"#/organizations/names?{JANUARY}&sort=user")
    expect(page.get_by_text("5 users")).to_be_visible()
    assert [row[-1] for row in table(page)[1:-1]] == [f"${it['total_cost']:.2f}" for it in users]
    page.get_by_label("Search users").fill("o\u0308l")
    expect(page.get_by_text("3 of 5 users")).to_be_visible()
