"""A transaction that is undone after the test, so that many tests share one database."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copy

import pytest

from tests.clusters import CitusCluster
from tests.conftest import ENGINES
from tests.databases import Postgres
from tests.store.undone import undone
from tollbook.store.database import Database, Transaction, open_database

MONTHS = (202401, 202402, 202403)
"""The months of which events can be stored."""


@pytest.fixture(scope="session")
def kept_sqlite(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    path = copy(migrated_file, tmp_path_factory.mktemp("kept") / "tollbook.db")
    with closing(open_database(f"sqlite:///{path}")) as database:
        yield database


@pytest.fixture(scope="session")
def kept_postgresql(postgres: Postgres) -> Iterator[Database]:
    yield from _kept(postgres)


@pytest.fixture(scope="session")
def kept_citus(citus: CitusCluster) -> Iterator[Database]:
    yield from _kept(citus)


def _kept(servers: Postgres | CitusCluster) -> Iterator[Database]:
    name = servers.take()
    with closing(open_database(servers.url(name))) as database:
        database.ensure_partitions(MONTHS)
        yield database
    servers.give_back(name)


@pytest.fixture(params=ENGINES)
def transaction(request: pytest.FixtureRequest) -> Iterator[Transaction]:
    """A transaction on a migrated, empty database: the test runs once for each engine."""
    database: Database = request.getfixturevalue(f"kept_{request.param}")
    with undone(database) as opened:
        yield opened


@pytest.fixture
def tx(kept_sqlite: Database) -> Iterator[Transaction]:
    """As `transaction`, on SQLite only: for statements that every engine runs alike."""
    with undone(kept_sqlite) as opened:
        yield opened
