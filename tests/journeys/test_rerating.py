"""Half a year of prices is mended meanwhile: with servers killed and stopped, reads and writes."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from threading import Event, Thread

import httpx
import pytest

from tests.builders import Json, Platform, event
from tests.rerating.builders import CALLS, LEDGER, book
from tests.servers import Server
from tests.waiting import wait_for
from tollbook.store.database import open_database

FIRST = date(2024, 1, 1)
DAYS = [FIRST + timedelta(n) for n in range(180)]
EVENTS_A_DAY = 12
PERIOD = {"start_date": DAYS[0].isoformat(), "end_date": DAYS[-1].isoformat()}
OLD, NEW = 0.122 * EVENTS_A_DAY, 0.183 * EVENTS_A_DAY

TRIGGERS_OF_CLUSTERS = "SET LOCAL citus.enable_unsafe_triggers = on"
# A run that works for some ten seconds, so that one who waits for its middle finds it there.
SLOW = {
    "sqlite": (
        "CREATE TRIGGER slow BEFORE UPDATE ON events BEGIN SELECT hex(randomblob(2000000)); END",
    ),
    "postgresql": (
        TRIGGERS_OF_CLUSTERS,
        "CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(0.005); RETURN NEW; END $$",
        "CREATE TRIGGER slow BEFORE UPDATE ON events FOR EACH ROW EXECUTE FUNCTION slow()",
    ),
}
FAST = {
    "sqlite": ("DROP TRIGGER slow",),
    "postgresql": (TRIGGERS_OF_CLUSTERS, "DROP TRIGGER slow ON events"),
}


@pytest.fixture
def platform(database_url: str) -> Iterator[Platform]:
    """A platform with half a year of calls, and a dearer book."""
    with closing(open_database(database_url)) as database:
        platform = Platform(database)
        platform.organization()
        for day in DAYS:
            calls = [event(id=f"{day}-{n}", time=f"{day}T12:00:00Z") for n in range(EVENTS_A_DAY)]
            platform.send(*calls)
        platform.load(book(CALLS))
        yield platform


@pytest.fixture
def slow_platform(platform: Platform) -> Platform:
    """The same, whose events take their time to be changed."""
    run_all(platform, SLOW)
    return platform


def run_all(platform: Platform, statements: dict[str, tuple[str, ...]]) -> None:
    with platform.database.writing() as transaction:
        for statement in statements[platform.database.engine.sqlalchemy.dialect.name]:
            transaction.execute(statement)


def begin(http: httpx.Client) -> str:
    answer = http.post("/v1/rerating", json={**PERIOD, "apply": True})
    assert answer.status_code == 202
    return f"/v1/rerating/{answer.json()['run']['id']}"


def wait_until(http: httpx.Client, run: str, status: str, least: int = 0) -> Json:
    """Wait until a run has a status and has changed at least `least` events."""

    def found() -> Json | None:
        state: Json = http.get(run).json()["run"]
        return state if state["status"] == status and state["changed"] >= least else None

    return wait_for(found)


def ledger(platform: Platform) -> dict[str, list[tuple]]:
    return {it: sorted(platform.rows(f"SELECT * FROM {it}"), key=repr) for it in LEDGER}


def day_cost(http: httpx.Client, day: date) -> float:
    period = f"start_date={day}&end_date={day}"
    answer = http.get(f"/v1/analytics/users?organization_id=org_1&{period}").json()
    return sum(user["total_cost"] for user in answer["users"])


def test_a_server_killed_in_the_middle_of_a_run_goes_on_with_it_and_takes_it_back(
    slow_platform: Platform, database_url: str
) -> None:
    platform = slow_platform
    before, key = ledger(platform), platform.key()
    for _ in range(2):
        with Server(database_url) as server, server.client(key) as http:
            listed = http.get("/v1/rerating").json()["runs"]
            run = f"/v1/rerating/{listed[0]['id']}" if listed else begin(http)
            at = listed[0]["changed"] if listed else 0
            assert http.post(f"{run}/resume").status_code == 202
            wait_until(http, run, "running", at + EVENTS_A_DAY)
            server.kill()
        assert platform.differences() == []
        costs = platform.rows("SELECT DISTINCT day, cost FROM events")
        assert len(costs) == len(DAYS)
    run_all(platform, FAST)
    with Server(database_url) as server, server.client(key) as http:
        assert http.get(run).json()["run"]["status"] == "running"
        http.post(f"{run}/resume")
        done = wait_until(http, run, "done")
        assert (done["events"], done["changed"]) == (len(DAYS) * EVENTS_A_DAY,) * 2
        assert {row[0] for row in platform.rows("SELECT cost FROM events")} == {183_000_000}
        assert platform.differences() == []
        assert http.post(f"{run}/revert").status_code == 202
        wait_until(http, run, "reverted")
    assert ledger(platform) == before


def test_a_server_that_is_asked_to_end_stops_the_run_between_days(
    slow_platform: Platform, database_url: str
) -> None:
    platform = slow_platform
    key = platform.key()
    with Server(database_url) as server, server.client(key) as http:
        run = begin(http)
        wait_until(http, run, "running", EVENTS_A_DAY)
        server.stop()
    assert platform.differences() == []
    run_all(platform, FAST)
    with Server(database_url) as server, server.client(key) as http:
        found = http.get(run).json()["run"]
        assert (found["status"], found["reason"]) == ("stopped", "the server was stopped")
        assert 0 < found["changed"] < len(DAYS) * EVENTS_A_DAY
        http.post(f"{run}/resume")
        wait_until(http, run, "done")
    assert platform.differences() == []


def test_while_a_run_works_every_day_is_old_or_new_and_events_come_in(
    platform: Platform, database_url: str
) -> None:
    seen: dict[date, list[float]] = {day: [] for day in DAYS[::18]}
    done, sent = Event(), 0

    def read(http: httpx.Client) -> None:
        while not done.is_set():
            for day, costs in seen.items():
                costs.append(round(day_cost(http, day), 9))

    with Server(database_url) as server, server.client(platform.key()) as http:
        reader = Thread(target=read, args=(http,))
        reader.start()
        run = begin(http)
        while http.get(run).json()["run"]["status"] == "running":
            calls = [
                event(id=f"new-{sent}-{n}", time=f"{DAYS[-1]}T13:00:00Z", quantity=0)
                for n in range(5)
            ]
            assert http.post("/v1/events", json=calls).status_code == 200
            sent += 1
        done.set()
        reader.join()
        assert http.get(run).json()["run"]["status"] == "done"
        assert {round(day_cost(http, day), 9) for day in DAYS} == {round(NEW, 9)}
    assert sent > 0
    for day, costs in seen.items():
        assert set(costs) <= {round(OLD, 9), round(NEW, 9)}, day
        assert costs == sorted(costs), day
    assert platform.differences() == []
