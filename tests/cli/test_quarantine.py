"""tollbook quarantine: what waits and why, and its replay."""

import json

import pytest

from tests.builders import event
from tests.cli.conftest import Tollbook

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


def test_json_is_the_list_of_the_api(platform: Tollbook) -> None:
    (it,) = platform.json("quarantine", "list", "--organization", "org_1")
    assert (it["organization_id"], it["id"], it["code"]) == ("org_1", "3", "currency_mismatch")
    assert it["event"]["type"] == "voice.call"


def test_a_replay_releases_what_has_an_owner_by_now(platform: Tollbook) -> None:
    assert platform.json("quarantine", "replay") == {"released": 0, "remaining": 3}
    platform("organizations", "create", "late")
    ran = platform("quarantine", "replay", "--organization", "late")
    assert (ran.code, ran.out) == (0, "2 released, 0 remaining\n")
    assert [it["id"] for it in platform.json("quarantine", "list")] == ["3"]
    (act,) = platform.json("audit", "--action", "quarantine.replay", "--limit", "1")
    assert (act["key_prefix"], act["organization_id"]) == ("cli", "late")
    assert platform("verify").code == 0


@pytest.mark.parametrize("action", ["list", "replay"])
def test_whoever_is_not_there_is_said(platform: Tollbook, action: str) -> None:
    said = platform.refusal("quarantine", action, "--organization", "nobody")
    assert said == "tollbook: tenant default has no organization nobody\n"
    said = platform.refusal("quarantine", action, "--tenant", "other")
    assert said == "tollbook: there is no tenant other\n"
