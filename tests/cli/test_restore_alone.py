"""tollbook restore on SQLite: nobody reads or writes meanwhile, nobody writes to the old file."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.builders import Platform, event
from tests.cli.conftest import Tollbook
from tests.servers import Server
from tollbook.domain.errors import BackupRefused, StoreUnavailable
from tollbook.store.backups import restore
from tollbook.store.database import open_database
from tollbook.store.sqlite import copies as sqlite_copies

BESIDE = ("-wal", "-shm", "-journal")


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


def path_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def fill(url: str, identity: str = "call-1") -> None:
    with closing(open_database(url)) as database:
        platform = Platform(database)
        platform.organization()
        platform.send(event(id=identity))


def ids(url: str) -> list[str]:
    with closing(open_database(url)) as database, database.reading() as snapshot:
        return [row[0] for row in snapshot.rows("SELECT id_text(id) FROM events ORDER BY id")]


@pytest.fixture
def backup(tollbook: Tollbook, sqlite_url: str) -> Path:
    """A backup with one event of a database that has two by now."""
    fill(sqlite_url)
    assert tollbook("backup", "b").code == 0
    fill(sqlite_url, "call-2")
    return tollbook.folder / "b"


@contextmanager
def during(monkeypatch: pytest.MonkeyPatch, name: str, act: Any) -> Iterator[None]:
    """Act just before a step of the restore."""
    step = getattr(sqlite_copies, name)

    def acting(*given: Any, **named: Any) -> Any:
        act()
        return step(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(sqlite_copies, name, acting)
        yield


def statement_elsewhere(path: Path, sql: str) -> str:
    """Run a statement in another process, which waits for no lock; give what came of it."""
    program = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], timeout=0)\n"
        "try:\n    print(connection.execute(sys.argv[2]).fetchall())\n"
        "except sqlite3.Error as error:\n    print(error)\n"
    )
    command = [sys.executable, "-c", program, str(path), sql]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("step", ["check_database", "make_one_file", "put_in_place"])
def test_nobody_reads_or_writes_from_the_first_check_to_the_last_step(
    sqlite_url: str, backup: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path, said = path_of(sqlite_url), []

    def act() -> None:
        statements = ("SELECT COUNT(*) FROM events", "DELETE FROM events")
        said.extend(statement_elsewhere(path, it) for it in statements)

    with during(monkeypatch, step, act):
        restore(sqlite_url, backup, nothing, replace=True, quick=False)
    assert said == ["database is locked"] * 2
    assert ids(sqlite_url) == ["call-1"]


def test_nobody_fills_a_database_that_is_not_there_yet(
    tmp_path: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, said = tmp_path / "new.db", []
    with during(
        monkeypatch,
        "put_in_place",
        lambda: said.append(statement_elsewhere(path, "CREATE TABLE x (y)")),
    ):
        restore(f"sqlite:///{path}", backup, nothing, replace=False, quick=False)
    assert said == ["database is locked"]
    assert ids(f"sqlite:///{path}") == ["call-1"]


def test_a_restore_that_is_refused_leaves_no_file(tmp_path: Path, backup: Path) -> None:
    path = tmp_path / "new.db"
    backup.write_bytes(b"no backup")
    with pytest.raises(BackupRefused):
        restore(f"sqlite:///{path}", backup, nothing, replace=False, quick=False)
    assert not path.exists()


def test_the_database_is_no_backup_of_itself(tollbook: Tollbook, sqlite_url: str) -> None:
    fill(sqlite_url)
    said = tollbook.refusal("restore", str(path_of(sqlite_url)), "--replace")
    assert "is the database itself" in said
    assert ids(sqlite_url) == ["call-1"]


def test_a_database_behind_a_link_is_replaced_where_it_is(
    tmp_path: Path, sqlite_url: str, backup: Path
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path_of(sqlite_url))
    restore(f"sqlite:///{link}", backup, nothing, replace=True, quick=False)
    assert link.is_symlink()
    assert ids(sqlite_url) == ["call-1"]


# A command that reports when it has the file open; its next step is to wait for the lock.
_COMMAND = """
import sys
from tollbook.cli.main import run
from tollbook.store.sqlite import engine as sqlite

open_file = sqlite.open_file

def reporting(*given, **named):
    opened = open_file(*given, **named)
    print("open", flush=True)
    return opened

sqlite.open_file = reporting
sys.exit(run(sys.argv[1:]))
"""


def test_a_command_that_waited_says_that_the_database_was_replaced(
    tmp_path: Path, sqlite_url: str, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[subprocess.Popen[str]] = []

    def start() -> None:
        command = [sys.executable, "-c", _COMMAND, "organizations", "create", "org_9"]
        process = subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        waiting.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"

    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", sqlite_url)
    with during(monkeypatch, "put_in_place", start):
        restore(sqlite_url, backup, nothing, replace=True, quick=False)
    out, error = waiting[0].communicate()
    assert (waiting[0].returncode, out) == (1, "")
    assert "the database was replaced" in error
    assert [it.name for it in tmp_path.iterdir() if it.name.endswith(BESIDE)] == []
    assert ids(sqlite_url) == ["call-1"]


def test_a_restore_in_the_way_of_another_is_refused(
    sqlite_url: str, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def act() -> None:
        with pytest.raises(BackupRefused, match="in use"):
            restore(sqlite_url, backup, nothing, replace=True, quick=True)

    with during(monkeypatch, "put_in_place", act):
        restore(sqlite_url, backup, nothing, replace=True, quick=True)
    assert ids(sqlite_url) == ["call-1"]


def test_a_database_that_was_replaced_is_refused_until_it_is_opened_again(
    tmp_path: Path, sqlite_url: str
) -> None:
    path, kept, other = path_of(sqlite_url), tmp_path / "kept.db", tmp_path / "other.db"
    other.write_bytes(path.read_bytes())
    with closing(open_database(sqlite_url)) as database:
        platform = Platform(database)
        path.rename(kept)
        other.rename(path)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="was replaced"):
                platform.organization()
            with pytest.raises(StoreUnavailable, match="was replaced"), database.streaming():
                pass
        kept.replace(path)
        platform.organization()


def test_a_transaction_that_waited_writes_nothing_to_a_file_that_was_replaced(
    tmp_path: Path, sqlite_url: str
) -> None:
    path, kept, other = path_of(sqlite_url), tmp_path / "kept.db", tmp_path / "other.db"
    other.write_bytes(path.read_bytes())
    with closing(open_database(sqlite_url)) as database:
        Platform(database)
        connection = database.engine.writer()
        path.rename(kept)
        other.rename(path)
        with connection, pytest.raises(StoreUnavailable, match="was replaced"):
            connection.begin()


def test_a_file_that_is_gone_is_not_made_again(tmp_path: Path, sqlite_url: str) -> None:
    path, kept = path_of(sqlite_url), tmp_path / "kept.db"
    with closing(open_database(sqlite_url)) as database:
        platform = Platform(database)
        path.rename(kept)
        with pytest.raises(StoreUnavailable, match="the database file is gone"):
            platform.organization()
        assert not path.exists()
        kept.rename(path)
        platform.organization()


def test_a_server_keeps_its_database_and_writes_nothing_to_one_that_is_moved_there(
    tollbook: Tollbook, sqlite_url: str, backup: Path
) -> None:
    with closing(open_database(sqlite_url)) as database:
        key = Platform(database).key()
    with Server(sqlite_url) as server, server.client(key) as client:
        assert client.post("/v1/events", json=event(id="call-3")).status_code == 200
        assert "in use" in tollbook.refusal("restore", str(backup), "--replace")
        assert client.post("/v1/events", json=event(id="call-4")).status_code == 200
        backup.rename(path_of(sqlite_url))
        for _ in range(2):
            answer = client.post("/v1/events", json=event(id="call-5"))
            assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
            assert "was replaced" in answer.json()["error"]
        assert client.get("/v1/events/org_1/call-4").status_code == 503
        assert client.get("/readyz").status_code == 503
