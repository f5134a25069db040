"""Files of archives: none is deleted that an archive is made of, and none is left unknown."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.builders import Platform, event
from tests.lifecycle.kills import killed_at
from tests.lifecycle.test_archive import Keeper
from tests.lifecycle.test_erase import SECRETS, erasing, jane
from tests.proxies import Proxy
from tollbook.domain.errors import ArchiveRefused, OutcomeUnknown
from tollbook.lifecycle import archive as archiving
from tollbook.lifecycle import drafts
from tollbook.lifecycle import erase as erasure
from tollbook.lifecycle.archive import NotArchived
from tollbook.lifecycle.drafts import clean_up, drafting
from tollbook.store.archive_files import Archived
from tollbook.store.database import Database, open_database
from tollbook.store.parquet import read_file

pytest.importorskip("pyarrow")

OLD = ("--older-than", "1", "--to")


@pytest.fixture
def keeper(database: Database, tmp_path: Path) -> Keeper:
    return Keeper(Platform(database), tmp_path / "archive")


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Proxy]:
    with Proxy(postgres_url) as running:
        yield running


@pytest.fixture
def remote(proxy: Proxy, tmp_path: Path) -> Iterator[Keeper]:
    """A keeper whose way to PostgreSQL may lose commits."""
    with closing(open_database(proxy.url)) as database:
        yield Keeper(Platform(database), tmp_path / "archive")


def secrets_in(folder: Path, user: str = "user_1") -> list[str]:
    """Return what the files of a folder still say about a person."""
    rows = [row for it in folder.glob("*") for group in read_file(it) for row in group]
    text = str([row for row in rows if row[3] == user])
    return [it for it in SECRETS if it in text]


@pytest.mark.parametrize("is_done", [True, False])
def test_archived_events_are_never_lost_with_the_answer_to_the_commit(
    remote: Keeper, proxy: Proxy, *, is_done: bool
) -> None:
    jane(remote.platform)
    before, count = remote.sums(), remote.count()
    proxy.lose_commit("INTO archived_months", is_done=is_done)
    (file,) = remote.archive()
    assert proxy.lost.is_set()
    assert remote.files() == [file.file]
    assert remote.count() + file.events == count
    assert remote.sums() == before
    assert remote.problems() == remote.drafts() == []


@pytest.mark.parametrize("is_done", [True, False])
def test_a_file_is_kept_while_the_outcome_cannot_be_asked(
    remote: Keeper, proxy: Proxy, *, is_done: bool
) -> None:
    jane(remote.platform)
    count = remote.count()
    proxy.lose_commit("INTO archived_months", is_done=is_done, for_good=True)
    with pytest.raises(OutcomeUnknown, match="is kept until the next archive or erasure"):
        remote.run()
    assert len(remote.files()) == 1
    proxy.up()
    remote.platform.database.close()  # the next run has connections of its own
    assert len(remote.archive()) == (0 if is_done else 1)
    assert len(remote.files()) == 1
    assert remote.count() < count
    assert remote.problems() == remote.drafts() == []


@pytest.mark.parametrize("is_done", [True, False])
def test_an_erasure_keeps_its_files_when_the_answer_to_the_commit_is_lost(
    remote: Keeper, proxy: Proxy, *, is_done: bool
) -> None:
    jane(remote.platform)
    remote.archive()
    proxy.lose_commit("UPDATE archived_months", is_done=is_done)
    assert erasing(remote).files == 1
    assert proxy.lost.is_set()
    assert len(remote.files()) == 1
    assert secrets_in(remote.folder) == remote.problems() == remote.drafts() == []


def test_an_erasure_without_files_says_that_its_outcome_is_unknown(
    remote: Keeper, proxy: Proxy
) -> None:
    jane(remote.platform)
    proxy.lose_commit("INTO audit_log")
    with pytest.raises(OutcomeUnknown):
        erasing(remote)
    assert erasing(remote).events == 0, "it had happened"


@pytest.mark.parametrize(
    ("point", "when"),
    [
        ("tollbook.store.drafts.add", "after"),
        ("tollbook.lifecycle.archive.write_file", "before"),
        ("tollbook.lifecycle.archive.write_file", "after"),
        ("tollbook.lifecycle.archive._remove", "before"),
        ("tollbook.store.archives.move_out", "after"),
        ("tollbook.lifecycle.archive._remove", "after"),
    ],
)
def test_an_archive_run_that_is_killed_leaves_nothing_that_the_next_one_does_not_settle(
    keeper: Keeper, database_url: str, point: str, when: str
) -> None:
    jane(keeper.platform)
    before, count = keeper.sums(), keeper.count()
    killed_at(point, when, database_url, "archive", *OLD, str(keeper.folder))
    done = keeper.archive(before=202601)
    recorded = [row[0] for row in keeper.platform.rows("SELECT file FROM archived_months")]
    assert keeper.files() == sorted(recorded)
    assert len(recorded) == 2
    assert keeper.count() == 0 < count
    assert keeper.sums() == before
    assert keeper.problems() == keeper.drafts() == []
    assert {it.month for it in done} <= {202401, 202402}


@pytest.mark.parametrize(
    ("point", "when"),
    [
        ("tollbook.lifecycle.erase_files.write_file", "before"),
        ("tollbook.lifecycle.erase_files.write_file", "after"),
        ("tollbook.lifecycle.erase._write_act", "after"),
        ("tollbook.lifecycle.erase._finish", "before"),
    ],
)
def test_an_erasure_that_is_killed_leaves_no_data_that_the_next_one_misses(
    keeper: Keeper, database_url: str, point: str, when: str
) -> None:
    jane(keeper.platform)
    keeper.archive(before=202403)
    of_jane = ("users", "erase", "org_1", "user_1", "--yes")
    killed_at(point, when, database_url, *of_jane)
    erasing(keeper)
    assert len(keeper.files()) == 2
    assert secrets_in(keeper.folder) == keeper.problems() == keeper.drafts() == []


def test_an_erasure_reaches_the_file_of_an_archive_run_that_was_killed(
    keeper: Keeper, database_url: str
) -> None:
    jane(keeper.platform)
    point = "tollbook.lifecycle.archive._remove"
    killed_at(point, "before", database_url, "archive", *OLD, str(keeper.folder))
    assert secrets_in(keeper.folder) != []
    erasing(keeper)
    assert keeper.files() == keeper.drafts() == []


def test_an_erasure_of_the_same_length_while_a_month_is_archived_is_not_missed(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = keeper.platform
    platform.organization()
    attributes = {"first": "erased", "then": "secret"}
    platform.send(event(id="call-1", user_id="user_1", attributes=attributes))
    real = archiving._remove
    erasures = []

    def erase_first(*arguments: object, **named: object) -> None:
        if not erasures:
            erasures.append(erasing(keeper))
        real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(archiving, "_remove", erase_first)
    (file,) = keeper.archive()
    rows = [row for group in read_file(keeper.folder / file.file) for row in group]
    assert "secret" not in str(rows)
    assert keeper.problems() == []


def test_archive_goes_on_after_a_month_that_keeps_changing(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    jane(keeper.platform)
    real = archiving._remove

    def late(database: Database, actor: object, month: object, **named: object) -> None:
        if month.month == 202401:  # type: ignore[attr-defined]
            count = keeper.count()
            keeper.platform.send(event(id=f"late-{count}"))
        real(database, actor, month, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(archiving, "_remove", late)
    left, done = keeper.run(before=202403)
    assert isinstance(left, NotArchived)
    assert (left.name, "changed each time" in left.reason) == ("org_1 2024-01", True)
    assert isinstance(done, Archived)
    assert (done.month, keeper.files()) == (202402, [done.file])
    assert keeper.problems() == keeper.drafts() == []


def test_a_folder_that_cannot_be_made_is_named_for_each_month(keeper: Keeper) -> None:
    jane(keeper.platform)
    keeper.folder.write_text("a file, and no folder")
    left = keeper.run(before=202403)
    assert [(type(it), it.name) for it in left] == [  # type: ignore[attr-defined]
        (NotArchived, "org_1 2024-01"),
        (NotArchived, "org_1 2024-02"),
    ]
    keeper.folder.unlink()
    assert len(keeper.archive(before=202403)) == 2


def test_an_erasure_goes_on_when_a_month_is_archived_meanwhile(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    jane(keeper.platform)
    real, months = erasure.rewrite_files, [202402, 202403]

    def archive_first(**arguments: Any) -> object:
        found = real(**arguments)
        if months:
            keeper.archive(before=months.pop(0))
        return found

    monkeypatch.setattr(erasure, "rewrite_files", archive_first)
    assert erasing(keeper).files == 2
    assert secrets_in(keeper.folder) == keeper.problems() == keeper.drafts() == []


def test_an_erasure_gives_up_after_five_tries(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    jane(keeper.platform)
    real, tries = erasure.rewrite_files, []

    def archive_first(**arguments: Any) -> object:
        found = real(**arguments)
        keeper.platform.send(event(id=f"late-{len(tries)}"))
        tries.append(keeper.archive())
        return found

    monkeypatch.setattr(erasure, "rewrite_files", archive_first)
    with pytest.raises(ArchiveRefused, match="events were archived during each"):
        erasing(keeper)
    assert len(tries) == 5
    assert keeper.drafts() == keeper.problems() == []


def test_the_file_of_a_living_writer_is_left_alone(keeper: Keeper) -> None:
    platform = keeper.platform
    number = platform.organization()
    path = keeper.folder / "org_1.1.2024-01.1-abcdef.parquet"
    with drafting(platform.database, number, path, 0):
        assert clean_up(platform.database, platform.tenant) == []
        assert [row[1] for row in keeper.drafts()] == ["writing"]
        assert keeper.files() == [f"{path.name}.unfinished"]
        assert keeper.problems() == []
    assert keeper.drafts() == keeper.files() == []


def test_a_file_on_another_machine_stops_an_erasure_until_it_is_settled(
    keeper: Keeper, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    jane(keeper.platform)
    point = "tollbook.lifecycle.archive._remove"
    killed_at(point, "before", database_url, "archive", *OLD, str(keeper.folder))
    (name,) = keeper.files()
    hidden = keeper.folder.rename(keeper.folder.with_name("unmounted"))
    with pytest.raises(ArchiveRefused, match=f"archive --discard '{name}' --yes"):
        erasing(keeper)
    hidden.rename(keeper.folder)
    monkeypatch.setattr(drafts, "HOST", "another")
    (keeper.folder / name).rename(hidden)
    with pytest.raises(ArchiveRefused, match="run this command there"):
        erasing(keeper)
    hidden.rename(keeper.folder / name)
    erasing(keeper)
    assert keeper.files() == keeper.drafts() == []


def test_a_file_that_is_recorded_nowhere_is_named_and_not_deleted(keeper: Keeper) -> None:
    platform = keeper.platform
    jane(platform)
    (file,) = keeper.archive()
    path = keeper.folder / file.file
    stray = path.with_name(path.name.replace(".1-", ".7-"))
    stray.write_bytes(path.read_bytes())
    assert [it.row["file"] for it in keeper.problems()] == [stray.name]  # type: ignore[attr-defined]
    with pytest.raises(ArchiveRefused, match=f"archive --discard '{stray}' --yes"):
        erasing(keeper)
    assert "Jane" in str(platform.rows("SELECT * FROM users"))
    keeper.archive(before=202403)
    assert stray.exists()
    stray.unlink()
    erasing(keeper)
    assert keeper.problems() == []


def test_a_stray_file_of_another_organization_stops_no_erasure(keeper: Keeper) -> None:
    jane(keeper.platform)
    keeper.archive()
    (keeper.folder / "org_2.2.2024-01.1-abcdef.parquet.unfinished").write_bytes(b"half")
    assert erasing(keeper).files == 1
    assert [it.row["file"] for it in keeper.problems()] == [  # type: ignore[attr-defined]
        "org_2.2.2024-01.1-abcdef.parquet.unfinished"
    ]
