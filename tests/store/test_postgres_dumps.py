"""Dumps of PostgreSQL: whole or refused, restored as a whole or not at all."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, make_url

from tests.builders import Platform, event
from tests.conftest import Postgres
from tollbook.domain.errors import BackupRefused
from tollbook.store.database import open_database
from tollbook.store.file_locks import create_locked
from tollbook.store.postgres.dumps import check_dump, dump_database, is_empty, restore_dump
from tollbook.store.tokens import new_token


@pytest.fixture
def source(postgres_url: str) -> URL:
    """A database with an event."""
    with closing(open_database(postgres_url)) as database:
        platform = Platform(database)
        platform.organization()
        platform.send(event())
    return make_url(postgres_url)


@pytest.fixture
def dump(source: URL, tmp_path: Path) -> Path:
    path = tmp_path / "dump"
    written(source, path)
    return path


def written(source: URL, path: Path) -> None:
    with create_locked(path) as lock:
        dump_database(source, path, lambda _done, _of: None, lock)


@pytest.fixture
def other(postgres: Postgres) -> Iterator[URL]:
    """A database without tables."""
    name = postgres.create(migrated=False)
    yield make_url(postgres.url(name))
    postgres.drop(name)


def rows(url: URL, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        return connection.execute(sql.encode()).fetchall()


def make_notes(url: URL) -> None:
    with psycopg.connect(url.render_as_string(hide_password=False)) as connection:
        connection.execute("CREATE TABLE notes (text text)")


def test_a_dump_has_what_the_database_had(source: URL, dump: Path, other: URL) -> None:
    check_dump(dump)
    restore_dump(other, dump, new_token())
    for sql in ("SELECT id_text(id), cost FROM events", "SELECT id FROM organizations"):
        assert rows(other, sql) == rows(source, sql) != []


def test_what_a_process_remembers_of_the_database_before_holds_no_longer(
    source: URL, dump: Path
) -> None:
    sql = "SELECT token FROM directory_state UNION SELECT token FROM ledger_versions"
    before = set(rows(source, sql))
    restore_dump(source, dump, new_token())
    assert not before & set(rows(source, sql))


def test_a_database_is_empty_without_tables_or_without_a_tenant(
    source: URL, other: URL, postgres: Postgres
) -> None:
    assert is_empty(other)
    assert not is_empty(source)
    name = postgres.create()
    assert is_empty(make_url(postgres.url(name)))
    postgres.drop(name)
    make_notes(other)
    assert not is_empty(other)


@pytest.mark.parametrize("part", [0, 4, 5, 200, 0.5, 0.9])
def test_a_dump_that_ends_early_is_refused_and_changes_nothing(
    source: URL, dump: Path, part: float
) -> None:
    whole = dump.read_bytes()
    dump.write_bytes(whole[: int(part if part > 1 else part * len(whole))])
    with pytest.raises(BackupRefused):
        check_dump(dump)
    with pytest.raises(BackupRefused, match="nothing was restored"):
        restore_dump(source, dump, new_token())
    assert rows(source, "SELECT id_text(id) FROM events") == [("call-1",)]


def test_a_file_that_is_no_dump_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="is not a file"):
        check_dump(tmp_path)
    path = tmp_path / "text"
    path.write_text("SELECT 1;")
    with pytest.raises(BackupRefused, match="not a backup of a PostgreSQL database"):
        check_dump(path)


def test_a_dump_of_something_else_is_refused(other: URL, tmp_path: Path) -> None:
    make_notes(other)
    path = tmp_path / "dump"
    written(other, path)
    with pytest.raises(BackupRefused, match="not of a Tollbook database"):
        check_dump(path)


def test_a_database_that_is_not_there_is_not_dumped(source: URL, tmp_path: Path) -> None:
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        written(source.set(database="nowhere"), tmp_path / "dump")


def test_a_database_in_use_is_not_replaced(source: URL, dump: Path) -> None:
    url = source.render_as_string(hide_password=False)
    with (
        psycopg.connect(url, application_name="tollbook"),
        pytest.raises(BackupRefused, match="in use by 1 connections"),
    ):
        restore_dump(source, dump, new_token())
    with psycopg.connect(url, application_name="somebody else"):
        pass
    restore_dump(source, dump, new_token())
    assert rows(source, "SELECT id_text(id) FROM events") == [("call-1",)]
