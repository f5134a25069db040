"""Database files and files of secrets next to them: their modes, and noticing other files."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from stat import S_IMODE
from typing import Any

import pytest

from tollbook.domain.errors import StoreUnavailable
from tollbook.store import secret_files
from tollbook.store.sqlite.opened_file import OpenedFile, identity_of, open_file, replaced
from tollbook.store.sqlite.sessions import prepare, prepare_stream


@pytest.fixture
def loose_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tollbook.db"


@pytest.fixture
def opened(path: Path) -> Iterator[OpenedFile]:
    connection = open_file(path, path)
    yield connection
    connection.close()


@pytest.mark.usefixtures("loose_umask")
def test_only_its_owner_reads_a_database_and_its_logs(path: Path) -> None:
    connection = open_file(path, path)
    prepare(connection)
    connection.execute("CREATE TABLE t (x)")
    modes = {it.name: S_IMODE(it.stat().st_mode) for it in path.parent.iterdir()}
    connection.close()
    names = ("tollbook.db", "tollbook.db-wal", "tollbook.db-shm")
    assert modes == dict.fromkeys(names, 0o600)


def test_the_mode_of_a_file_that_exists_stays(path: Path) -> None:
    path.touch(0o640)
    path.chmod(0o640)
    open_file(path, path).close()
    assert S_IMODE(path.stat().st_mode) == 0o640


def test_a_file_is_not_replaced_by_writing_to_it(path: Path, opened: OpenedFile) -> None:
    opened.execute("CREATE TABLE t (x)")
    opened.commit()
    assert not opened.is_replaced
    assert opened.identity == identity_of(path)


def test_another_file_at_the_path_is_noticed(path: Path, opened: OpenedFile) -> None:
    other = path.with_name("other")
    other.write_bytes(path.read_bytes())
    other.replace(path)
    assert opened.is_replaced
    assert "was replaced by another one" in replaced(path).sentence


def test_a_file_that_is_gone_is_noticed(path: Path, opened: OpenedFile) -> None:
    path.unlink()
    assert opened.is_replaced
    assert identity_of(path) is None
    assert "is gone" in replaced(path).sentence


def test_a_file_that_was_moved_back_is_the_same(path: Path, opened: OpenedFile) -> None:
    away = path.rename(path.with_name("away"))
    assert opened.is_replaced
    away.rename(path)
    assert not opened.is_replaced


@pytest.mark.parametrize(("times", "opens"), [(0, 1), (1, 2), (9, 10)])
def test_a_file_that_is_replaced_while_it_is_opened_is_opened_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, times: int, opens: int
) -> None:
    made = replacing(path, times, monkeypatch)
    connection = open_file(path, path)
    assert not connection.is_replaced
    assert len(made) == opens
    connection.close()


def test_a_file_that_is_replaced_all_the_time_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replacing(path, 99, monkeypatch)
    with pytest.raises(StoreUnavailable, match="was replaced by another one"):
        open_file(path, path)


def replacing(path: Path, times: int, monkeypatch: pytest.MonkeyPatch) -> list[OpenedFile]:
    """Replace a file when it is opened, for some times; return the connections as they come."""
    made = list[OpenedFile]()
    connect = sqlite3.connect

    def connect_late(*args: Any, **options: Any) -> OpenedFile:
        made.append(connect(*args, **options))
        if len(made) <= times:
            path.with_name("other").touch()
            path.with_name("other").replace(path)
        return made[-1]

    monkeypatch.setattr(sqlite3, "connect", connect_late)
    return made


def test_a_stream_keeps_few_pages_and_makes_no_tables(opened: OpenedFile, path: Path) -> None:
    prepare_stream(opened)
    assert opened.execute("PRAGMA cache_size").fetchone() == (-4096,)
    assert opened.execute("SELECT name FROM sqlite_temp_master").fetchall() == []
    other = open_file(path, path)
    prepare(other)
    found = {name for (name,) in other.execute("SELECT name FROM sqlite_temp_master")}
    assert {"staging", "recharged"} <= found
    other.close()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1), ("temp_store", 2)],
)
def test_commits_are_durable_and_erasures_leave_nothing(
    opened: OpenedFile, pragma: str, value: object
) -> None:
    prepare(opened)
    assert opened.execute(f"PRAGMA {pragma}").fetchone() == (value,)


@pytest.mark.usefixtures("loose_umask")
def test_a_secret_is_made_once_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "tollbook.db-secret"
    assert secret_files.read_or_create(path, "first") == "first"
    assert secret_files.read_or_create(path, "second") == "first"
    assert S_IMODE(path.stat().st_mode) == 0o600
    assert [it.name for it in tmp_path.iterdir()] == [path.name]


def test_the_secret_of_a_process_that_was_faster_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, link = tmp_path / "secret", Path.hardlink_to

    def late(self: Path, target: Path) -> None:
        path.write_text("of another\n")
        link(self, target)

    monkeypatch.setattr(Path, "hardlink_to", late)
    assert secret_files.read_or_create(path, "mine") == "of another"
    assert [it.name for it in tmp_path.iterdir()] == ["secret"]


def test_a_secret_that_cannot_be_stored_is_not_used(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        secret_files.read_or_create(tmp_path / "missing" / "secret", "mine")
