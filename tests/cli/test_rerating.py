"""tollbook prices rerate: look, apply, list, stop, resume, revert."""

import io

import pytest

from tests.builders import Platform, event
from tests.cli.conftest import Tollbook
from tests.rerating.builders import CALLS, SMS, book
from tollbook.store.database import Database

JANUARY = ("prices", "rerate", "--start", "2024-01-01", "--end", "2024-01-31")


@pytest.fixture
def platform(ledger: Database) -> Platform:
    """A platform with a call and a message in January, and a book that prices calls only."""
    platform = Platform(ledger)
    platform.organization()
    platform.send(event(), event(id="sms-1", type="sms.outbound", quantity=1))
    platform.load(book(CALLS))
    return platform


def cost(platform: Platform) -> int:
    ((found,),) = platform.rows("SELECT cost FROM events WHERE id_text(id) = 'call-1'")
    return int(found)


def test_a_dry_run_shows_what_would_change_and_writes_nothing(
    tollbook: Tollbook, platform: Platform
) -> None:
    ran = tollbook(*JANUARY)
    assert ran.code == 0
    for cell in ("org_1", "2024-01-15", "user_1", "voice.call", "0.122", "0.183", "0.061"):
        assert cell in ran.out
    assert "no price: org_1 sms-1: price book version 2 has no price" in ran.out
    assert "2 events, 1 would change, 1 would have no price" in ran.out
    assert "USD: 0.152 -> 0.213, difference 0.061" in ran.out
    assert cost(platform) == 122_000_000
    assert tollbook.json("prices", "rerate", "--list") == {"runs": []}


def test_a_dry_run_as_json(tollbook: Tollbook, platform: Platform) -> None:
    dry = tollbook.json(*JANUARY, "--organization", "org_1")["dry_run"]
    assert (dry["events"], dry["changed"], dry["unpriced"], dry["differing_rows"]) == (2, 1, 1, 1)
    assert dry["totals"] == [
        {
            "currency": "USD",
            "old_cost": 0.152,
            "new_cost": 0.213,
            "difference": 0.061,
            "old_buy_cost": None,
            "new_buy_cost": None,
            "old_margin": None,
            "new_margin": None,
        }
    ]


def test_a_draft_can_be_looked_at_and_not_applied(tollbook: Tollbook, platform: Platform) -> None:
    platform.load(book(SMS))
    with platform.database.writing() as transaction:
        transaction.execute("UPDATE price_books SET published_at = NULL WHERE version = 3")
    dry = tollbook.json(*JANUARY, "--version", "3")["dry_run"]
    assert (dry["changed"], dry["unpriced"]) == (1, 1)
    said = tollbook.refusal(*JANUARY, "--version", "3", "--apply", "--yes")
    assert "version 3 is a draft: publish it before applying it" in said


def test_a_run_is_applied_listed_and_reverted(tollbook: Tollbook, platform: Platform) -> None:
    ran = tollbook(*JANUARY, "--apply", "--yes")
    assert ran.code == 0
    assert "run 1 done: 2 events, 1 changed, 1 without a price keep their charge" in ran.out
    assert "org_1 sms-1: price book version 2 has no price" in ran.out
    assert cost(platform) == 183_000_000
    (run,) = tollbook.json("prices", "rerate", "--list")["runs"]
    assert (run["id"], run["status"], run["created_by"]) == (1, "done", "cli")
    assert "2 of 2" in tollbook("prices", "rerate", "--list").out
    assert tollbook("prices", "rerate", "--revert", "1").out == (
        "run 1 reverted: 1 of 1 changed events have the charge they had before\n"
    )
    assert cost(platform) == 122_000_000
    assert tollbook("verify").code == 0


def test_what_nobody_confirms_is_not_applied(
    tollbook: Tollbook, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert "add --yes" in tollbook.refusal(*JANUARY, "--apply")
    assert "add --yes" in tollbook.refusal(*JANUARY, "--apply", "--json")
    assert cost(platform) == 122_000_000


@pytest.mark.parametrize(("answer", "applied"), [("y", 183_000_000), ("", 122_000_000)])
def test_whoever_sits_there_is_shown_the_change_and_asked(
    tollbook: Tollbook,
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    applied: int,
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    ran = tollbook(*JANUARY, "--apply")
    assert "difference 0.061" in ran.out
    assert cost(platform) == applied


def test_an_interrupted_run_is_stopped_and_resumed(
    tollbook: Tollbook, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tollbook.store.recharge.recharge", interrupt)
        assert tollbook(*JANUARY, "--apply", "--yes").code == 130
    (run,) = tollbook.json("prices", "rerate", "--list")["runs"]
    assert (run["status"], run["reason"]) == ("stopped", "interrupted at the command line")
    assert cost(platform) == 122_000_000
    assert "run 1 stopped" in tollbook("prices", "rerate", "--stop", "1").out
    assert tollbook.json("prices", "rerate", "--resume", "1")["run"]["status"] == "done"
    assert cost(platform) == 183_000_000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--stop", "9"), "no rerating run 9"),
        (("--stop", "0"), "no rerating run 0"),
        (("--start", "2024-02-01", "--end", "2024-01-01"), "--start must not be after --end"),
        (("--start", "2024-01-01", "--end", "2024-01-01", "--version", "9"), "version 9"),
        (("--start", "2024-01-01", "--end", "2024-01-01", "--organization", "x"), "organization x"),
    ],
)
def test_what_is_not_there_is_a_sentence(
    tollbook: Tollbook, platform: Platform, arguments: tuple, sentence: str
) -> None:
    assert sentence in tollbook.refusal("prices", "rerate", *arguments)


@pytest.mark.parametrize(
    "arguments", [(), ("--start", "2024-01-01"), ("--apply", "--list"), ("--start", "January")]
)
def test_what_is_not_understood_is_exit_code_2(tollbook: Tollbook, arguments: tuple) -> None:
    assert tollbook("prices", "rerate", *arguments).code == 2
