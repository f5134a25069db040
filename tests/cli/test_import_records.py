"""tollbook import --format: what is stored, printed, refused and asked for."""

import gzip
import io
import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from tests.cli.conftest import Tollbook

HEADER = "id,time,seconds,to,from,account\n"
CSV = (
    *("--format", "csv", "--column", "id=id", "--column", "time=time"),
    *("--column", "quantity=seconds", "--column", "to=to", "--column", "from=from"),
    *("--column", "account=account", "--timezone", "UTC"),
)
ORG = ("--organization", "org_1")


def row(identity: object, to: str = "+14155550100", account: str = "acme") -> str:
    return f"{identity},2024-06-15 10:00:00,61,{to},1001,{account}\n"


@pytest.fixture
def platform(tollbook: Tollbook) -> Tollbook:
    tollbook("organizations", "create", "org_1")
    tollbook("prices", "load", "--example")
    return tollbook


def imported(platform: Tollbook, *arguments: str, code: int = 0) -> Any:
    return platform.json("import", *arguments, *CSV, code=code)


def test_the_setting_of_the_organization_is_what_options_override(platform: Tollbook) -> None:
    path = platform.write("a.csv", HEADER + row(1, "02079460100") + row(2, "34910000000"))
    platform("organizations", "change", "org_1", "--number-format", "GB")
    assert imported(platform, path, *ORG, code=1)["refused"] == {"invalid_number": 1}
    platform("organizations", "change", "org_1", "--number-format", "GB+international")
    assert imported(platform, path, *ORG)["events"]["accepted"] == 1
    bare = imported(platform, path, *ORG, "--bare", "international", code=1)
    assert bare["refused"] == {"invalid_number": 1}


def test_refused_rows_are_mended_and_imported_with_the_same_command(platform: Tollbook) -> None:
    path = platform.write("a.csv", HEADER + row(1) + row(2, "x") + row("é", "y"))
    report = imported(platform, path, *ORG, code=1)
    refused = Path(report["refused_file"])
    assert refused.stat().st_mode & 0o777 == 0o600
    text = refused.read_text()
    assert "a.csv line 3: to: invalid_number: " in text
    assert text.count("#tollbook:") == 3
    assert text.splitlines()[1] == HEADER.strip()
    refused.write_text(text.replace(",x,", ",+14155550101,").replace(",y,", ",+14155550102,"))
    mended = imported(platform, str(refused), *ORG)
    assert mended["events"]["accepted"] == 2
    assert mended["rows"] == 2
    passed_over = imported(platform, "*.csv", *ORG, code=1)
    assert [Path(it["file"]).name for it in passed_over["files"]] == ["a.csv"]
    assert len(list(platform.folder.glob("refused-*"))) == 2


def test_conflicts_are_refused_rows_and_change_nothing(platform: Tollbook) -> None:
    path = platform.write("a.csv", HEADER + row(1))
    imported(platform, path, *ORG)
    ran = platform("import", path, *CSV, *ORG, "--timezone", "Europe/London")
    assert ran.code == 1
    assert "0 new" in ran.out
    assert "1 refused (1 conflict)" in ran.out
    again = platform("import", path, *CSV, *ORG)
    assert (again.code, again.out.count("0 new, 1 duplicate")) == (0, 1)
    assert platform("verify").code == 0


def test_unknown_accounts_are_listed_once(platform: Tollbook) -> None:
    platform("organizations", "create", "org_2")
    accounts = platform.write("m.csv", "account,organization_id,user_id\nacme,org_2,ann\n")
    path = platform.write("a.csv", HEADER + row(1) + row(2, account="b") + row(3, account="b"))
    report = imported(platform, path, "--accounts", accounts, code=1)
    assert report["accounts_unknown"] == {"b": 2}
    assert report["refused"] == {"unknown_account": 2}
    assert imported(platform, path, "--accounts", accounts, *ORG)["events"]["accepted"] == 2


def test_identical_rows_are_events_once(platform: Tollbook) -> None:
    path = platform.write("a.csv", HEADER + row(1) * 3)
    report = platform.json("import", path, *CSV, *ORG, "--column", "id=row")
    assert (report["rows"], report["identical"], report["events"]["accepted"]) == (3, 2, 1)


def test_a_dry_run_and_printing_open_no_database(
    tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", "sqlite:////nowhere/t.db")
    path = tollbook.write("a.csv", HEADER + "".join(map(row, range(12))) + row(99, "x"))
    report = tollbook.json("import", path, *CSV, *ORG, "--dry-run", code=1)
    assert report["events"] == {"converted": 12}
    assert len(report["first_events"]) == 10
    assert report["refused_file"] is None
    printed = tollbook("import", path, *CSV, *ORG, "--print")
    assert len(list(map(msgspec.json.decode, printed.out.splitlines()))) == 12
    assert printed.err.splitlines()[-1].startswith("13 rows: 12 events, nothing stored")


def test_what_is_printed_can_be_imported_as_events(platform: Tollbook) -> None:
    path = platform.write("a.csv", HEADER + row(1) + row(2))
    printed = platform("import", path, *CSV, *ORG, "--print").out
    events = platform.write("events.ndjson", printed)
    assert platform.json("import", events)["counts"]["accepted"] == 2
    assert imported(platform, path, *ORG)["events"]["duplicate"] == 2


def test_standard_input_is_a_finished_file(
    platform: Tollbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = gzip.compress((HEADER + row(1)).rstrip().encode())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    assert imported(platform, "-", *ORG)["events"]["accepted"] == 1


def test_half_a_row_waits_for_the_rest_or_for_complete(platform: Tollbook) -> None:
    path = platform.write("a.csv", HEADER + row(1) + row(2).rstrip())
    report = imported(platform, path, *ORG)
    assert (report["half_line"], report["skipped"], report["rows"]) == (1, {"half_line": 1}, 2)
    assert "--complete" in platform("import", path, *CSV, *ORG).out
    assert imported(platform, path, *ORG, "--complete")["events"]["accepted"] == 1


def test_a_cut_packed_file_yields_its_whole_rows(platform: Tollbook) -> None:
    rows = "".join(row(f"{n}{os.urandom(8).hex()}") for n in range(4_000))
    whole = gzip.compress((HEADER + rows).encode())
    path = platform.write("cut.csv.gz", whole[: len(whole) * 9 // 10])
    ran = platform("import", path, *CSV, *ORG, "--json")
    assert ran.code == 3
    assert "cannot be read to its end" in ran.err
    report = json.loads(ran.out)
    assert 3_000 < report["events"]["accepted"] < 4_000
    assert report["half_line"] == 1


def test_several_files_are_one_import(platform: Tollbook) -> None:
    for n in (1, 2):
        platform.write(f"part-{n}.csv", HEADER + row(n))
    report = imported(platform, "part-*.csv", *ORG)
    assert [it["rows"] for it in report["files"]] == [1, 1]
    assert report["events"]["accepted"] == 2
    assert report["seconds"] == 122


def test_a_mapping_is_saved_and_used(platform: Tollbook) -> None:
    path = platform.write("a.csv", HEADER + row(1))
    assert platform("import", *CSV, "--save-mapping", "m.yaml").code == 0
    report = platform.json("import", path, "--mapping", "m.yaml", *ORG)
    assert report["events"]["accepted"] == 1
    assert platform("import", *CSV, "--save-mapping", "m.yaml").code == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--format", "asterisk", *ORG), "--timezone"),
        (("--format", "twilio"), "--organization or --accounts"),
        (("--format", "csv", *ORG), "--column id=COLUMN"),
        (("--format", "csv", *ORG, "--column", "id=row", "--column", "time=t"), "quantity"),
        (("--format", "kamailio", *ORG, "--timezone", "UTC"), "must name the column"),
        (("--format", "asterisk", *ORG, "--timezone", "Nowhere/X"), "IANA"),
        (("--format", "twilio", *ORG, "--country", "XX"), "ISO 3166"),
        (("--format", "asterisk", *ORG, "--timezone", "UTC", "--cost", "carrier"), "price"),
        (("--format", "twilio", *ORG, "--print", "--dry-run"), "--print excludes"),
        (("--format", "twilio", *ORG, "--metrics", "127.0.0.1:0"), "requires --follow"),
        (("--format", "twilio", *ORG, "--follow", "--print"), "--follow excludes"),
        (("--format", "twilio", *ORG, "--refused", "a.csv"), "exists already"),
        (("--format", "twilio", *ORG, "--mapping", "m.yaml"), "--mapping excludes"),
        (("--format", "twilio", *ORG, "nowhere.csv"), "there is no file nowhere.csv"),
        (("--format", "twilio", *ORG, "no*.csv"), "no file matches"),
        (("--format", "twilio", "--source", "a b"), "letters, digits"),
        (("--country", "GB"), "--country requires --format or --mapping"),
        ((), "name the files"),
    ],
)
def test_an_import_that_cannot_start_is_exit_code_2(
    tollbook: Tollbook, arguments: tuple[str, ...], sentence: str
) -> None:
    path = tollbook.write("a.csv", HEADER + row(1))
    ran = tollbook("import", *((path,) if arguments else ()), *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert sentence in " ".join(ran.err.split())


def test_files_of_events_may_be_several(platform: Tollbook) -> None:
    path = platform.write("a.csv", HEADER + row(1) + row(2))
    events = platform("import", path, *CSV, *ORG, "--print").out.splitlines()
    platform.write("e-1.ndjson", events[0] + "\n{oops\n")
    platform.write("e-2.ndjson", events[1])
    report = platform.json("import", "e-*.ndjson", code=1)
    assert report["counts"]["accepted"] == 2
    assert report["refused"][0].startswith("e-1.ndjson line 2")


OWN_CSV = (*CSV, "--column", "type=type")
OWN_HEADER = "id,type,time,seconds,to,from,account\n"


def own_row(identity: object, type_: str, quantity: object, to: str, from_: str = "1001") -> str:
    return f"{identity},{type_},2024-06-15 10:00:00,{quantity},{to},{from_},acme\n"


def test_own_meters_have_the_rules_of_their_category_and_unit(platform: Tollbook) -> None:
    add = ("meters", "add")
    platform(*add, "rcs.basic", "--unit", "message", "--category", "messaging", "--whole")
    platform(*add, "voice.relay", "--unit", "second", "--category", "voice")
    platform(*add, "voice.setup", "--unit", "attempt", "--category", "voice")
    platform(*add, "fax.page", "--unit", "page", "--category", "messaging")
    rows = (
        own_row(1, "rcs.basic", 2, "72404"),
        own_row(2, "voice.relay", 61, "+442079460100"),
        own_row(3, "voice.relay", 0, "+442079460100"),
        own_row(4, "voice.relay", 30, "72404"),
        own_row(5, "voice.relay", 30, "1002"),
        own_row(6, "voice.setup", 0, "+442079460100"),
        own_row(7, "fax.page", 4, "+442079460100"),
    )
    path = platform.write("a.csv", OWN_HEADER + "".join(rows))
    report = platform.json("import", path, *OWN_CSV, *ORG, code=1)
    assert report["skipped"] == {"unanswered": 1, "internal": 1}
    assert report["refused"] == {"invalid_number": 1}
    assert report["events"] == {"accepted": 0, "duplicate": 0, "quarantined": 4}  # no price
    assert (report["seconds"], report["segments"]) == (61, 2)


def test_without_a_database_only_built_in_meters_are_known(platform: Tollbook) -> None:
    meter = ("voice.relay", "--unit", "second", "--category", "voice")
    platform("meters", "add", *meter)
    path = platform.write("a.csv", OWN_HEADER + own_row(1, "voice.relay", 0, "+442079460100"))
    report = platform.json("import", path, *OWN_CSV, *ORG, "--dry-run")
    assert (report["skipped"], report["events"]) == ({}, {"converted": 1})
