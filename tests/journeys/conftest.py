"""The demo, set up by its command on a running server."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from tests.clusters import CitusCluster
from tests.commands import run_command
from tests.conftest import ENGINES, Postgres
from tests.servers import Server


class Shown(NamedTuple):
    """A server with the demo, what the command printed, and the keys that it kept."""

    server: Server
    printed: str
    keys: dict[str, str]


@pytest.fixture(scope="session", params=ENGINES)
def shown(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shown]:
    """The demo on each engine, which no test may change."""
    folder = tmp_path_factory.mktemp("shown")
    if request.param == "sqlite":
        with Server(f"sqlite:///{folder / 'tollbook.db'}") as server:
            yield _shown(server, folder)
        return
    servers: Postgres | CitusCluster = request.getfixturevalue(
        "citus" if request.param == "citus" else "postgres"
    )
    name = servers.create()
    with Server(servers.url(name)) as server:
        yield _shown(server, folder)
    servers.drop(name)


def _shown(server: Server, folder: Path) -> Shown:
    done = run_command(server.database_url, "demo", "--address", server.address, folder=folder)
    assert done.returncode == 0, done.stderr
    keys = msgspec.json.decode((folder / "tollbook-demo.json").read_bytes())
    return Shown(server, done.stdout, keys)
