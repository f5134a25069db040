"""Erasures and deletions on a cluster, interrupted when one of its nodes dies."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

import httpx
import pytest
from chaos.nodes import NO_CITUS, Nodes, held_commits, is_citus_installed, wait_until_prepared
from chaos.places import Cluster

from tests.builders import Platform, event
from tests.servers import Server
from tests.waiting import wait_for
from tollbook.domain.directory import User
from tollbook.domain.errors import OutcomeUnknown
from tollbook.lifecycle.erase import Person, erase
from tollbook.lifecycle.pending_erasures import finish_erasures
from tollbook.store import directory
from tollbook.store.audit import acts
from tollbook.store.database import open_database
from tollbook.wiring import now

ERASE = "/v1/organizations/org_1/users/user_1/personal-data"
DELETE = "/v1/organizations/org_1"
NUMBER = "+442071838750"
Kill = Callable[[Nodes, httpx.Client, str], None]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    if not is_citus_installed():
        pytest.skip(f"NO CITUS: {NO_CITUS}")
    folder = Path(mkdtemp(dir="/var/tmp"))
    folder.chmod(0o755)
    made = Nodes(folder)
    try:
        yield made.create()
    finally:
        made.drop()
        rmtree(folder, ignore_errors=True)


class Owner:
    """A tenant with org_1 and user_1, and a client of a server."""

    def __init__(self, platform: Platform, http: httpx.Client) -> None:
        self.platform = platform
        self.http = http

    def actions(self) -> list[str]:
        with self.platform.database.reading() as snapshot:
            return [it.action for it in acts(snapshot, self.platform.tenant)]

    def left(self) -> int:
        """Count what remains of user_1: the name, and the number in the event."""
        number = self.platform.number("org_1")
        (names,) = self.platform.rows(
            "SELECT COUNT(*) FROM users WHERE organization_id = :number AND name = 'Jane'",
            number=number,
        )
        (events,) = self.platform.rows(
            "SELECT COUNT(*) FROM events WHERE organization_id = :number AND attributes LIKE :it",
            number=number,
            it=f"%{NUMBER}%",
        )
        return int(names[0]) + int(events[0])


@pytest.fixture
def owner(nodes: Nodes, request: pytest.FixtureRequest) -> Iterator[Owner]:
    with closing(open_database(nodes.url)) as database, Server(nodes.url) as server:
        platform = Platform(database, f"tenant {request.node.name}")
        number = platform.organization()
        user = User("user_1", "Jane", "jane@acme.example")
        with database.writing() as transaction:
            directory.add_user(transaction, number, user, now())
        with server.client(platform.key()) as http:
            yield Owner(platform, http)


def worker_away(nodes: Nodes, http: httpx.Client, path: str) -> None:
    """Ask while a worker is away; whether it has the organization makes no difference."""
    renamed, new = {"name": "Other"}, {"id": "org_2", "name": "Two", "currency": "USD"}
    nodes.workers[0].kill()
    answers = [
        http.delete(path),
        http.patch(DELETE, json=renamed),
        http.post("/v1/organizations", json=new),
    ]
    nodes.workers[0].start()
    assert [it.status_code for it in answers] == [503, 503, 503]
    wait_for(lambda: http.get("/readyz").status_code == 200)
    (stored,) = http.get("/v1/organizations").json()["organizations"]
    assert (stored["id"], stored["name"]) == ("org_1", "org_1")


def worker_killed_after_the_decision(nodes: Nodes, http: httpx.Client, path: str) -> None:
    """Kill a worker that has prepared the commit, when only the coordinator has committed it."""
    _kill_while_held(nodes, http, path, nodes.coordinator, nodes.workers)


def coordinator_killed_before_the_decision(nodes: Nodes, http: httpx.Client, path: str) -> None:
    """Kill the coordinator when it waits for a worker to prepare the commit."""
    _kill_while_held(nodes, http, path, nodes.workers[0], [nodes.workers[0]])


def _kill_while_held(
    nodes: Nodes, http: httpx.Client, path: str, held: Cluster, watched: list[Cluster]
) -> None:
    with ThreadPoolExecutor(1) as other:
        with held_commits(held):
            asked = other.submit(http.delete, path)
            prepared = wait_until_prepared(watched)
            killed = nodes.coordinator if prepared is held else prepared
            killed.kill()
            killed.start()
        assert asked.result().status_code in (200, 202, 503)
    nodes.wait_until_decided()


KILLS = (
    worker_away,
    worker_killed_after_the_decision,
    coordinator_killed_before_the_decision,
)


def again(owner: Owner, path: str, *wanted: int) -> None:
    """Ask again, as the caller does after 503, until the answer is one of these."""
    wait_for(lambda: owner.http.get("/readyz").status_code == 200)
    wait_for(lambda: owner.http.delete(path).status_code in wanted)


@pytest.mark.parametrize("kill", KILLS)
def test_an_interrupted_erasure_is_whole_or_nothing_and_continues(
    nodes: Nodes, owner: Owner, kill: Kill
) -> None:
    owner.platform.send(event(attributes={"to": NUMBER}))
    assert owner.left() == 2
    kill(nodes, owner.http, ERASE)
    wait_for(lambda: owner.http.get("/readyz").status_code == 200)
    assert owner.left() == (0 if "user.erase" in owner.actions() else 2)
    again(owner, ERASE, 200)
    assert owner.left() == 0
    assert owner.actions()[0] == "user.erase_finished"
    assert owner.platform.differences() == []


@pytest.mark.parametrize("kill", KILLS)
def test_an_interrupted_deletion_is_whole_or_nothing_and_continues(
    nodes: Nodes, owner: Owner, kill: Kill
) -> None:
    kill(nodes, owner.http, DELETE)
    wait_for(lambda: owner.http.get("/readyz").status_code == 200)
    assert owner.left() == (0 if "organization.delete" in owner.actions() else 1)
    again(owner, DELETE, 200, 404)
    assert owner.left() == 0
    assert owner.actions().count("organization.delete") == 1
    assert owner.http.get("/v1/organizations").json()["organizations"] == []
    new = {"id": "org_1", "name": "New", "currency": "USD", "timezone": "UTC"}
    assert owner.http.post("/v1/organizations", json=new).status_code == 201
    assert owner.platform.differences() == []


def test_an_erasure_whose_staged_rows_are_left_on_a_dead_node_is_finished_later(
    nodes: Nodes, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = owner.platform.database
    owner.platform.send(event(attributes={"to": NUMBER}))
    flush = database.engine.flush_traces

    def kill_and_flush() -> bool:
        nodes.workers[0].kill()
        return flush()

    with database.reading() as snapshot:
        organization = directory.find_organization(snapshot, owner.platform.tenant, "org_1")
    assert organization is not None
    monkeypatch.setattr(database.engine, "flush_traces", kill_and_flush)
    with pytest.raises(OutcomeUnknown, match="erase again"):
        erase(database, owner.platform.actor(), Person(organization, "user_1"))
    monkeypatch.undo()
    nodes.workers[0].start()
    nodes.wait_until_decided()
    assert (owner.left(), owner.actions()[0]) == (0, "user.erase")
    assert finish_erasures(database, now())
    assert owner.actions()[0] == "user.erase_finished"
