"""Migrations on both engines: from nothing to the schema in code, and never backwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tests.conftest import Postgres
from tollbook.domain.errors import DatabaseTooNew
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate
from tollbook.store.schema import metadata
from tollbook.store.verification import CHECKS, differences


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        yield open_database(f"sqlite:///{tmp_path / 'empty.db'}")
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    name = cluster.create(empty=True)
    yield open_database(cluster.url(name))
    cluster.drop(name)


def is_ours(_thing: object, name: str | None, kind: str, *_: object) -> bool:
    """Partitions are made as months come; the schema in code knows only the parent."""
    return not (kind == "table" and name is not None and name.startswith("events_"))


def test_migrating_from_nothing_gives_the_schema_in_code(empty: Database) -> None:
    migrate(empty)
    with empty.engine.sqlalchemy.connect() as connection:
        options = {"compare_type": True, "include_object": is_ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    empty.close()


def test_migrating_again_changes_nothing(empty: Database) -> None:
    migrate(empty)
    migrate(empty)
    empty.close()


OF_0001 = (
    "INSERT INTO ledger_heads VALUES (1, 1, 0)",
    "INSERT INTO event_keys VALUES (1, 'priced', 7, 20190115), (1, 'brought', 8, 20190115)",
    "INSERT INTO events VALUES "
    "(1, 20190115, 'priced', 'u', 5, NULL, 0, 61000000, 61000000, 122000000, 3, '', 0),"
    "(1, 20190115, 'brought', 'u', 5, NULL, 0, 1000000, 1000000, 7, NULL, '', 0)",
    "INSERT INTO usage_daily VALUES (1, 201901, 'u', 5, 20190115, 2, 62000000, 62000000, "
    "122000007)",
    "INSERT INTO usage_monthly VALUES (1, 201901, 'u', 5, 2, 62000000, 62000000, 122000007)",
)


def test_a_ledger_of_the_first_schema_carries_over_and_its_purchases_stay_unknown(
    empty: Database,
) -> None:
    migrate(empty, "0001")
    with empty.writing() as transaction:
        for statement in OF_0001:
            transaction.execute(statement)
    migrate(empty)
    with empty.reading() as snapshot:
        facts = "SELECT id, own_cost, buy, position, tier_key, reverses FROM events ORDER BY id"
        assert snapshot.rows(facts) == [
            ("brought", 7, None, None, None, None),
            ("priced", None, None, None, None, None),
        ]
        for table in ("usage_daily", "usage_monthly"):
            assert snapshot.rows(f"SELECT count, buy, bought FROM {table}") == [(2, 0, 0)]
        assert [it for check in CHECKS for it in differences(snapshot, check)] == []
    empty.close()


def test_a_newer_database_is_refused_with_a_sentence(database: Database) -> None:
    with database.writing() as transaction:
        transaction.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseTooNew, match=r"migration 9999.*Upgrade Tollbook"):
        migrate(database)


def test_sqlite_is_durable_at_every_commit(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with database.reading() as snapshot:
        assert snapshot.row("PRAGMA journal_mode") == ("wal",)
        assert snapshot.row("PRAGMA synchronous") == (2,)
    database.close()


def test_postgresql_is_durable_at_every_commit(postgres_url: str) -> None:
    database = open_database(postgres_url)
    with database.writing() as transaction:
        assert transaction.row("SHOW synchronous_commit") == ("on",)
    database.close()
