"""A database goes back to an earlier state under a running server.

So it does in a point-in-time recovery, when a standby without the last commits is promoted, and in
a restore. As much happens after it as was lost: what the server counted or remembered would fit.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import httpx
import psycopg
import pytest
from psycopg import sql

from tests.builders import Json, Platform, event
from tests.conftest import ON_ONE_SERVER, Postgres
from tests.servers import Server
from tests.waiting import run_over_quarantine
from tollbook.administration.price_books import example_book
from tollbook.administration.tenants import ensure_tenant
from tollbook.store import prices
from tollbook.store.audit import COMMAND_LINE, Actor
from tollbook.store.database import Database, open_database

YAML = {"Content-Type": "application/yaml"}
JANUARY = {"start_date": "2024-01-01", "end_date": "2024-01-31"}
FEBRUARY = "2024-02-15T10:30:00Z"
BOOK = """
name: Test
currency: USD
effective_from: 2020-01-01
source: a test
rates:
  - {{meter: voice.call, price: "{price}", per: minute}}
"""


class State:
    """A state of a database that it can be taken back to while a server has it open."""

    def __init__(self, url: str, folder: Path, postgres: Postgres | None) -> None:
        self._url = url
        self._folder = folder
        self._postgres = postgres
        self._name = url.rpartition("/")[2]

    def save(self) -> None:
        if self._postgres:
            self._end_connections(self._postgres)
            self._copy(self._postgres, self._name, f"{self._name}_saved")
        else:
            self._replace(self._file, self._folder / "saved.db")

    def go_back(self) -> None:
        if self._postgres:
            self._end_connections(self._postgres)
            self._postgres.drop(self._name)
            self._copy(self._postgres, f"{self._name}_saved", self._name)
        else:
            self._replace(self._folder / "saved.db", self._file)

    def remove(self) -> None:
        if self._postgres:
            self._postgres.drop(f"{self._name}_saved")

    @property
    def _file(self) -> Path:
        return Path(self._url.removeprefix("sqlite:///"))

    @staticmethod
    def _replace(source: Path, target: Path) -> None:
        """Put all of a file's pages into another, in one transaction that others wait for."""
        with closing(sqlite3.connect(source)) as whole, closing(sqlite3.connect(target)) as copy:
            whole.backup(copy)

    def _end_connections(self, postgres: Postgres) -> None:
        with psycopg.connect(postgres.admin, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = %s",
                [self._name],
            )

    @staticmethod
    def _copy(postgres: Postgres, source: str, target: str) -> None:
        with psycopg.connect(postgres.admin, autocommit=True) as admin:
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            admin.execute(statement.format(sql.Identifier(target), sql.Identifier(source)))


class Scene(NamedTuple):
    """A server of two tenants, `one` and `other`, with a client for each."""

    url: str
    state: State
    one: httpx.Client
    other: httpx.Client

    def database(self) -> Database:
        return open_database(self.url)


@pytest.fixture(params=ON_ONE_SERVER)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    is_file = request.param == "sqlite"
    url = str(request.getfixturevalue("sqlite_url" if is_file else "postgres_url"))
    postgres = None if is_file else request.getfixturevalue("postgres")
    with closing(open_database(url)) as database:
        with database.writing() as transaction:
            for tenant in ("one", "other"):
                if ensure_tenant(transaction, Actor(tenant, COMMAND_LINE, 1)):
                    prices.add_price_book(transaction, tenant, example_book(), 1)
        keys = [Platform(database, tenant).key() for tenant in ("one", "other")]
        Platform(database, "one").organization()
    state = State(url, tmp_path, postgres)
    with Server(url) as server, server.client(keys[0]) as one, server.client(keys[1]) as other:
        yield Scene(url, state, one, other)
    state.remove()


def answered(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask, and again while the server finds that its connections have ended."""
    for _ in range(5):
        answer = ask()
        if answer.status_code != 503:
            break
    return answer


def sent(client: httpx.Client, *events: Json) -> list[str]:
    """Send events; return what became of each."""
    answer = answered(lambda: client.post("/v1/events", json=list(events)))
    assert answer.status_code in (200, 207), answer.text
    return [it["status"] for it in answer.json()["receipts"]]


def users(client: httpx.Client, **query: str) -> Json:
    asked = {"organization_id": "org_1", **JANUARY, **query}
    answer = answered(lambda: client.get("/v1/analytics/users", params=asked))
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def verify(scene: Scene) -> None:
    with closing(scene.database()) as database:
        assert Platform(database).differences() == []


def test_an_organization_that_was_lost_is_not_taken_for_another_tenants(scene: Scene) -> None:
    sent(scene.one, event())
    scene.state.save()
    lost = event(id="lost", organization_id="lost")
    assert sent(scene.one, lost) == ["quarantined"]
    scene.state.go_back()
    assert sent(scene.other, event(id="theirs", organization_id="theirs")) == ["quarantined"]
    assert sent(scene.one, event(id="later", organization_id="lost")) == ["quarantined"]
    for client, identity in ((scene.one, "later"), (scene.other, "theirs")):
        waiting = client.get("/v1/quarantine").json()["quarantine"]
        assert [it["id"] for it in waiting] == [identity]
    verify(scene)


def test_a_created_organization_that_was_lost_is_not_taken_for_another_tenants(
    scene: Scene,
) -> None:
    sent(scene.one, event())
    scene.state.save()
    scene.one.post("/v1/organizations", json={"id": "lost", "name": "Lost"})
    assert sent(scene.one, event(id="1", organization_id="lost")) == ["accepted"]
    scene.state.go_back()
    theirs = {"id": "theirs", "name": "Theirs"}
    created = answered(lambda: scene.other.post("/v1/organizations", json=theirs))
    assert created.status_code == 201
    assert sent(scene.one, event(id="2", organization_id="lost")) == ["quarantined"]
    found = scene.other.get("/v1/events", params={"organization_id": "theirs", **JANUARY})
    assert found.json()["events"] == []
    verify(scene)


def test_a_user_that_was_lost_is_added_again(scene: Scene) -> None:
    sent(scene.one, event())
    scene.state.save()
    assert sent(scene.one, event(id="1", user_id="lost")) == ["accepted"]
    scene.state.go_back()
    assert sent(scene.one, event(id="2", user_id="lost")) == ["accepted"]
    found = users(scene.one, include="totals")
    assert {it["user_id"] for it in found["users"]} == {"user_1", "lost"}
    verify(scene)


def test_an_answer_of_the_lost_state_does_not_hold(scene: Scene) -> None:
    sent(scene.one, event())
    scene.state.save()
    sent(scene.one, event(id="lost", quantity=600))
    asked = {"organization_id": "org_1", **JANUARY}
    lost = scene.one.get("/v1/analytics/users", params=asked)
    scene.state.go_back()
    assert sent(scene.one, event(id="later", quantity=6)) == ["accepted"]
    again = scene.one.get(
        "/v1/analytics/users", params=asked, headers={"If-None-Match": lost.headers["ETag"]}
    )
    assert again.status_code == 200
    seconds = [it["users"][0]["total_voice_seconds"] for it in (lost.json(), again.json())]
    assert seconds == [661, 67]


def test_events_are_priced_by_the_book_that_is_there(scene: Scene) -> None:
    sent(scene.one, event())
    scene.state.save()

    def load(price: str) -> None:
        loaded = answered(
            lambda: scene.one.post(
                "/v1/price-books", content=BOOK.format(price=price), headers=YAML
            )
        )
        assert loaded.status_code == 201, loaded.text

    load("7")
    assert sent(scene.one, event(id="lost", quantity=60)) == ["accepted"]
    scene.state.go_back()
    load("5")
    assert sent(scene.one, event(id="later", user_id="user_2", quantity=60)) == ["accepted"]
    costs = {it["user_id"]: it["total_cost"] for it in users(scene.one)["users"]}
    assert costs["user_2"] == 5
    verify(scene)


def test_a_month_whose_partition_was_lost_is_made_again(scene: Scene) -> None:
    sent(scene.one, event())
    scene.state.save()
    assert sent(scene.one, event(id="lost", time=FEBRUARY)) == ["accepted"]
    scene.state.go_back()
    assert sent(scene.one, event(id="later", time=FEBRUARY)) == ["accepted"]
    verify(scene)


def test_a_replay_makes_a_month_again_whose_partition_was_lost(scene: Scene) -> None:
    sent(scene.one, event())
    waiting = event(id="waiting", organization_id="org_2", time=FEBRUARY)
    assert sent(scene.one, waiting) == ["quarantined"]
    scene.one.post("/v1/organizations", json={"id": "org_2", "name": "Two"})
    scene.state.save()
    assert sent(scene.one, event(id="lost", time=FEBRUARY)) == ["accepted"]
    scene.state.go_back()
    replayed = answered(lambda: scene.one.post("/v1/quarantine/replay"))
    assert run_over_quarantine(scene.one.get, replayed)["released"] == 1
    verify(scene)
