"""What a server asks of its database: whether it can write, and whether their clocks agree."""

from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.store.directories import AT, organization
from tests.store.staged import record, staged
from tollbook.domain.errors import DatabaseReadOnly
from tollbook.store import probe
from tollbook.store.database import Database, open_database

SECOND = 1_000_000


@pytest.fixture
def database(sqlite_url_in_memory: str) -> Iterator[Database]:
    with closing(open_database(sqlite_url_in_memory)) as opened:
        yield opened


def commit_at(database: Database, now: int) -> None:
    with database.writing() as transaction:
        record(transaction, staged(organization(transaction)), now=now)
        record(transaction, staged(organization(transaction, "org_2")), now=now - 9 * SECOND)


def test_trying_to_write_changes_nothing(database: Database) -> None:
    commit_at(database, AT)
    with database.reading() as snapshot:
        before = snapshot.directory_token
    probe.try_to_write(database)
    with database.reading() as snapshot:
        assert snapshot.directory_token == before


def test_a_database_that_cannot_be_written_says_why(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = database.writing

    def refusing() -> Any:
        with write() as transaction:
            transaction.execute("PRAGMA query_only = ON")
        return write()

    monkeypatch.setattr(database, "writing", refusing)
    with pytest.raises(DatabaseReadOnly):
        probe.try_to_write(database)


def test_a_file_is_no_standby_and_no_cluster(database: Database) -> None:
    assert not probe.is_standby(database)
    assert probe.problems_of_nodes(database) is None


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [(10**9, 0), (SECOND, 0), (0, 0), (-SECOND, -1), (-1_499_999, -1), (-90 * SECOND, -90)],
)
def test_a_clock_before_the_newest_commit_of_a_file_is_behind(
    database: Database, ahead: int, expected: int
) -> None:
    commit_at(database, AT)
    assert probe.clock_difference(database, AT + ahead) == expected


def test_a_file_without_a_commit_agrees_with_every_clock(database: Database) -> None:
    assert probe.clock_difference(database, 0) == 0
    assert probe.clock_difference(database, AT) == 0


@pytest.mark.parametrize(
    ("ahead", "expected"), [(0, 0), (1_600_000, 2), (-1_600_000, -2), (400_000, 0)]
)
def test_the_clock_of_a_server_of_databases_is_compared(ahead: int, expected: int) -> None:
    engine = SimpleNamespace(has_clock=True, clock_ahead=ahead)
    database = cast("Database", SimpleNamespace(engine=engine))
    assert probe.clock_difference(database, AT) == expected
