"""tollbook events show: an event and its charge, for people and for programs."""

import msgspec
import pytest

from tests.builders import Platform, event, reversal
from tests.cli.conftest import Tollbook
from tollbook.store.database import Database


@pytest.fixture
def platform(ledger: Database) -> Platform:
    platform = Platform(ledger)
    platform.organization()
    return platform


def test_an_event_is_shown_with_each_step(tollbook: Tollbook, platform: Platform) -> None:
    platform.send(event(attributes={"to": "+442071838750"}))
    said = tollbook("events", "show", "org_1", "call-1").out
    for words in (
        "call-1: voice.call, charged",
        "user          user_1",
        "2024-01-15T10:30:00Z (local day 2024-01-15)",
        "to            +442071838750",
        "of price book 1, Example prices: voice.call",
        "61 raw, 61 billed, in seconds",
        "61 s / 1 s x 0.002 = 0.122",
        "cost          0.122 USD",
        "buying cost   unknown",
    ):
        assert words in said


def test_a_reversal_and_an_own_cost_are_shown(tollbook: Tollbook, platform: Platform) -> None:
    platform.send(event(cost="0.5", user_id=None, type="kb.usage", resource_id="kb_1"))
    platform.reverse(reversal())
    said = tollbook("events", "show", "org_1", "call-1").out
    assert "call-1: kb.usage, reversed" in said
    assert "none: the event states its cost" in said
    assert "buying cost   0.50" in said
    assert "back call-1 reverses call-1: a test" in said
    assert "cost          -0.50 USD" in tollbook("events", "show", "org_1", "back call-1").out


def test_what_waits_in_quarantine_is_shown_with_the_reason(
    tollbook: Tollbook, platform: Platform
) -> None:
    platform.send(event(organization_id="nobody"))
    said = tollbook("events", "show", "nobody", "call-1").out
    assert "call-1: voice.call, quarantined" in said
    assert "no organization has this id yet (unknown_organization)" in said
    assert "ways out      replay, discard" in said


def test_a_charge_that_does_not_replay_is_pointed_out(
    tollbook: Tollbook, platform: Platform
) -> None:
    platform.send(event())
    with platform.database.writing() as transaction:
        transaction.execute("UPDATE events SET cost = 1")
    said = tollbook("events", "show", "org_1", "call-1").out
    assert "WARNING" in said
    assert "replay_differs" in said


def test_json_is_the_answer_of_the_api(tollbook: Tollbook, platform: Platform) -> None:
    platform.send(event())
    answer = tollbook.json("events", "show", "org_1", "call-1")
    assert (answer["status"], answer["charge"]["cost"]) == ("charged", 0.122)
    assert msgspec.json.encode(answer)


def test_what_is_not_there_is_said(tollbook: Tollbook, platform: Platform) -> None:
    assert "Event not found" in tollbook.refusal("events", "show", "org_1", "nothing")
    assert "has no organization org_9" in tollbook.refusal("events", "show", "org_9", "call-1")
