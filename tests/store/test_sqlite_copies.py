"""Copies of an SQLite file: whole, of one moment, and refused when they are damaged."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import Platform, event
from tollbook.domain.errors import BackupRefused
from tollbook.store.database import open_database
from tollbook.store.sqlite.copies import (
    COMPANIONS,
    alone,
    check_database,
    check_kind,
    copy_database,
    put_in_place,
)


@pytest.fixture
def path(sqlite_url: str) -> Path:
    """A database with an event, which nobody has open."""
    with closing(open_database(sqlite_url)) as database:
        platform = Platform(database)
        platform.organization()
        platform.send(event())
    return Path(sqlite_url.removeprefix("sqlite:///"))


def nothing(_done: int, _of: int) -> None:
    pass


def count(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM events").fetchone()[0])


def test_a_copy_is_one_file_with_what_was_committed(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    reports: list[tuple[int, int]] = []
    with closing(open_database(f"sqlite:///{path}")) as database:
        platform = Platform(database)
        platform.send(event(id="in the log"))
        with database.writing() as transaction:  # not committed while the copy is made
            transaction.execute("DELETE FROM events")
            copy_database(path, copy, lambda done, of: reports.append((done, of)))
    check_database(copy, quick=False)
    assert count(copy) == 2
    assert reports[-1][0] == reports[-1][1] > 0
    assert [it.name for it in tmp_path.iterdir() if it.name.startswith("copy")] == ["copy.db"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "is not a file"),
        (b"", "is not an SQLite database"),
        (b"SQLite format 4\x00" * 100, "is not an SQLite database"),
        (b"SQLite format 3\x00" + b"x" * 4096, "cannot be read"),
    ],
)
def test_what_is_no_database_is_refused(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BackupRefused, match=reason):
        check_database(path, quick=True)
    if "SQLite" in reason or content is None:
        with pytest.raises(BackupRefused, match=reason):
            check_kind(path)


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    check_kind(path)
    with pytest.raises(BackupRefused, match="not one of Tollbook"):
        check_database(path, quick=True)


@pytest.mark.parametrize("quick", [True, False])
def test_a_damaged_page_is_found(path: Path, quick: bool) -> None:
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 8)
    with pytest.raises(BackupRefused, match=r"is damaged|cannot be read"):
        check_database(path, quick=quick)


def test_a_file_that_ends_early_is_found(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(BackupRefused, match=r"is damaged|cannot be read"):
        check_database(path, quick=True)


def test_a_database_with_a_tenant_is_not_empty(path: Path, migrated_file: Path) -> None:
    with alone(path) as is_empty:
        assert not is_empty
    with alone(migrated_file) as is_empty:
        assert is_empty


def test_a_database_that_is_not_there_is_held_and_not_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    with alone(path) as is_empty:
        assert is_empty
        assert path.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_database_in_use_is_not_given_way(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT COUNT(*) FROM events").fetchone()
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BackupRefused, match="is in use"), alone(path):
            pass


def test_nobody_reads_or_writes_a_database_that_is_held(path: Path) -> None:
    with alone(path), closing(sqlite3.connect(path, timeout=0)) as other:
        for statement in ("SELECT COUNT(*) FROM events", "DELETE FROM events"):
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute(statement)


def test_a_file_is_put_in_the_place_of_another_without_its_logs(path: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    copy_database(path, new, nothing)
    with closing(sqlite3.connect(new)) as connection:
        connection.execute("DELETE FROM events")
        connection.commit()
    for suffix in COMPANIONS:
        path.with_name(path.name + suffix).write_bytes(b"left by a killed process")
    put_in_place(new, path)
    assert not new.exists()
    assert count(path) == 0
    assert not any(path.with_name(path.name + it).exists() for it in COMPANIONS)
