"""tollbook events correct: events replaced by options or from a file."""

import json

import pytest

from tests.builders import Platform, correction, event
from tests.cli.conftest import Tollbook
from tollbook.store.database import Database

CORRECT = ("events", "correct", "org_1")


@pytest.fixture
def platform(ledger: Database) -> Platform:
    platform = Platform(ledger)
    platform.organization()
    platform.send(event(), event(id="late", cost_pending=True))
    return platform


def test_an_event_is_corrected_by_options(tollbook: Tollbook, platform: Platform) -> None:
    options = ("--id", "new", "--reason", "a test")
    changes = ("--quantity", "30", "--user", "user_2", "--time", "2024-02-01T00:00:00Z")
    more = ("--resource", "r", "--attributes", '{"a": 1}', "--type", "kb.usage", "--cost", "0.5")
    arguments = (*CORRECT, "call-1", *options, *changes, *more)
    assert tollbook(*arguments).out.startswith("1 accepted, 0 duplicate")
    facts = "SELECT day, user_id, meter, resource_id, quantity, attributes, cost FROM events"
    (row,) = platform.rows(f"{facts} WHERE id_text(id) = 'new'")
    assert row == (20240201, "user_2", 11, "r", 30_000_000, '{"a":1}', 500_000_000)
    (receipt,) = tollbook.json(*arguments)["receipts"]
    assert (receipt["status"], receipt["reversal_id"]) == ("duplicate", "new.reversal")
    said = tollbook("events", "show", "org_1", "new").out
    assert "corrects      call-1: a test" in said
    assert (
        "corrected by  new; the latest is new" in tollbook("events", "show", "org_1", "call-1").out
    )


def test_a_field_is_removed(tollbook: Tollbook, platform: Platform) -> None:
    options = ("--id", "new", "--reason", "a test", "--remove", "user_id")
    assert tollbook(*CORRECT, "late", *options, "--remove", "cost_pending").code == 0
    assert platform.rows("SELECT id_text(id), user_id FROM events WHERE id_text(id) = 'new'") == [
        ("new", "")
    ]


def test_a_refused_correction_says_why(tollbook: Tollbook, platform: Platform) -> None:
    said = tollbook(*CORRECT, "none", "--id", "x", "--reason", "a test", "--quantity", "1")
    assert said.code == 1
    assert "x: rejected: no event of this organization has this id" in said.out


def test_a_file_is_corrected_line_by_line(tollbook: Tollbook, platform: Platform) -> None:
    lines = [correction(quantity=1), correction("late", cost=1)]
    path = tollbook.folder / "corrections.ndjson"
    path.write_text("\n".join(map(json.dumps, lines)))
    counts = tollbook.json("events", "correct", "--file", str(path))["counts"]
    assert counts["accepted"] == 2
    assert tollbook.json("events", "correct", "--file", str(path))["counts"]["duplicate"] == 2


@pytest.mark.parametrize(
    "arguments",
    [
        (*CORRECT, "call-1", "--id", "x"),
        (*CORRECT, "--file", "x"),
        (*CORRECT, "call-1", "--id", "x", "--reason", "y", "--attributes", "{"),
        (*CORRECT, "call-1", "--id", "x", "--reason", "y", "--cost", "1", "--remove", "cost"),
    ],
)
def test_a_wrong_use_is_refused(
    tollbook: Tollbook, platform: Platform, arguments: tuple[str, ...]
) -> None:
    assert tollbook(*arguments).code == 2
