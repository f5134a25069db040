"""tollbook triggers: added, listed, changed and removed."""

import pytest

from tests.cli.conftest import Tollbook


@pytest.fixture
def platform(tollbook: Tollbook) -> Tollbook:
    tollbook("organizations", "create", "org_1")
    return tollbook


def add(tollbook: Tollbook, *options: str) -> str:
    found = tollbook.json("triggers", "add", "Calls", "--organization", "org_1", *options)
    identity: str = found["id"]
    return identity


def test_at_first_there_are_none(tollbook: Tollbook) -> None:
    assert tollbook("triggers", "list").out == "there are no triggers yet\n"
    assert tollbook.json("triggers", "list") == {"success": True, "triggers": []}


def test_a_trigger_is_added_listed_changed_and_removed(platform: Tollbook) -> None:
    identity = add(platform, "--period", "day", "--at", "50.5", "--category", "voice_cost")
    assert all(it in platform("triggers", "list").out for it in (identity, "Calls", "voice_cost"))
    changed = platform.json("triggers", "change", identity, "--at", "60", "--status", "paused")
    assert (changed["at"], changed["status"]) == ([60], "paused")
    assert platform("triggers", "remove", identity).out == f"trigger {identity} removed\n"
    refused = platform.refusal("triggers", "change", identity, "--name", "x")
    assert f"has no trigger {identity}" in refused


def test_a_deviation_and_a_part_of_a_budget(platform: Tollbook) -> None:
    options = ("--period", "week", "--deviation", "high", "--direction", "both")
    add(platform, *options)
    add(platform, "--period", "month", "--at-budget", "0.5", "--owner", "organization")
    found = platform.json("triggers", "list", "org_1")["triggers"]
    assert {it["owner"] for it in found} == {"tenant", "organization"}
    kinds = [it.get("deviation") or it["at_budget"] for it in found]
    assert {"sensitivity": "high", "direction": "both"} in kinds
    assert [0.5] in kinds


def test_what_is_invalid_is_refused(platform: Tollbook) -> None:
    base = ("triggers", "add", "x", "--period", "day")
    assert "at, at_budget or deviation" in platform.refusal(*base)
    assert "at must be" in platform.refusal(*base, "--at", "none")
    identity = add(platform, "--period", "day", "--at", "1")
    assert platform("triggers", "change", identity).code != 0
