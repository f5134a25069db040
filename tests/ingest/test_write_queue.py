"""Under pressure: a full queue, a database that fails, a lock that somebody else holds."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import psycopg

from tests.api.conftest import error_of
from tests.builders import Platform, event
from tests.conftest import Postgres
from tests.servers import Server
from tests.waiting import wait_for
from tollbook.store.database import open_database

JANUARY = "organization_id=org_1&start_date=2024-01-01&end_date=2024-01-31"
USERS = f"/v1/analytics/users?{JANUARY}"


class Requests:
    """Requests under way, each in a thread."""

    def __init__(self, server: Server, key: str) -> None:
        self._server = server
        self._key = key
        self._threads: list[threading.Thread] = []
        self.answers: list[httpx.Response] = []

    def send(self, **given: object) -> None:
        self._threads.append(threading.Thread(target=self._post, args=(event(**given),)))
        self._threads[-1].start()

    def _post(self, body: object) -> None:
        with self._server.client(self._key) as http:
            self.answers.append(http.post("/v1/events", json=body))

    def statuses(self) -> list[int]:
        for thread in self._threads:
            thread.join()
        return sorted(answer.status_code for answer in self.answers)


@contextmanager
def write_lock(url: str) -> Iterator[None]:
    """Hold the write lock of a SQLite database, as another process would."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            holder.execute("ROLLBACK")


@contextmanager
def platform_on(url: str) -> Iterator[Platform]:
    database = open_database(url)
    platform = Platform(database)
    platform.organization()
    yield platform
    database.close()


def test_a_full_queue_is_429_and_what_it_took_is_stored(sqlite_url: str) -> None:
    with (
        platform_on(sqlite_url) as platform,
        Server(sqlite_url, max_queued_events="2") as server,
    ):
        key = platform.key()
        requests = Requests(server, key)
        with server.client(key) as http:
            assert http.post("/v1/events", json=event(id="first")).status_code == 200
            with write_lock(sqlite_url):
                # At most two are with the writer and two wait; all the others find no room.
                for number in range(6):
                    requests.send(id=str(number))
                wait_for(lambda: len(requests.answers) >= 2)
                assert {it.status_code for it in requests.answers} == {429}
            statuses = requests.statuses()
            refused = [it for it in requests.answers if it.status_code == 429]
            assert set(statuses) == {200, 429}
            assert {it.headers["retry-after"] for it in refused} == {"1"}
            assert {it.json()["code"] for it in refused} == {"queue_full"}
            users = http.get(USERS).json()["users"]
            assert users[0]["total_voice_calls"] == 1 + statuses.count(200)


def test_an_empty_queue_takes_a_request_larger_than_its_bound(sqlite_url: str) -> None:
    with (
        platform_on(sqlite_url) as platform,
        Server(sqlite_url, max_queued_events="1") as server,
        server.client(platform.key()) as http,
    ):
        answer = http.post("/v1/events", json=[event(id=str(n)) for n in range(100)])
        assert answer.json()["counts"]["accepted"] == 100


def test_reading_goes_on_while_a_write_waits(sqlite_url: str) -> None:
    with platform_on(sqlite_url) as platform, Server(sqlite_url) as server:
        key = platform.key()
        requests = Requests(server, key)
        with server.client(key) as http, write_lock(sqlite_url):
            requests.send()
            assert http.get(USERS).json()["users"] == []
        assert requests.statuses() == [200]


def test_reading_goes_on_while_an_event_of_an_unknown_organization_waits(sqlite_url: str) -> None:
    with platform_on(sqlite_url) as platform, Server(sqlite_url) as server:
        key = platform.key()
        requests = Requests(server, key)
        with server.client(key) as http, write_lock(sqlite_url):
            assert http.get(USERS).status_code == 200
            requests.send(organization_id="never heard of")
            time.sleep(0.2)
            assert http.get(USERS).status_code == 200
        assert requests.statuses() == [207]


@contextmanager
def without_a_table(url: str) -> Iterator[None]:
    """Break a SQLite database under a running server, and mend it."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("ALTER TABLE usage_monthly RENAME TO gone")
        try:
            yield
        finally:
            other.execute("ALTER TABLE gone RENAME TO usage_monthly")


@contextmanager
def without_the_database(postgres: Postgres, url: str) -> Iterator[None]:
    """Rename a PostgreSQL database and cut its connections, and give it back."""
    name = url.rpartition("/")[2]

    def run(*statements: str) -> None:
        with psycopg.connect(postgres.admin, autocommit=True) as admin:
            for statement in statements:
                admin.execute(statement)

    run(
        f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false",
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    )
    try:
        yield
    finally:
        run(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true")


def _fails_and_recovers(http: httpx.Client, broken: Iterator[None]) -> None:
    assert http.post("/v1/events", json=event(id="before")).status_code == 200
    next(broken)
    for path in (USERS, USERS):
        _is_unavailable(http.get(path), _NOT_READ)
    for number in range(3):
        _is_unavailable(http.post("/v1/events", json=event(id=f"during {number}")))
    next(broken, None)
    calls = http.get(USERS).json()["users"][0]["total_voice_calls"]
    assert calls == 1
    again = http.post("/v1/events", json=[event(id=f"during {n}") for n in range(3)])
    assert (again.status_code, again.json()["counts"]["accepted"]) == (200, 3)


_NOT_READ = "the database is not available"
_OTHER_SCHEMA = (
    "the database is at the schema of another version of Tollbook; run the version that migrated it"
)


def _is_unavailable(
    answer: httpx.Response,
    error: str = "the database is not available; nothing was stored",
    code: str = "store_unavailable",
) -> None:
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert error_of(answer) == {
        "success": False,
        "error": error,
        "code": code,
    }


def test_a_failing_sqlite_is_503_until_it_is_back_and_nothing_is_acknowledged(
    sqlite_url: str,
) -> None:
    def broken() -> Iterator[None]:
        with without_a_table(sqlite_url):
            yield

    with (
        platform_on(sqlite_url) as platform,
        Server(sqlite_url) as server,
        server.client(platform.key()) as http,
    ):
        _fails_and_recovers(http, broken())


def test_a_failing_postgresql_is_503_until_it_is_back_and_nothing_is_acknowledged(
    postgres: Postgres, postgres_url: str
) -> None:
    def broken() -> Iterator[None]:
        with without_the_database(postgres, postgres_url):
            yield

    with platform_on(postgres_url) as platform:
        key = platform.key()
    with Server(postgres_url) as server, server.client(key) as http:
        _fails_and_recovers(http, broken())


def test_every_other_endpoint_is_503_too(sqlite_url: str) -> None:
    with (
        platform_on(sqlite_url) as platform,
        Server(sqlite_url) as server,
        server.client(platform.key()) as http,
    ):
        path = Path(sqlite_url.removeprefix("sqlite:///"))
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("ALTER TABLE directory_state RENAME TO gone")
        for answer in (
            http.get("/v1/organizations"),
            http.post("/v1/organizations", json={"name": "x"}),
            http.get("/v1/keys"),
            http.post("/v1/quarantine/replay"),
        ):
            _is_unavailable(answer, _OTHER_SCHEMA, "schema_changed")
        assert http.get("/openapi.json").status_code == 200
