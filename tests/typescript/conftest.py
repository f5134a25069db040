"""A server with an organization, and the key of its platform."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from tests.builders import Platform
from tests.servers import SECRET_KEY, Server
from tests.typescript.building import build, require_node
from tollbook.store.database import open_database


@dataclass
class Site:
    """A server, and the environment in which a client finds it."""

    server: Server
    key: str

    @property
    def environment(self) -> dict[str, str]:
        return {"TOLLBOOK_URL": self.server.address, "TOLLBOOK_API_KEY": self.key}

    def ids(self) -> list[str]:
        """Return the ids of all events of the organization."""
        with self.server.client(self.key) as http:
            address = "/v1/events?organization_id=org_1&start_date=2024-01-01&end_date=2024-12-31"
            lines = http.get(f"{address}&format=ndjson").text.splitlines()
        return [line.split('"id":"', 1)[1].split('"', 1)[0] for line in lines]


@pytest.fixture
def site(database_url: str) -> Iterator[Site]:
    require_node()
    build()
    with closing(open_database(database_url)) as database:
        platform = Platform(database)
        platform.organization()
        key = platform.key()
    with Server(database_url, secret_key=SECRET_KEY) as server:
        yield Site(server, key)
