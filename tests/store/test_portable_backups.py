"""A portable backup of any engine can be restored into a database of any engine."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import Platform, event
from tests.commands import run_command
from tests.store.moved import moved_platform, rows_of
from tollbook.domain.errors import BackupRefused, CopyRefused
from tollbook.store.backups import back_up, restore
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate

EARLIER = Path(__file__).parent / "upgrades"


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_portable_backup_is_restored_anywhere(
    request: pytest.FixtureRequest,
    database: Database,
    database_url: str,
    tmp_path: Path,
    target: str,
) -> None:
    platform = moved_platform(database)
    before = rows_of(database_url)
    file = tmp_path / "ledger.backup"
    events = back_up(database_url, file, nothing, quick=False, portable=True)
    platform.send(event(id="later"))
    url = f"sqlite:///{tmp_path / 'restored.db'}"
    if target == "postgresql":
        url = str(request.getfixturevalue("postgres_url"))
    assert restore(url, file, nothing, replace=False, quick=False) == events
    there = rows_of(url)
    assert _without_tokens(there) == _without_tokens(before)
    assert file.stat().st_mode & 0o777 == 0o600
    assert {it.name for it in tmp_path.iterdir() if "ledger" in it.name} == {"ledger.backup"}
    with closing(open_database(url)) as restored:
        assert Platform(restored).differences() == []


def _without_tokens(rows: dict[str, set[tuple[object, ...]]]) -> dict[str, set[tuple[object, ...]]]:
    """Leave out the states: those that were restored into a database in use are new ones."""
    return {
        name: found for name, found in rows.items() if name not in {"tenants", "ledger_versions"}
    }


def test_an_earlier_backup_is_brought_up_to_date_on_the_way(
    postgres_url: str, tmp_path: Path
) -> None:
    newest = max(EARLIER.glob("*.sql"))
    file = tmp_path / "ledger.backup"
    with closing(open_database(f"sqlite:///{file}", schema_version=None)) as earlier:
        migrate(earlier, newest.stem)
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(newest.read_text())
        connection.execute("PRAGMA journal_mode = DELETE")
    content = file.read_bytes()
    events = restore(postgres_url, file, nothing, replace=False, quick=False)
    assert events > 0
    assert file.read_bytes() == content
    assert [it.name for it in tmp_path.iterdir()] == [file.name]


def test_a_database_that_is_not_empty_is_never_replaced_by_another_engine(
    database: Database, postgres_url: str, tmp_path: Path
) -> None:
    moved_platform(database)
    with closing(open_database(postgres_url)) as there:
        Platform(there)
    file = tmp_path / "ledger.backup"
    back_up(_url_of(database), file, nothing, quick=True, portable=True)
    before = rows_of(postgres_url)
    with pytest.raises(CopyRefused, match="the target is not empty"):
        restore(postgres_url, file, nothing, replace=True, quick=True)
    assert rows_of(postgres_url) == before


def _url_of(database: Database) -> str:
    return database.engine.sqlalchemy.url.render_as_string(hide_password=False)


def test_a_dump_of_postgresql_is_refused_elsewhere(
    postgres_url: str, sqlite_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "ledger.backup"
    back_up(postgres_url, file, nothing, quick=True)
    with pytest.raises(BackupRefused, match=r"a backup of another engine: .* --portable"):
        restore(sqlite_url, file, nothing, replace=False, quick=True)


def test_a_damaged_portable_backup_is_refused(
    sqlite_url: str, postgres_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "ledger.backup"
    back_up(sqlite_url, file, nothing, quick=True, portable=True)
    shutil.copy(file, tmp_path / "whole")
    with file.open("r+b") as opened:
        opened.truncate(file.stat().st_size // 2)
    with pytest.raises(BackupRefused, match=r"ledger\.backup"):
        restore(postgres_url, file, nothing, replace=False, quick=True)
    assert restore(postgres_url, tmp_path / "whole", nothing, replace=False, quick=True) == 0


def test_the_command_writes_a_portable_backup(database: Database, tmp_path: Path) -> None:
    moved_platform(database)
    file = tmp_path / "ledger.backup"
    done = run_command(_url_of(database), "backup", str(file), "--portable")
    assert done.returncode == 0, done.stderr
    assert file.read_bytes().startswith(b"SQLite format 3")
