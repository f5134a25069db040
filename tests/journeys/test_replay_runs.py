"""A replay of many events: the server is killed in its middle, and others write meanwhile."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.builders import Json, Platform, event
from tests.servers import Server
from tests.waiting import run_over_quarantine, wait_for
from tollbook.store.database import open_database

EVENTS = 3_000
TRIGGERS_OF_CLUSTERS = "SET LOCAL citus.enable_unsafe_triggers = on"
# A replay that works for some ten seconds, so that one who waits for its middle finds it there.
SLOW = {
    "sqlite": (
        "CREATE TRIGGER slow BEFORE DELETE ON quarantine BEGIN SELECT hex(randomblob(300000)); END",
    ),
    "postgresql": (
        TRIGGERS_OF_CLUSTERS,
        "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(0.002); RETURN OLD; END $$",
        "CREATE TRIGGER slow BEFORE DELETE ON quarantine FOR EACH ROW EXECUTE FUNCTION slow()",
    ),
}
FAST = {
    "sqlite": ("DROP TRIGGER slow",),
    "postgresql": (TRIGGERS_OF_CLUSTERS, "DROP TRIGGER slow ON quarantine"),
}


@pytest.fixture
def platform(database_url: str) -> Iterator[Platform]:
    """A platform whose events came before their organization was created."""
    with closing(open_database(database_url)) as database:
        platform = Platform(database)
        for start in range(0, EVENTS, 1_000):
            ids = range(start, start + 1_000)
            platform.send(*(event(id=f"{n}", organization_id="late") for n in ids))
        platform.organization("late")
        run_all(platform, SLOW)
        yield platform


def run_all(platform: Platform, statements: dict[str, tuple[str, ...]]) -> None:
    with platform.database.writing() as transaction:
        for statement in statements[platform.database.engine.sqlalchemy.dialect.name]:
            transaction._driver.execute(statement)


def wait_until(http: httpx.Client, path: str, least: int) -> Json:
    """Wait until a running run has released at least so many events."""

    def found() -> Json | None:
        run: Json = http.get(path).json()["run"]
        assert run["status"] == "running"
        return run if run["released"] >= least else None

    return wait_for(found)


def test_a_server_killed_in_the_middle_of_a_replay_goes_on_and_charges_each_event_once(
    platform: Platform, database_url: str
) -> None:
    key = platform.key()
    path, at = "/v1/quarantine-runs/1", 0
    for _ in range(2):
        with Server(database_url) as server, server.client(key) as http:
            if not at:
                assert http.post("/v1/quarantine/replay").status_code == 202
            assert http.post("/v1/quarantine/replay").status_code == 409
            assert http.post(f"{path}/resume").status_code == 202
            at = wait_until(http, path, at + 1)["released"]
            server.kill()
        assert platform.differences() == []
    run_all(platform, FAST)
    with Server(database_url) as server, server.client(key) as http:
        assert http.get(path).json()["run"]["status"] == "running"
        done = run_over_quarantine(http.get, http.post(f"{path}/resume"))
        assert (done["events"], done["released"], done["remaining"]) == (EVENTS, EVENTS, 0)
    assert platform.rows("SELECT COUNT(*) FROM events") == [(EVENTS,)]
    assert platform.differences() == []


def test_while_a_replay_works_others_write_and_a_server_that_ends_stops_it(
    platform: Platform, database_url: str
) -> None:
    other = Platform(platform.database, "other")
    other.organization()
    key = platform.key()
    with Server(database_url) as server, server.client(key) as http:
        run = http.post("/v1/quarantine/replay").json()["run"]["id"]
        path, sent = f"/v1/quarantine-runs/{run}", 0
        with server.client(other.key()) as writer:
            while not sent or http.get(path).json()["run"]["released"] < EVENTS // 10:
                answer = writer.post("/v1/events", json=event(id=f"new {sent}"))
                assert answer.status_code == 200, answer.text
                sent += 1
        server.stop()
    run_all(platform, FAST)
    with Server(database_url) as server, server.client(key) as http:
        found = http.get(path).json()["run"]
        assert (found["status"], found["reason"]) == ("stopped", "the server was stopped")
        assert 0 < found["released"] < EVENTS
        run_over_quarantine(http.get, http.post(f"{path}/resume"))
    assert platform.rows("SELECT COUNT(*) FROM events") == [(EVENTS + sent,)]
    assert platform.differences() == []
