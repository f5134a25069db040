"""tollbook quarantine: what waits and why, and its replay."""

import json
from contextlib import closing

import pytest

from tests.builders import TENANT, event
from tests.cli.conftest import Tollbook
from tollbook.domain.quarantine import EVERYTHING, QuarantineAction
from tollbook.quarantine import runs
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import open_database
from tollbook.wiring import now

pytestmark = pytest.mark.usefixtures("example_prices")


@pytest.fixture
def platform(tollbook: Tollbook) -> Tollbook:
    """A platform with two events of an organization that nobody knows, and one without a price."""
    tollbook("organizations", "create", "org_1", "--currency", "EUR")
    sent = [
        event(id="1", organization_id="late"),
        event(id="2", organization_id="late"),
        event(id="3"),
    ]
    path = tollbook.write("events.ndjson", "\n".join(json.dumps(it) for it in sent))
    assert tollbook("import", path).code == 0
    return tollbook


def test_nothing_in_quarantine_is_said(tollbook: Tollbook) -> None:
    tollbook("organizations", "create", "org_1")
    assert tollbook("quarantine", "list").out == "no events are in quarantine\n"
    assert tollbook("quarantine", "replay").out == "0 released, 0 remaining\n"


def test_events_are_listed_with_the_reason(platform: Tollbook) -> None:
    out = platform("quarantine", "list").out
    counts, _, listed = out.partition("Organization")
    for words in ("late", "unknown_organization", "no organization has this id yet"):
        assert listed.count(words) == 2
    assert "currency_mismatch" in listed
    assert [it.split()[:2] for it in counts.splitlines()[3:5]] == [
        ["2", "unknown_organization"],
        ["1", "currency_mismatch"],
    ]
    one = platform("quarantine", "list", "--organization", "late", "--limit", "1").out
    assert "there are more than 1 events; --limit shows more" in one
    assert "currency_mismatch" not in one
    assert platform("quarantine", "list", "--limit", "0").code == 2


def test_the_events_of_one_cause_are_listed_alone(platform: Tollbook) -> None:
    (it,) = platform.json("quarantine", "list", "--code", "currency_mismatch")
    assert it["id"] == "3"
    out = platform("quarantine", "list", "--code", "no_price").out
    assert "unknown_organization" in out
    assert out.endswith("no event has the code no_price\n")
    both = ("--code", "currency_mismatch", "--code", "unknown_organization")
    assert len(platform.json("quarantine", "list", *both)) == 3
    assert platform("quarantine", "list", "--code", "no_such_code").code == 2


def test_events_are_selected_by_id_and_tried_before_they_are_replayed(platform: Tollbook) -> None:
    platform("organizations", "create", "late")
    late = ("--organization", "late", "--id", "2", "--id", "3")
    answer = platform.json("quarantine", "replay", *late, "--dry-run")["dry_run"]
    assert [(it["id"], it["cost"]) for it in answer["charges"]] == [("2", 0.122)]
    out = platform("quarantine", "replay", "--dry-run").out
    assert "unknown_organization: 2 of 2 would be charged" in out
    assert "1 would remain as currency_mismatch: replay, correct, discard" in out
    assert out.endswith("2 would be released, 1 would remain; nothing was written\n")
    assert len(platform.json("quarantine", "list")) == 3
    assert platform("quarantine", "replay", *late).out == "1 released, 0 remaining\n"
    assert [it["id"] for it in platform.json("quarantine", "list")] == ["3", "1"]
    assert "organization" in platform.refusal("quarantine", "replay", "--id", "1")


def test_json_is_the_list_of_the_api(platform: Tollbook) -> None:
    (it,) = platform.json("quarantine", "list", "--organization", "org_1")
    assert (it["organization_id"], it["id"], it["code"]) == ("org_1", "3", "currency_mismatch")
    assert it["event"]["type"] == "voice.call"


def test_a_replay_releases_what_has_an_owner_by_now(platform: Tollbook) -> None:
    run = platform.json("quarantine", "replay")["run"]
    assert (run["id"], run["released"], run["remaining"]) == (1, 0, 3)
    platform("organizations", "create", "late")
    ran = platform("quarantine", "replay", "--organization", "late")
    assert (ran.code, ran.out) == (0, "2 released, 0 remaining\n")
    assert [it["id"] for it in platform.json("quarantine", "list")] == ["3"]
    (act,) = platform.json("audit", "--action", "quarantine.replay", "--limit", "1")
    assert (act["key_prefix"], act["organization_id"]) == ("cli", "late")
    assert platform("verify").code == 0


def test_events_are_selected_by_type_and_time(platform: Tollbook) -> None:
    def listed(*options: str) -> list[str]:
        return [it["id"] for it in platform.json("quarantine", "list", *options)]

    everything = ["3", "1", "2"]
    assert listed("--type", "voice.call") == everything
    assert listed("--type", "sms.inbound") == []
    assert listed("--start", "2024-01-15", "--end", "2024-01-15") == everything
    assert listed("--start", "2024-01-15T10:30:01Z") == []
    out = platform("quarantine", "list", "--type", "sms.inbound").out
    assert out.endswith("no event is selected\n")


def test_one_event_is_discarded(platform: Tollbook) -> None:
    refused = platform.refusal("quarantine", "discard", "org_1", "3")
    assert "confirm with --yes" in refused
    out = platform("quarantine", "discard", "org_1", "3", "--yes").out
    assert out == "event 3 discarded\n"
    assert [it["id"] for it in platform.json("quarantine", "list")] == ["1", "2"]
    refused = platform.refusal("quarantine", "discard", "org_1", "3", "--yes")
    assert refused == "tollbook: no such event is in quarantine\n"
    assert "was discarded" in platform.refusal("events", "show", "org_1", "3")
    assert platform("verify").code == 0


def test_selected_events_are_discarded_and_every_event_on_request_only(platform: Tollbook) -> None:
    assert platform("quarantine", "discard", "--yes").code == 2
    assert platform("quarantine", "discard", "--all", "--code", "no_price", "--yes").code == 2
    assert platform("quarantine", "discard", "org_1", "--yes").code == 2
    out = platform("quarantine", "discard", "--code", "currency_mismatch", "--yes").out
    assert out == "1 discarded\n"
    assert platform("quarantine", "discard", "--all", "--yes").out == "2 discarded\n"
    assert platform.json("quarantine", "list") == []
    assert platform("verify").code == 0
    runs = platform.json("quarantine", "runs")["runs"]
    assert [(it["id"], it["status"], it["discarded"]) for it in runs] == [
        (2, "done", 2),
        (1, "done", 1),
    ]
    assert "discard" in platform("quarantine", "runs").out


def test_a_run_that_was_begun_elsewhere_is_stopped_and_resumed(
    platform: Tollbook, ledger_url: str
) -> None:
    assert "no quarantine runs" in platform("quarantine", "runs").out
    with closing(open_database(ledger_url)) as database:
        actor = Actor(TENANT, COMMAND_LINE, now())
        runs.begin(database, actor, QuarantineAction.DISCARD, EVERYTHING, None)
    busy = platform.refusal("quarantine", "replay")
    assert "quarantine run 1 (discard, all organizations) is running" in busy
    assert "run 1 is stopped" in platform("quarantine", "stop", "1").out
    assert platform("quarantine", "replay").out == "0 released, 3 remaining\n"
    assert platform("quarantine", "resume", "1").out == "3 discarded\n"
    assert "is done: there is nothing to stop" in platform.refusal("quarantine", "stop", "1")
    assert "there is no quarantine run 9" in platform.refusal("quarantine", "resume", "9")


@pytest.mark.parametrize("action", ["list", "replay"])
def test_whoever_is_not_there_is_said(platform: Tollbook, action: str) -> None:
    said = platform.refusal("quarantine", action, "--organization", "nobody")
    assert said == "tollbook: tenant default has no organization nobody\n"
    said = platform.refusal("quarantine", action, "--tenant", "other")
    assert said == "tollbook: there is no tenant other\n"
