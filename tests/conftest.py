"""A fresh database of each engine, and a real server on a real port."""

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from xdist.remote import Producer

from tests.clusters import CitusCluster
from tests.databases import Postgres
from tests.demo import made_demo
from tests.distribution import Distribution, longest_first
from tests.portability import watch
from tests.servers import Server
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate

MEMORY = Path("/dev/shm")
LEAST_MEMORY = 2 << 30
"""Bytes that must be free: some containers have only 64 MiB."""
POSTGRES = os.environ.get("TOLLBOOK_TEST_POSTGRES", "")
Server.forks = True
CITUS = os.environ.get("TOLLBOOK_TEST_CITUS", "")
ON_ONE_SERVER = ("sqlite", "postgresql")
"""The engines of tests that copy, dump or replace the whole database of one server."""
on_one_server = pytest.mark.parametrize("database_url", ON_ONE_SERVER, indirect=True)
ENGINES = (*ON_ONE_SERVER, *(["citus"] if CITUS else []))
OF_ONE_ENGINE = frozenset(
    {"sqlite_url", "postgres_url", "emptied_postgres_url", "emptied_citus_url", "database_url"}
)
__all__ = ["made_demo"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests with `ledger_url` on a cluster too, unless they name the database of one engine."""
    names = set(metafunc.fixturenames)
    if CITUS and "ledger_url" in names and not names & OF_ONE_ENGINE:
        metafunc.parametrize("ledger_url", ("sqlite", "citus"), indirect=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Distribution:
    return Distribution(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Use more processes than there are cores: many tests wait for servers, disks and browsers."""
    return 2 * len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    longest_first(items)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Import and collect without garbage collection: almost nothing of it becomes garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Leave thousands of tests and modules out of every later garbage collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def portable() -> Iterator[None]:
    """Reject statements that would break on a cluster, in every test."""
    with pytest.MonkeyPatch.context() as patch:
        watch(patch)
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    if not POSTGRES:
        pytest.skip("NO POSTGRESQL: run `make test`, or set TOLLBOOK_TEST_POSTGRES to its URL")
    cluster = Postgres(POSTGRES)
    yield cluster
    cluster.close()


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
def sqlite_url_in_memory(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """As `sqlite_url`, in a folder of memory: on a disk, SQLite waits at every commit."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > LEAST_MEMORY
    base = MEMORY if has_room else tmp_path_factory.getbasetemp()
    with TemporaryDirectory(prefix="tollbook-", dir=base) as folder:
        path = shutil.copy(migrated_file, Path(folder, "tollbook.db"))
        yield f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    name = postgres.create()
    yield postgres.url(name)
    postgres.drop(name)


@pytest.fixture
def emptied_postgres_url(request: pytest.FixtureRequest, postgres: Postgres) -> Iterator[str]:
    """As `postgres_url`, for tests to which partitions and statistics do not matter."""
    name = postgres.take()
    if "database" not in request.fixturenames:
        postgres.disconnect(name)
    yield postgres.url(name)
    postgres.give_back(name)


@pytest.fixture(scope="session")
def citus() -> Iterator[CitusCluster]:
    if not CITUS:
        pytest.skip("NO CITUS: set TOLLBOOK_TEST_CITUS to the URL of a coordinator")
    cluster = CitusCluster(CITUS)
    yield cluster
    cluster.close()


@pytest.fixture
def emptied_citus_url(request: pytest.FixtureRequest, citus: CitusCluster) -> Iterator[str]:
    """As `emptied_postgres_url`, on a cluster."""
    name = citus.take()
    if "database" not in request.fixturenames:
        citus.disconnect(name)
    yield citus.url(name)
    citus.give_back(name)


_URLS = {
    "sqlite": "sqlite_url",
    "postgresql": "emptied_postgres_url",
    "citus": "emptied_citus_url",
}


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database: the test runs once for each engine."""
    name = _URLS[request.param]
    # A test that asks for its folder may look for the files of the database there.
    if name == "sqlite_url" and "tmp_path" not in request.fixturenames:
        name = "sqlite_url_in_memory"
    return str(request.getfixturevalue(name))


@pytest.fixture
def ledger_url(request: pytest.FixtureRequest) -> str:
    """The URL of a migrated, empty database: on SQLite, and on a cluster when there is one.

    For tests that prove nothing more on PostgreSQL, such as those of commands.
    """
    engine = getattr(request, "param", "sqlite")
    return str(request.getfixturevalue("sqlite_url" if engine == "sqlite" else _URLS[engine]))


@pytest.fixture(params=ON_ONE_SERVER)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without tables, of the engine in the parameter.

    Few tests need a cluster, where migrations are those of PostgreSQL and tables are then divided.
    """
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    servers: Postgres | CitusCluster = request.getfixturevalue(
        "citus" if request.param == "citus" else "postgres"
    )
    name = servers.create(migrated=False)
    yield servers.url(name)
    servers.drop(name)


@pytest.fixture
def database(request: pytest.FixtureRequest, database_url: str) -> Iterator[Database]:
    if database_url.startswith("sqlite"):
        opened = open_database(database_url)
        yield opened
        opened.close()
        return
    on_cluster = "emptied_citus_url" in request.fixturenames
    servers: Postgres | CitusCluster = request.getfixturevalue(
        "citus" if on_cluster else "postgres"
    )
    opened = servers.open(database_url)
    yield opened
    servers.leave(database_url, opened)


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    """A server of its own process on a free port."""
    with Server(database_url) as running:
        yield running
