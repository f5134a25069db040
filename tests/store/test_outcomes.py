"""A commit whose answer was lost is not reported as one that did not happen."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from tests.proxies import Proxy
from tollbook.domain.errors import OutcomeUnknown, StoreUnavailable
from tollbook.store.database import Database, open_database

RENAME = "UPDATE tenants SET name = 'renamed' WHERE tenant_id = 'one'"


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Proxy]:
    with Proxy(postgres_url) as running:
        yield running


@pytest.fixture
def database(proxy: Proxy) -> Iterator[Database]:
    with closing(open_database(proxy.url)) as opened:
        with opened.writing() as transaction:
            transaction.execute(
                "INSERT INTO tenants (tenant_id, name, created_at) VALUES ('one', 'One', 0)"
            )
        yield opened


def name(database: Database) -> str:
    with database.reading() as snapshot:
        return str(snapshot.rows("SELECT name FROM tenants")[0][0])


@pytest.mark.parametrize("is_done", [True, False])
def test_a_lost_answer_to_a_commit_is_an_unknown_outcome(
    database: Database, proxy: Proxy, *, is_done: bool
) -> None:
    proxy.lose_commit("renamed", is_done=is_done)
    expected = pytest.raises(OutcomeUnknown, match="may have been stored; send it again")
    with expected, database.writing() as transaction:
        transaction.execute(RENAME)
    assert name(database) == ("renamed" if is_done else "One")


def test_a_connection_that_ends_before_the_commit_has_stored_nothing(
    database: Database, proxy: Proxy
) -> None:
    expected = pytest.raises(StoreUnavailable, match="nothing was stored")
    with expected as failure, database.writing() as transaction:
        transaction.execute(RENAME)
        proxy.down()
        transaction.execute(RENAME)
    assert not isinstance(failure.value, OutcomeUnknown)
    proxy.up()
    assert name(database) == "One"


def test_a_commit_that_the_database_refuses_has_stored_nothing(
    database: Database, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute(
            "ALTER TABLE tenants ADD CONSTRAINT one_name UNIQUE (name) "
            "DEFERRABLE INITIALLY DEFERRED"
        )
    expected = pytest.raises(StoreUnavailable, match="nothing was stored")
    with expected as failure, database.writing() as transaction:
        transaction.execute(
            "INSERT INTO tenants (tenant_id, name, created_at) VALUES ('two', 'One', 0)"
        )
    assert not isinstance(failure.value, OutcomeUnknown)


def test_a_read_that_fails_says_nothing_of_what_was_stored(
    database: Database, proxy: Proxy
) -> None:
    proxy.down()
    with pytest.raises(StoreUnavailable) as failure:
        name(database)
    assert failure.value.sentence == "the database is not available"
