"""tollbook archive: what is left is named, and removed only when that is asked for."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import Platform, event
from tests.cli.conftest import Tollbook
from tests.lifecycle.kills import killed_at
from tollbook.store.database import open_database

pytest.importorskip("pyarrow")

ALL = ("archive", "--older-than", "1", "--to", "archive")


@pytest.fixture
def filled(tollbook: Tollbook, ledger_url: str) -> Tollbook:
    with closing(open_database(ledger_url)) as database:
        platform = Platform(database)
        platform.organization()
        platform.send(event(id="call-1"), event(id="call-2", time="2024-02-15T10:30:00Z"))
    return tollbook


def only(folder: str = "archive") -> Path:
    (path,) = Path(folder).absolute().iterdir()
    return path


def test_each_month_that_stays_is_named_and_the_exit_code_is_1(filled: Tollbook) -> None:
    filled.write("archive", "a file, and no folder")
    ran = filled(*ALL)
    assert ran.code == 1
    assert "nothing to archive" in ran.out
    assert "org_1 2024-01 was not archived: " in ran.err
    assert "org_1 2024-02 was not archived: " in ran.err


def test_a_file_that_nothing_records_is_listed_and_discarded_on_request(filled: Tollbook) -> None:
    assert filled(*ALL).code == 0
    recorded = sorted(Path("archive").iterdir())
    stray = recorded[0].with_name(recorded[0].name.replace(".1-", ".5-")).absolute()
    stray.write_bytes(recorded[0].read_bytes())
    listed = filled("archive", "--list")
    assert listed.code == 0
    assert f"tollbook archive --discard '{stray}' --yes" in listed.err
    assert len(filled.json("archive", "--list")) == 2
    assert filled("verify", "--archive", "archive").code == 1
    assert "add --yes" in filled.refusal("archive", "--discard", str(stray))
    assert filled.json("archive", "--discard", str(stray), "--yes") == {"discarded": [str(stray)]}
    assert not stray.exists()
    assert filled("archive", "--list").err == ""
    assert filled("verify", "--archive", "archive").code == 0
    acts = filled.json("audit", "--action", "archive.discard")
    assert [it["object"] for it in acts] == [stray.name]


def test_an_archive_and_what_is_no_archive_are_not_discarded(filled: Tollbook) -> None:
    assert filled(*ALL).code == 0
    for path in Path("archive").iterdir():
        said = filled.refusal("archive", "--discard", str(path), "--yes")
        assert "is an archive, and its events are stored nowhere else" in said
    other = filled.write("notes.txt", "mine")
    assert "not an archive file" in filled.refusal("archive", "--discard", other, "--yes")
    assert "does not exist" in filled.refusal("archive", "--discard", "nothing.parquet", "--yes")
    assert filled("verify", "--archive", "archive").code == 0


@pytest.mark.parametrize("is_there", [True, False])
def test_the_record_of_a_killed_run_is_discarded_with_its_file(
    filled: Tollbook, ledger_url: str, *, is_there: bool
) -> None:
    killed_at("tollbook.lifecycle.archive._remove", "before", ledger_url, *ALL)
    path = only()
    if not is_there:
        path.unlink()
    assert path.name in filled("archive", "--list").err
    assert filled("verify", "--archive", "archive").code == (1 if is_there else 0)
    assert filled("archive", "--discard", path.name, "--yes").code == 0
    assert filled("archive", "--list").err == ""
    assert list(Path("archive").iterdir()) == []


def test_a_month_is_restored_for_all_or_one_organization(filled: Tollbook, ledger_url: str) -> None:
    with closing(open_database(ledger_url)) as database:
        platform = Platform(database)
        platform.organization("org_2")
        platform.send(event(organization_id="org_2"))
    assert filled(*ALL).code == 0
    one = filled("archive", "--restore", "2024-01", "--organization", "org_2")
    assert one.code == 0
    assert ["org_2", "2024-01", "1", "1"] in [line.split() for line in one.out.splitlines()]
    assert len(list(Path("archive").iterdir())) == 2
    (done,) = filled.json("archive", "--restore", "2024-01")
    assert (done["organization_id"], done["month"], done["events"]) == ("org_1", 202401, 1)
    assert filled("verify", "--archive", "archive").code == 0
    again = filled.refusal("archive", "--restore", "2024-01")
    assert "no events of 2024-01 are archived" in again
    assert [it["object"] for it in filled.json("audit", "--action", "events.restore")] == [
        "org_1 2024-01",
        "org_2 2024-01",
    ]


def test_a_month_without_its_file_is_named_until_its_folder_is(
    filled: Tollbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert filled(*ALL).code == 0
    Path("archive").rename("moved")
    ran = filled("archive", "--restore", "2024-01")
    assert (ran.code, ran.out) == (1, "nothing was restored\n")
    assert "org_1 2024-01 was not restored: " in ran.err
    assert "is missing; set TOLLBOOK_ARCHIVE_FOLDER" in ran.err
    assert filled("archive", "--restore", "2024-01", "--from", "moved").code == 0
    monkeypatch.setenv("TOLLBOOK_ARCHIVE_FOLDER", "moved")
    assert filled("archive", "--restore", "2024-02").code == 0
    assert list(Path("moved").iterdir()) == []
    assert filled("verify").code == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--restore", "2024-01", "--list"),
        ("--restore", "2024-01", *ALL[1:]),
        ("--restore", "2024"),
        ("--restore", "2024-13"),
        ("--from", "archive", "--list"),
        ("--list", "--discard", "file"),
    ],
)
def test_one_action_at_a_time(tollbook: Tollbook, options: tuple[str, ...]) -> None:
    assert tollbook("archive", *options).code == 2
