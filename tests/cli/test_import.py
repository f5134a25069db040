"""tollbook import: bad lines are reported by their number; safe to repeat."""

import gzip
import json
import os
from typing import Any

import pytest

from tests.builders import event
from tests.cli.conftest import Tollbook

pytestmark = pytest.mark.usefixtures("example_prices")


def lines(count: int, **given: Any) -> str:
    return "".join(f"{json.dumps(event(id=str(n), **given))}\n" for n in range(count))


def counts(**given: int) -> dict[str, int]:
    fates = ("accepted", "duplicate", "quarantined", "conflict", "rejected")
    return {fate: given.get(fate, 0) for fate in fates}


@pytest.fixture
def platform(tollbook: Tollbook) -> Tollbook:
    tollbook("organizations", "create", "org_1")
    return tollbook


def test_a_file_is_imported_and_importing_it_again_changes_nothing(platform: Tollbook) -> None:
    path = platform.write("events.ndjson", lines(3))
    assert platform.json("import", path) == {"counts": counts(accepted=3), "refused": []}
    before = platform.json(
        "report", "users", "org_1", "--start", "2024-01-01", "--end", "2024-01-31"
    )
    assert platform.json("import", path) == {"counts": counts(duplicate=3), "refused": []}
    assert before == platform.json(
        "report", "users", "org_1", "--start", "2024-01-01", "--end", "2024-01-31"
    )
    assert before["users"][0]["total_cost"] == 0.366


def test_the_counts_are_printed_for_people(platform: Tollbook) -> None:
    ran = platform("import", platform.write("events.ndjson", lines(1)))
    assert ran.out == "1 accepted, 0 duplicate, 0 quarantined, 0 conflict, 0 rejected\n"
    assert ran.code == 0


@pytest.mark.parametrize("name", ["events.ndjson.gz", "misnamed.txt"])
def test_a_packed_file_is_unpacked_whatever_its_name(platform: Tollbook, name: str) -> None:
    path = platform.write(name, gzip.compress(lines(3).encode()))
    assert platform.json("import", path)["counts"] == counts(accepted=3)


def test_every_member_of_a_packed_file_is_read(platform: Tollbook) -> None:
    packed = gzip.compress(lines(2).encode()) + gzip.compress(lines(3).encode())
    path = platform.write("events.gz", packed)
    assert platform.json("import", path)["counts"] == counts(accepted=3, duplicate=2)


def test_a_cut_packed_file_keeps_what_came_and_takes_the_rest_later(platform: Tollbook) -> None:
    salt = os.urandom(16).hex()
    text = "".join(
        f"{json.dumps(event(id=str(n), attributes={'x': f'{salt}{hash((salt, n))}'}))}\n"
        for n in range(12_000)
    )
    whole = gzip.compress(text.encode())
    said = platform.refusal("import", platform.write("cut.gz", whole[: len(whole) * 9 // 10]))
    assert "cannot be read to its end" in said
    assert "import the repaired file to store the rest" in said
    done = platform.json("import", platform.write("whole.gz", whole))["counts"]
    assert done["accepted"] + done["duplicate"] == 12_000
    assert 0 < done["duplicate"] < 12_000
    assert platform("verify").code == 0


@pytest.mark.parametrize("place", [10, 30, -5])
def test_a_damaged_packed_file_is_refused_with_a_sentence(platform: Tollbook, place: int) -> None:
    packed = bytearray(gzip.compress(lines(100).encode()))
    packed[place] ^= 0xFF
    said = platform.refusal("import", platform.write("bad.gz", bytes(packed)))
    assert "cannot be read to its end" in said


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("nowhere.ndjson", "there is no file nowhere.ndjson"),
        (".", ". cannot be read: Is a directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence(platform: Tollbook, path: str, said: str) -> None:
    assert platform.refusal("import", path) == f"tollbook: {said}\n"


def test_bad_lines_are_told_by_their_number_and_the_rest_is_stored(platform: Tollbook) -> None:
    platform("import", platform.write("first.ndjson", lines(1)))
    bad = [
        "",
        json.dumps(event(id="new")),
        "{oops",
        "",
        json.dumps(event(id="0", quantity=1)),
        json.dumps(event(id="worse", quantity=-1)),
        json.dumps(event(id="lost", organization_id="nobody")),
    ]
    path = platform.write("bad.ndjson", "\r\n".join(bad))
    summary = platform.json("import", path, code=1)
    assert summary["counts"] == counts(accepted=1, quarantined=1, conflict=1, rejected=2)
    assert summary["refused"][1:] == [
        "line 5: 0: this id already belongs to an event with other content, which is kept",
        "line 6: worse: quantity must not be negative",
    ]
    ran = platform("import", path)
    assert ran.code == 1
    assert "line 6: worse: quantity must not be negative\n" in ran.out


@pytest.mark.parametrize("sound", ["", json.dumps(event())])
def test_a_line_that_is_not_json_is_told_by_one_number_only(platform: Tollbook, sound: str) -> None:
    path = platform.write("bad.ndjson", f"{sound}\n\n{{oops\n\n{{again\n")
    summary = platform.json("import", path, code=1)["refused"]
    for number, refused in zip((3, 5), summary, strict=True):
        assert refused.startswith(f"line {number}")
        for other in {1, 2, 3, 4, 5} - {number}:
            assert f"line {other}" not in refused


def test_line_numbers_go_on_behind_a_batch(platform: Tollbook) -> None:
    text = lines(5_000) + "{oops\n" + json.dumps(event(id="last", quantity=-1)) + "\n"
    summary = platform.json("import", platform.write("long.ndjson", text), code=1)
    assert summary["counts"] == counts(accepted=5_000, rejected=2)
    assert [it.split()[1].rstrip(":") for it in summary["refused"]] == ["5001", "5002"]


def test_a_long_list_of_refusals_is_cut_for_people(platform: Tollbook) -> None:
    ran = platform("import", platform.write("bad.ndjson", lines(30, quantity=-1)))
    assert ran.code == 1
    assert "line 20: 19: " in ran.out
    assert "line 21: " not in ran.out
    assert "and 10 more\n" in ran.out


def test_quarantined_events_are_no_failure(platform: Tollbook) -> None:
    path = platform.write("events.ndjson", lines(2, organization_id="nobody"))
    assert platform.json("import", path)["counts"] == counts(quarantined=2)


def test_why_events_are_in_quarantine_is_told_of_the_first(platform: Tollbook) -> None:
    path = platform.write("events.ndjson", lines(23, organization_id="nobody"))
    ran = platform("import", path)
    assert ran.code == 0
    summary = ran.out.splitlines()
    assert summary[0].startswith("line 1: 0: no organization has this id yet")
    assert summary[19].startswith("line 20: 19: ")
    assert summary[19].endswith("; ways out: replay, discard (in quarantine)")
    assert summary[20] == "and 3 more in quarantine"
    assert len(summary) == 22


@pytest.mark.parametrize("content", ["", "\n\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_no_failure(platform: Tollbook, content: str | bytes) -> None:
    path = platform.write("empty.ndjson", content)
    assert platform.json("import", path) == {"counts": counts(), "refused": []}


def test_events_go_to_the_tenant_that_was_named(platform: Tollbook) -> None:
    path = platform.write("events.ndjson", lines(1))
    assert platform.json("import", path, "--tenant", "other")["counts"] == counts(quarantined=1)


def test_the_progress_bar_stays_out_of_the_answer(platform: Tollbook) -> None:
    ran = platform("import", platform.write("events.ndjson", lines(1)), "--json")
    assert json.loads(ran.out)["counts"] == counts(accepted=1)


def test_a_line_may_be_a_cloud_event(platform: Tollbook) -> None:
    platform("event-types", "set", "call.ended", "voice.call")
    cloud_event = {
        "specversion": "1.0",
        "id": "1",
        "source": "/switch",
        "type": "call.ended",
        "time": "2024-01-15T10:30:00Z",
        "organizationid": "org_1",
        "data": {"quantity": 61},
    }
    some = [cloud_event, event(), cloud_event | {"id": ""}]
    ran = platform("import", platform.write("events.jsonl", "\n".join(map(json.dumps, some))))
    assert ran.code == 1
    assert "line 3: no id: id must not be empty" in ran.out
    assert "2 accepted, 0 duplicate, 0 quarantined, 0 conflict, 1 rejected" in ran.out
