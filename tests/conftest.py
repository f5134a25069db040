"""A fresh database of each engine, and a real server on a real port."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.servers import Server
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate

POSTGRES = os.environ.get("TOLLBOOK_TEST_POSTGRES", "")
ENGINES = ("sqlite", "postgresql")


class Postgres:
    """Databases of one test run, each a copy of a migrated template."""

    def __init__(self, admin: str) -> None:
        self.admin = admin
        self.template = f"tollbook_test_{uuid4().hex[:12]}"
        self._run("CREATE DATABASE {}", self.template)
        database = open_database(self.url(self.template))
        migrate(database)
        database.close()

    def url(self, name: str) -> str:
        return f"{self.admin.rpartition('/')[0]}/{name}"

    def create(self, *, empty: bool = False) -> str:
        name = f"tollbook_test_{uuid4().hex[:12]}"
        if empty:
            self._run("CREATE DATABASE {}", name)
        else:
            self._run("CREATE DATABASE {} TEMPLATE {}", name, self.template)
        return name

    def drop(self, name: str) -> None:
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    if not POSTGRES:
        pytest.skip("NO POSTGRESQL: run `make test`, or set TOLLBOOK_TEST_POSTGRES to its URL")
    cluster = Postgres(POSTGRES)
    yield cluster
    cluster.drop(cluster.template)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "migrated.db"
    database = open_database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


@pytest.fixture
def sqlite_url(tmp_path: Path, migrated_file: Path) -> str:
    path = tmp_path / "tollbook.db"
    shutil.copy(migrated_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database: the test runs once for each engine."""
    fixture = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(fixture))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = open_database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    """A server of its own process on a free port."""
    with Server(database_url) as running:
        yield running
