"""How the write path's statements are run: what a batch costs must not grow with the ledger."""

import psycopg
import pytest

from tests.builders import Platform, event
from tests.conftest import Postgres
from tollbook.domain.errors import StoreUnavailable
from tollbook.store import ledger
from tollbook.store.database import Database, open_database
from tollbook.store.staging import COLUMNS, Staged


def test_the_columns_of_the_staging_table_are_those_of_its_rows() -> None:
    assert tuple(COLUMNS) == Staged._fields


def test_postgresql_looks_identities_up_by_key_however_many_there_are(postgres_url: str) -> None:
    database = open_database(postgres_url)
    platform = Platform(database)
    platform.organization()
    platform.send(*(event(id=f"call-{n}") for n in range(5_000)))
    with database.writing() as transaction:
        for statement in (ledger.STANDING, ledger.DROP_STANDING):
            plan = "\n".join(row[0] for row in transaction.rows(f"EXPLAIN {statement}"))
            assert "Seq Scan on event_keys" not in plan
            assert "Index" in plan
    database.close()


def test_postgresql_connections_that_were_cut_are_all_replaced_after_one_failure(
    postgres: Postgres, postgres_url: str
) -> None:
    database = open_database(postgres_url)
    platform = Platform(database)
    platform.organization()
    _read_over_two(database)
    with psycopg.connect(postgres.admin, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [postgres_url.rpartition("/")[2]],
        )
    with pytest.raises(StoreUnavailable):
        _read_over_two(database)
    _read_over_two(database)
    with pytest.raises(StoreUnavailable):
        platform.send(event())
    assert platform.statuses(event()) == ["accepted"]
    database.close()


def _read_over_two(database: Database) -> None:
    with database.reading() as one, database.reading() as other:
        assert one.row("SELECT 1") == other.row("SELECT 1")
