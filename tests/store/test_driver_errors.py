"""What the errors of each driver become; each of them comes from a real database."""

from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tollbook.domain.errors import (
    DatabaseBroken,
    DatabaseReadOnly,
    DiskFull,
    MonthNotReady,
    NodeUnreachable,
    SchemaChanged,
    SettingsError,
    StoreUnavailable,
    TollbookError,
    Unreachable,
)
from tollbook.domain.limit_errors import SumOutOfRange
from tollbook.store.database import open_database
from tollbook.store.engine import Options
from tollbook.store.engines import ENGINES, open_engine
from tollbook.store.postgres.errors import ERRORS

LARGEST = 2**63 - 1
ADD_TENANT = "INSERT INTO tenants (tenant_id, name, created_at) VALUES ('t', {name}, 0)"
ADD_EVENT_OF_2031 = """
INSERT INTO events (organization_id, day, id, user_id, meter, time, quantity, billed, cost,
    attributes, received_at)
VALUES (1, 20310115, 'x', 'u', 1, 0, 0, 0, 0, '', 0)
"""


def run(url: str, *statements: str) -> None:
    with closing(open_database(url)) as database, database.writing() as transaction:
        for statement in statements:
            transaction.execute(statement)


def error_of(url: str, *statements: str) -> TollbookError:
    """Return the error of statements in one transaction that writes."""
    with pytest.raises(TollbookError) as raised:
        run(url, *statements)
    return raised.value


@pytest.mark.parametrize(
    ("kind", "statements"),
    [
        (SumOutOfRange, [f"SELECT SUM(x) FROM (SELECT {LARGEST} AS x UNION ALL SELECT 1)"]),
        (
            DiskFull,
            ["PRAGMA max_page_count = 1", ADD_TENANT.format(name="hex(zeroblob(999999))")],
        ),
        (DatabaseReadOnly, ["PRAGMA query_only = ON", "DELETE FROM tenants"]),
        (StoreUnavailable, ["SELECT * FROM nothing"]),
    ],
)
def test_sqlite(sqlite_url: str, kind: type[Exception], statements: list[str]) -> None:
    assert type(error_of(sqlite_url, *statements)) is kind


def test_a_file_that_is_no_database_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("my notes " * 1000)
    assert type(error_of(f"sqlite:///{path}", "SELECT 1")) is DatabaseBroken
    assert path.read_text() == "my notes " * 1000


def test_a_database_without_a_schema_is_of_another_version(tmp_path: Path) -> None:
    error = error_of(f"sqlite:///{tmp_path / 'empty.db'}", "SELECT 1")
    assert type(error) is SchemaChanged


def test_a_missing_folder_is_named_as_the_problem(tmp_path: Path) -> None:
    error = error_of(f"sqlite:///{tmp_path / 'missing' / 'tollbook.db'}", "SELECT 1")
    assert "its folder must exist" in error.sentence


@pytest.mark.parametrize(
    ("kind", "statements"),
    [
        (SumOutOfRange, [f"SELECT CAST({LARGEST}::numeric + 1 AS BIGINT)"]),
        (MonthNotReady, [ADD_EVENT_OF_2031]),
        (DatabaseReadOnly, ["SET TRANSACTION READ ONLY", ADD_TENANT.format(name="'n'")]),
        (SchemaChanged, ["DROP TABLE directory_state", "SELECT * FROM directory_state"]),
        (StoreUnavailable, ["SELECT 1 / 0"]),
        (NodeUnreachable, ["DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '08006'; END $$"]),
    ],
)
def test_postgresql(postgres_url: str, kind: type[Exception], statements: list[str]) -> None:
    assert type(error_of(postgres_url, *statements)) is kind


def test_a_server_that_does_not_answer_is_unreachable() -> None:
    error = error_of("postgresql://tollbook@127.0.0.1:1/tollbook", "SELECT 1")
    assert isinstance(error, Unreachable)
    assert "127.0.0.1" in error.reason
    assert "127.0.0.1" not in error.sentence


def test_the_message_of_an_error_has_no_values_of_rows(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute(ADD_TENANT.format(name="'n'").encode())
        with pytest.raises(psycopg.Error) as raised:
            connection.execute(ADD_TENANT.format(name="'n'").encode())
    assert "(t)" in str(raised.value)
    assert "(t)" not in ERRORS.message(raised.value)


@pytest.mark.parametrize("url", [engine.example_url for engine in ENGINES])
def test_the_example_of_an_engine_opens_it(url: str) -> None:
    engine = open_engine(url, Options())
    assert engine.example_url == url
    engine.close()


@pytest.mark.parametrize(
    "url", ["", "nothing", "mysql://host/x", "sqlite://", "sqlite:///:memory:"]
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="TOLLBOOK_DATABASE_URL"):
        open_engine(url, Options())
