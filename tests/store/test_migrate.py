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
