"""tollbook prices load --dry-run: what was understood of a price list, line by line."""

from typing import Any

import msgspec
import pytest

from tollbook.administration.book_preview import BookPreview, ShownDifference
from tollbook.cli.price_preview import later_lines, print_preview
from tollbook.rating.books.compare import Change
from tollbook.rating.books.deck_report import DeckReport, UnpricedRow
from tollbook.rating.books.fields import ShownRate
from tollbook.rating.books.starting_later import LaterRate


def preview(**given: Any) -> BookPreview:
    usual: dict[str, Any] = {
        "name": "Carrier",
        "currency": "USD",
        "effective_from": "2024-02-01",
        "source": "a mail",
        "rates": 1_234,
        "prefixes": 1_000,
        "decks": [],
        "days": {},
        "increments": {},
        "highest_prices": [],
        "starts_later": [],
        "starts_later_count": 0,
        "replaces": None,
        "changes": {},
        "differences": [],
    }
    return BookPreview(**{**usual, **given})


def deck(**given: Any) -> DeckReport:
    usual: dict[str, Any] = {
        "file": "",
        "header_line": 1,
        "columns": {"prefix": "Code", "price": "Rate"},
        "ignored": [],
        "rows": 2_000,
        "rates": 1_500,
        "skipped": {},
        "skipped_rows": [],
        "identical": 0,
        "short": 0,
        "ended": 0,
    }
    return DeckReport(**{**usual, **given})


def difference(to: str = "44", from_: str = "", **given: Any) -> ShownDifference:
    usual = {"destination": "UK", "old": "0.01", "new": "0.02"}
    return ShownDifference(Change.DEARER, "voice.call", to, from_, **{**usual, **given})


def printed(capsys: pytest.CaptureFixture[str], **given: Any) -> list[str]:
    print_preview(preview(**given), json=False)
    return capsys.readouterr().out.splitlines()


def test_a_book_without_predecessor(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys) == [
        "Carrier: 1,234 rates for 1,000 prefixes, in USD, from 2024-02-01; nothing was loaded",
        "first days: none",
        "increments: none",
        "highest prices:",
        "none",
        "no price book in USD is in force on that day",
    ]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"days": {"": 3, "2024-03-01": 1_000}}, "that of the book (3), 2024-03-01 (1,000)"),
        ({"increments": {"": 2, "60/6": 1}}, "increments: none (2), 60/6 (1)"),
        ({"days": {f"2024-03-{it:02}": it for it in range(1, 13)}}, "2024-03-10 (10) and 2 more"),
        ({"days": {f"2024-03-{it:02}": it for it in range(1, 12)}}, "2024-03-10 (10) and 1 more"),
        ({"days": {f"2024-03-{it:02}": it for it in range(1, 11)}}, ", 2024-03-10 (10)"),
        (
            {"starts_later": [LaterRate("m", "4477", "", "2024-03-01", "44")]},
            "4477 starts on 2024-03-01: until then prefix 44 applies",
        ),
        ({"replaces": 3}, "compared with version 3: no difference"),
        (
            {"replaces": 3, "changes": {"dearer": 1_200, "removed": 1}},
            "compared with version 3: 1,200 dearer, 1 removed",
        ),
        (
            {"replaces": 3, "changes": {"dearer": 1_200}, "differences": [difference()]},
            "and 1,199 more differences",
        ),
    ],
)
def test_what_is_counted(capsys: pytest.CaptureFixture[str], given: Any, line: str) -> None:
    assert any(it.endswith(line) for it in printed(capsys, **given))


def test_differences_that_are_all_shown_are_not_more(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"replaces": 1, "changes": {"dearer": 2}}
    lines = printed(capsys, **given, differences=[difference(), difference("", "49", new=None)])
    assert "more differences" not in "\n".join(lines)
    rows = [it.split() for it in lines if "dearer " in it and "UK" in it]
    assert rows == [
        ["dearer", "voice.call", "44", "UK", "0.01", "0.02"],
        ["dearer", "voice.call", "from", "49", "UK", "0.01"],
    ]


def test_the_highest_prices_name_the_side_of_their_prefix(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rates = [
        ShownRate(1, "voice.call", price="9", per="minute", to="870", destination="Sea"),
        ShownRate(2, "voice.call", price="8", per="minute", from_="871"),
        ShownRate(3, "sms.outbound", price="7", per="segment"),
    ]
    lines = printed(capsys, highest_prices=rates)
    rows = [it.split() for it in lines if it.strip().endswith(("minute", "segment"))]
    assert rows == [
        ["voice.call", "870", "Sea", "9", "minute"],
        ["voice.call", "from", "871", "8", "minute"],
        ["sms.outbound", "7", "segment"],
    ]


@pytest.mark.parametrize(
    ("given", "lines"),
    [
        (
            {},
            [
                "header on line 1; columns: prefix = Code, price = Rate",
                "2,000 rows, 1,500 rates",
            ],
        ),
        ({"file": "uk.csv", "header_line": 0}, ["uk.csv: no header; columns: ", "uk.csv: 2,000"]),
        ({"ignored": ["Old", "Note"]}, ["", "columns that are not read: Old, Note", "2,000 rows"]),
        (
            {"identical": 1_001, "short": 2, "ended": 3, "hidden": 4},
            [
                "",
                "2,000 rows, 1,500 rates; 1,001 identical rows; 2 rows with other cells than the "
                "header; 3 prices that a later one ends; 4 hidden rows",
            ],
        ),
        (
            {"skipped": {"a": 1}, "skipped_rows": [UnpricedRow(7, "a")]},
            ["", "", "1 skipped, a: line 7"],
        ),
        (
            {
                "skipped": {"a": 3, "b": 2},
                "skipped_rows": [UnpricedRow(*it) for it in ((7, "a"), (8, "b"), (9, "a"))],
            },
            ["", "", "3 skipped, a: lines 7, 9, …", "2 skipped, b: lines 8, …"],
        ),
    ],
)
def test_how_a_deck_was_read(
    capsys: pytest.CaptureFixture[str], given: Any, lines: list[str]
) -> None:
    found = printed(capsys, decks=[deck(**given)])[1:]
    for line, expected in zip(found, lines, strict=False):
        assert line.startswith(expected)
    assert found[len(lines)] == "first days: none"


def later(to: str = "4477", until: str = "44", **given: Any) -> LaterRate:
    return LaterRate("voice.call", to, given.pop("from_", ""), "2024-03-01", until, **given)


@pytest.mark.parametrize(
    ("rate", "line"),
    [
        (later(), "4477 starts on 2024-03-01: until then prefix 44 applies"),
        (later(until=""), "4477 starts on 2024-03-01: until then no shorter prefix applies"),
        (later(destination="UK"), "4477 (UK) starts on 2024-03-01: until then prefix 44 applies"),
        (later("", from_="49"), "from 49 starts on 2024-03-01: until then prefix 44 applies"),
    ],
)
def test_a_code_that_starts_later_says_what_applies_until_then(rate: LaterRate, line: str) -> None:
    assert list(later_lines([rate], 1)) == [line]


@pytest.mark.parametrize(
    ("listed", "number", "shown", "last"),
    [
        (0, 0, 0, None),
        (10, 10, 10, None),
        (11, 11, 11, "1 more codes start later than the book"),
        (100, 2_000, 11, "1,990 more codes start later than the book"),
    ],
)
def test_many_such_codes_are_counted(listed: int, number: int, shown: int, last: Any) -> None:
    lines = list(later_lines([later(f"44{it}") for it in range(listed)], number))
    assert len(lines) == shown
    assert last is None or lines[-1] == last


def test_json_has_everything(capsys: pytest.CaptureFixture[str]) -> None:
    print_preview(preview(differences=[difference()], decks=[deck()]), json=True)
    found = msgspec.json.decode(capsys.readouterr().out)
    assert (found["rates"], found["replaces"]) == (1_234, None)
    assert found["differences"][0]["change"] == "dearer"
    assert found["decks"][0]["columns"] == {"prefix": "Code", "price": "Rate"}
