"""tollbook backup and restore: whole or not at all, and never over somebody's data."""

import fcntl
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.builders import Platform, event
from tests.cli.conftest import Tollbook
from tests.conftest import Postgres, on_one_server
from tollbook.store import drafts
from tollbook.store.database import open_database
from tollbook.store.drafts import ArchiveDraft
from tollbook.store.postgres import dumps as postgres_dumps


def fill(url: str, identity: str = "call-1") -> None:
    with closing(open_database(url)) as database:
        platform = Platform(database)
        platform.organization()
        platform.send(event(id=identity))


def ids(url: str) -> list[str]:
    with closing(open_database(url)) as database, database.reading() as snapshot:
        return [row[0] for row in snapshot.rows("SELECT id_text(id) FROM events ORDER BY id")]


def differing(url: str) -> list[object]:
    with closing(open_database(url)) as database:
        return list(Platform(database).differences())


@pytest.fixture
def another(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """Another database of the same engine, with nothing in it, not even tables."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'another.db'}"
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    name = cluster.create(migrated=False)
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
def command(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Tollbook:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)
    return Tollbook(capsys, tmp_path)


@on_one_server
def test_an_empty_ledger_is_backed_up_and_restored(
    command: Tollbook, another: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("backup", "b").code == 0
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", another)
    assert command.json("restore", "b") == {"file": "b", "events": 0}


@on_one_server
def test_a_backup_restored_elsewhere_is_the_ledger(
    command: Tollbook, another: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database_url)
    made = command.json("backup", "b")
    assert made["bytes"] == Path("b").stat().st_size
    assert Path("b").stat().st_mode & 0o777 == 0o600
    assert sorted(it.name for it in command.folder.iterdir() if it.name.startswith("b")) == ["b"]
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", another)
    assert "1 events" in command("restore", "b").out
    assert differing(another) == []
    assert ids(another) == ["call-1"]


@on_one_server
def test_a_restored_database_is_another_state(command: Tollbook, database_url: str) -> None:
    fill(database_url)
    assert command("backup", "b").code == 0
    before = tokens(database_url)
    assert command("restore", "b", "--replace").code == 0
    assert before.isdisjoint(tokens(database_url))


def tokens(url: str) -> set[int]:
    with closing(open_database(url)) as database, database.reading() as snapshot:
        found = snapshot.rows("SELECT token FROM ledger_versions")
        return {snapshot.directory_token, *(it[0] for it in found)}


@on_one_server
def test_a_backup_never_takes_the_place_of_another(command: Tollbook) -> None:
    Path("b").write_text("mine")
    assert "exists already" in command.refusal("backup", "b")
    assert Path("b").read_text() == "mine"


@on_one_server
def test_a_database_that_is_not_empty_stays_unless_told(
    command: Tollbook, database_url: str
) -> None:
    fill(database_url)
    command("backup", "b")
    fill(database_url, "later")
    assert "not empty" in command.refusal("restore", "b")
    assert ids(database_url) == ["call-1", "later"]
    assert command("restore", "b", "--replace").code == 0
    assert ids(database_url) == ["call-1"]
    fill(database_url, "after")
    assert differing(database_url) == []


@on_one_server
def test_a_database_in_use_stays(command: Tollbook, database_url: str) -> None:
    fill(database_url)
    command("backup", "b")
    with closing(open_database(database_url)) as database, database.reading() as snapshot:
        snapshot.row("SELECT COUNT(*) FROM events")
        assert "in use" in command.refusal("restore", "b", "--replace")
    assert ids(database_url) == ["call-1"]


@on_one_server
@pytest.mark.parametrize(
    "content", [b"", b"not a backup", b"SQLite format 3\x00 and no more", b"PGDMP"]
)
def test_what_is_no_backup_changes_nothing(
    command: Tollbook, database_url: str, content: bytes
) -> None:
    fill(database_url)
    Path("b").write_bytes(content)
    command.refusal("restore", "b", "--replace")
    assert "is not a file" in command.refusal("restore", "missing", "--replace")
    assert ids(database_url) == ["call-1"]


@on_one_server
def test_half_a_backup_changes_nothing(command: Tollbook, database_url: str) -> None:
    fill(database_url)
    command("backup", "b")
    content = Path("b").read_bytes()
    Path("half").write_bytes(content[: len(content) // 2])
    command.refusal("restore", "half", "--replace")
    assert ids(database_url) == ["call-1"]


def test_a_database_that_is_not_of_tollbook_is_no_backup(tollbook: Tollbook) -> None:
    with closing(sqlite3.connect("b")) as other:
        other.execute("CREATE TABLE x (y)")
    assert "not one of Tollbook" in tollbook.refusal("restore", "b")


def test_a_backup_whose_sums_differ_is_refused(tollbook: Tollbook, sqlite_url: str) -> None:
    fill(sqlite_url)
    with closing(open_database(sqlite_url)) as database, database.writing() as transaction:
        transaction.execute("UPDATE usage_daily SET cost = cost + 1")
    assert "differ from its events" in tollbook.refusal("backup", "b")
    assert not Path("b").exists()
    assert tollbook("backup", "b", "--quick").code == 0
    assert "differ from its events" in tollbook.refusal("restore", "b", "--replace")
    assert tollbook("restore", "b", "--replace", "--quick").code == 0


def test_a_missing_database_is_not_made_by_backing_it_up(
    tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", "sqlite:///nothing.db")
    assert "no database" in tollbook.refusal("backup", "b")
    assert not Path("nothing.db").exists()


@on_one_server
def test_what_a_killed_backup_left_is_removed_by_the_next_one(
    command: Tollbook, database_url: str
) -> None:
    fill(database_url)
    assert command("backup", "first").code == 0
    content = Path("first").read_bytes()
    for name in ("old.unfinished", "another.unfinished"):
        Path(name).write_bytes(content[: len(content) // 2])
    Path("notes.unfinished").write_text("of somebody else")
    with Path("another.unfinished").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert command("backup", "second").code == 0
        assert sorted(it.name for it in command.folder.glob("*.unfinished")) == [
            "another.unfinished",
            "notes.unfinished",
        ]
        assert "is being written by another command" in command.refusal("backup", "another")
    assert command("backup", "another").code == 0


@on_one_server
def test_a_restored_database_forgets_the_files_that_were_being_written(
    command: Tollbook, database_url: str
) -> None:
    fill(database_url)
    with closing(open_database(database_url)) as database, database.writing() as transaction:
        draft = ArchiveDraft(1, "org_1.1.2024-01.1-abcdef.parquet", "/", "host", "writing", 0)
        drafts.add(transaction, draft)
    assert command("backup", "b").code == 0
    assert command("restore", "b", "--replace").code == 0
    with closing(open_database(database_url)) as database, database.reading() as snapshot:
        assert drafts.every_draft(snapshot) == []


def test_what_stood_beside_the_file_does_not_get_into_the_restored_one(
    tollbook: Tollbook, sqlite_url: str
) -> None:
    fill(sqlite_url)
    tollbook("backup", "b")
    Path("tollbook.db-wal").write_bytes(b"left by somebody")
    assert tollbook("restore", "b", "--replace").code == 0
    assert ids(sqlite_url) == ["call-1"]


@pytest.fixture
def on_postgres(
    postgres_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Tollbook:
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", postgres_url)
    monkeypatch.chdir(tmp_path)
    return Tollbook(capsys, tmp_path)


def test_missing_programs_are_named(
    on_postgres: Tollbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres_dumps, "_DEBIAN", tmp_path)
    assert "pg_dump is not installed" in on_postgres.refusal("backup", "b")


def test_programs_older_than_the_server_are_refused(
    on_postgres: Tollbook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.24'\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(postgres_dumps, "_DEBIAN", tmp_path)
    assert "pg_dump is of PostgreSQL 9 and the server of" in on_postgres.refusal("backup", "b")
    assert not Path("b").exists()


def test_a_password_is_not_among_the_arguments() -> None:
    url = open_database("postgresql://me:secret@127.0.0.1:1/x").engine.sqlalchemy.url
    assert "secret" not in postgres_dumps._address(url)
    assert postgres_dumps._environment(url)["PGPASSWORD"] == "secret"


def test_a_restore_gives_up_when_somebody_connects_meanwhile(
    on_postgres: Tollbook, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(postgres_url)
    assert on_postgres("backup", "b").code == 0
    fill(postgres_url, "call-2")
    copy = shutil.copyfileobj
    with ExitStack() as stack:

        def connect_first(*given: Any) -> None:
            stack.enter_context(psycopg.connect(postgres_url, application_name="tollbook"))
            copy(*given)

        monkeypatch.setattr(postgres_dumps.shutil, "copyfileobj", connect_first)
        said = on_postgres.refusal("restore", "b", "--replace")
    assert "a Tollbook has connected meanwhile" in said
    assert ids(postgres_url) == ["call-1", "call-2"]


def test_tables_of_a_later_schema_do_not_stay(on_postgres: Tollbook, postgres_url: str) -> None:
    fill(postgres_url)
    on_postgres("backup", "b")
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE of_later (x int)")
    assert on_postgres("restore", "b", "--replace").code == 0
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute("SELECT to_regclass('of_later')").fetchone()
    assert found == (None,)


@on_one_server
def test_a_database_without_a_schema_is_not_backed_up(
    command: Tollbook, another: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if another.startswith("sqlite"):
        with closing(sqlite3.connect(tmp_path / "another.db")) as empty:
            empty.execute("PRAGMA user_version = 1")
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", another)
    refusal = command.refusal("backup", "copy")
    assert "the database has no schema of Tollbook: run `tollbook migrate`" in refusal
    assert not (tmp_path / "copy").exists()
