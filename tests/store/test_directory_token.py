"""The token of the directory that a database remembers: never one from before a known change."""

from collections.abc import Callable
from contextlib import closing

import pytest

from tollbook.store import versions
from tollbook.store.database import Database, open_database
from tollbook.store.engine import Driver


def change(database: Database) -> None:
    with database.writing() as transaction:
        versions.renew_tokens(transaction)


def stored(database: Database) -> int:
    with database.reading() as snapshot:
        return snapshot.integer("SELECT token FROM directory_state WHERE id = 1")


@pytest.fixture
def interrupted(database: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Have a change of the directory committed between a read and what it remembers."""
    read = database.engine.state
    waiting = [True]

    def state(connection: Driver) -> object:
        found = read(connection)
        if waiting and waiting.pop():
            change(database)
        return found

    return lambda: monkeypatch.setattr(database.engine, "state", state)


def test_a_read_from_before_a_change_does_not_bring_its_token_back(
    database: Database, interrupted: Callable[[], None]
) -> None:
    before = stored(database)
    interrupted()
    with database.reading() as snapshot:
        assert snapshot.directory_token == before
        remembered = database.directory_token
    assert remembered == stored(database) != before


def test_a_commit_that_changes_no_directory_does_not_bring_its_token_back(
    postgres_url: str,
) -> None:
    with closing(open_database(postgres_url)) as database:
        with database.writing():
            change(database)
        remembered = database.directory_token
        assert remembered == stored(database)


def test_the_next_read_finds_what_another_process_has_changed(database: Database) -> None:
    before = stored(database)
    with database.writing() as transaction:
        transaction.execute("UPDATE directory_state SET token = :token WHERE id = 1", token=7)
    assert database.directory_token == before
    assert stored(database) == 7
    assert database.directory_token == 7
