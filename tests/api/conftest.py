"""A running server that tests share; each test is a tenant of its own on it."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from uuid import uuid4

import httpx
import pytest

from tests.builders import Json, Platform
from tests.clusters import CitusCluster
from tests.conftest import ENGINES, Postgres
from tests.inside import serving
from tests.servers import SECRET_KEY, Server
from tests.waiting import run_over_quarantine
from tollbook import wiring
from tollbook.api.pipeline.services import Services
from tollbook.domain.exact import MICROS
from tollbook.settings import Settings
from tollbook.store.database import Database, open_database
from tollbook.store.engine import system_clock


class Tenant(Platform):
    """A fresh tenant, spoken to over HTTP; without a key it speaks as its admin."""

    always: ClassVar[Mapping[str, str]] = {}
    """Headers of every request."""

    def __init__(self, database: Database, http: httpx.Client) -> None:
        super().__init__(database, f"tenant_{uuid4().hex}")
        self.http = http
        self.admin = self.key()

    def call(self, method: str, path: str, key: str | None = None, **given: Any) -> httpx.Response:
        """Send a request; the key "" stands for none."""
        chosen = self.admin if key is None else key
        headers = {"X-API-Key": chosen} if chosen else {}
        headers = {**self.always, **headers, **given.pop("headers", {})}
        return self.http.request(method, path, headers=headers, **given)

    def get(self, path: str, key: str | None = None, **given: Any) -> httpx.Response:
        return self.call("GET", path, key, **given)

    def post(self, path: str, key: str | None = None, **given: Any) -> httpx.Response:
        return self.call("POST", path, key, **given)

    def patch(self, path: str, key: str | None = None, **given: Any) -> httpx.Response:
        return self.call("PATCH", path, key, **given)

    def delete(self, path: str, key: str | None = None, **given: Any) -> httpx.Response:
        return self.call("DELETE", path, key, **given)

    def replay_over_http(self, key: str | None = None, **query: str) -> tuple[int, int]:
        """Replay and wait; give how many events were released, and how many remain."""
        answer = self.post("/v1/quarantine/replay", key, params=query)
        run = run_over_quarantine(lambda path: self.get(path, key), answer)
        return run["released"], run["remaining"]

    def revoke(self, key: str) -> None:
        assert self.delete(f"/v1/keys/{prefix(key)}").status_code == 200


def prefix(key: str) -> str:
    return "_".join(key.split("_")[:2])


def error_of(response: httpx.Response) -> Json:
    """Return what an error says, once it names its request as the header does."""
    answer: Json = response.json()
    assert answer.pop("request_id") == response.headers["x-request-id"]
    return answer


def problems(response: httpx.Response) -> list[tuple[str, str]]:
    """Return the field and the code of everything that an error names."""
    answer: Json = response.json()
    assert answer["success"] is False
    assert answer["error"]
    return [(it["field"], it["code"]) for it in answer.get("details", ())]


class Site:
    """A server with its database."""

    def __init__(self, server: Server, database: Database, http: httpx.Client) -> None:
        self.server = server
        self.database = database
        self.http = http

    def tenant(self) -> Tenant:
        return Tenant(self.database, self.http)


def site_on(url: str, **settings: str) -> Iterator[Site]:
    database = open_database(url)
    with Server(url, secret_key=SECRET_KEY, **settings) as server, server.client() as http:
        yield Site(server, database, http)
    database.close()


@pytest.fixture(scope="session")
def site(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("site") / "tollbook.db"
    shutil.copy(migrated_file, path)
    yield from site_on(f"sqlite:///{path}")


@pytest.fixture(scope="session")
def postgres_site(postgres: Postgres) -> Iterator[Site]:
    name = postgres.create()
    yield from site_on(postgres.url(name))
    postgres.drop(name)


@pytest.fixture(scope="session")
def citus_site(citus: CitusCluster) -> Iterator[Site]:
    name = citus.create()
    yield from site_on(citus.url(name))
    citus.drop(name)


_SITES = {"sqlite": "site", "postgresql": "postgres_site", "citus": "citus_site"}


def site_of(request: pytest.FixtureRequest) -> Site:
    """Return the shared site of the engine that is the parameter of a fixture."""
    site: Site = request.getfixturevalue(_SITES[request.param])
    return site


@pytest.fixture
def tenant(site: Site) -> Tenant:
    """A tenant with the organization org_1."""
    tenant = site.tenant()
    tenant.organization()
    return tenant


class Clock:
    """The clock of a server in this process, which a test sets forward."""

    seconds = 0

    def __call__(self) -> int:
        return system_clock() + self.seconds * MICROS


class Clocked(NamedTuple):
    """A tenant of a server, and the clock and the parts of that server."""

    tenant: Tenant
    clock: Clock
    services: Services


@pytest.fixture
def clocked(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Clocked]:
    """A tenant with the organization org_1, on a server whose clock can be set forward."""
    clock = Clock()
    monkeypatch.setattr(wiring, "now", clock)
    opened = open_database(database_url)
    parts = wiring.services(Settings(secret_key=SECRET_KEY), opened)
    with serving(opened, parts=parts) as http:
        tenant = Tenant(database, http)
        tenant.organization()
        yield Clocked(tenant, clock, parts)


@pytest.fixture(params=ENGINES)
def either(request: pytest.FixtureRequest) -> Tenant:
    """The same on each engine."""
    tenant = site_of(request).tenant()
    tenant.organization()
    return tenant
