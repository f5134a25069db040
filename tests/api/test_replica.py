"""Servers that read from a replica: which database answers, and how current the answers are."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest

from tests.builders import Json, Platform, event
from tests.servers import Server
from tests.standbys import Pair, pair
from tests.waiting import wait_for
from tollbook.domain.errors import SettingsError, StoreUnavailable
from tollbook.settings import Settings
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate
from tollbook.store.replica import Replica
from tollbook.wiring import replica_of

JANUARY = "start_date=2024-01-01&end_date=2024-01-31"
USERS = f"/v1/analytics/users?organization_id=org_1&{JANUARY}"
EVENTS = f"/v1/events?organization_id=org_1&{JANUARY}"
META = f"{USERS}&include=meta"


class Reading:
    """A server on a primary that reads from its standby, and a tenant with `org_1`."""

    def __init__(self, clusters: Pair, database: Database) -> None:
        self.clusters = clusters
        self.platform = Platform(database)
        self.platform.organization()
        self.key = self.platform.key()
        self.server = Server(
            clusters.primary.url,
            read_database_url=clusters.standby.url,
            max_read_lag_seconds="30",
        )

    def send(self, identity: str) -> Json:
        with self.server.client(self.key) as client:
            answer = client.post("/v1/events", json=event(id=identity))
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def ask(self, path: str, **headers: str) -> tuple[httpx.Response, str]:
        """Return the answer, and the database that has given it."""
        before = self.reads()
        with self.server.client(self.key) as client:
            answer = client.get(path, headers=headers)
        after = self.reads()
        (source,) = [it for it in after if after[it] != before.get(it, 0)] or ["none"]
        return answer, source

    def reads(self) -> dict[str, float]:
        return {
            line.split('"')[1]: float(line.rpartition(" ")[2])
            for line in self.metrics()
            if line.startswith("tollbook_replica_reads_total{")
        }

    def metrics(self) -> list[str]:
        with self.server.client(self.key) as client:
            return client.get("/metrics").text.splitlines()

    def catch_up(self) -> None:
        """Wait until the standby has everything, and the server reads from it."""
        self.clusters.standby.catch_up(self.clusters.primary)
        wait_for(lambda: self.ask(USERS)[1] == "replica")


@pytest.fixture(scope="module")
def clusters() -> Iterator[Pair]:
    with pair() as found:
        yield found


@pytest.fixture(scope="module")
def primary(clusters: Pair) -> Iterator[Database]:
    with closing(open_database(clusters.primary.url)) as database:
        migrate(database)
        yield database


@pytest.fixture(scope="module")
def reading(clusters: Pair, primary: Database) -> Iterator[Reading]:
    found = Reading(clusters, primary)
    with found.server:
        yield found


@pytest.fixture(autouse=True)
def replaying(clusters: Pair) -> Iterator[None]:
    yield
    clusters.standby.resume_replay()


def calls(answer: httpx.Response) -> int:
    assert answer.status_code == 200, answer.text
    return sum(it["total_voice_calls"] for it in answer.json()["users"])


def test_questions_lists_and_files_are_read_from_the_replica(reading: Reading) -> None:
    reading.send("from the replica")
    reading.catch_up()
    for path in (USERS, EVENTS, f"{EVENTS}&format=csv", f"/v1/analytics/overview?{JANUARY}"):
        answer, source = reading.ask(path)
        assert (answer.status_code, source) == (200, "replica"), (path, answer.text)
    assert "from the replica" in reading.ask(f"{EVENTS}&format=csv")[0].text
    for path in ("/v1/events/org_1/from%20the%20replica", "/v1/users?organization_id=org_1"):
        assert reading.ask(path)[1] == "none"


def test_a_question_about_a_receipt_is_read_from_the_primary_while_the_replica_lags(
    reading: Reading,
) -> None:
    reading.send("before")
    reading.catch_up()
    had = calls(reading.ask(USERS)[0])
    reading.clusters.standby.pause_replay()
    receipt = reading.send("behind")
    answer, source = reading.ask(USERS)
    assert (calls(answer), source) == (had, "replica")
    assert answer.headers["x-as-of"] < receipt["as_of"]
    answer, source = reading.ask(f"{USERS}&min_as_of={receipt['as_of']}")
    assert (calls(answer), source) == (had + 1, "primary")
    reading.clusters.standby.resume_replay()
    reading.catch_up()
    answer, source = reading.ask(f"{USERS}&min_as_of={receipt['as_of']}")
    assert (calls(answer), source) == (had + 1, "replica")


def test_a_tag_names_the_state_whichever_database_answers(reading: Reading) -> None:
    reading.send("tagged")
    reading.catch_up()
    first, source = reading.ask(USERS)
    assert source == "replica"
    tag = first.headers["etag"]
    reading.clusters.standby.pause_replay()
    receipt = reading.send("another state")
    assert reading.ask(USERS, **{"If-None-Match": tag})[0].status_code == 304
    newer, source = reading.ask(f"{USERS}&min_as_of={receipt['as_of']}")
    assert (source, newer.status_code) == ("primary", 200)
    assert newer.headers["etag"] != tag
    older, source = reading.ask(USERS)
    assert (source, older.headers["etag"], older.content) == ("replica", tag, first.content)
    reading.clusters.standby.resume_replay()
    reading.catch_up()
    again, source = reading.ask(f"{USERS}&min_as_of={receipt['as_of']}")
    assert (source, again.headers["etag"]) == ("replica", newer.headers["etag"])
    assert again.content == newer.content


def test_the_lag_is_reported(reading: Reading) -> None:
    receipt = reading.send("lag")
    reading.catch_up()
    reading.clusters.standby.pause_replay()
    answer, source = reading.ask(META)
    lags = [answer.json()["meta"]["replica_lag_seconds"]]
    reading.send("never replayed")
    wait_for(lambda: _lag(reading) > lags[0] + 1)
    again, source = reading.ask(META)
    while again.json()["meta"]["replica_lag_seconds"] <= lags[0]:  # of a comparison before that
        again, source = reading.ask(META)
    lags.append(again.json()["meta"]["replica_lag_seconds"])
    assert source == "replica"
    assert 0 <= lags[0] < lags[1] < 60
    assert answer.headers["etag"] == again.headers["etag"]
    exact, source = reading.ask(f"{META}&min_as_of={reading.send('newest')['as_of']}")
    assert (source, exact.json()["meta"]["replica_lag_seconds"]) == ("primary", None)
    assert exact.json()["meta"]["as_of"] > receipt["as_of"]


def _lag(reading: Reading) -> float:
    (line,) = [it for it in reading.metrics() if it.startswith("tollbook_replica_lag_seconds ")]
    return float(line.rpartition(" ")[2])


def test_a_revoked_key_is_not_valid_on_a_replica_that_still_has_it(reading: Reading) -> None:
    reading.catch_up()
    with reading.server.client(reading.key) as client:
        made = client.post("/v1/keys", json={"name": "short", "permissions": ["analytics:read"]})
        other = {"X-API-Key": made.json()["api_key"]}
        reading.catch_up()
        assert client.get(USERS, headers=other).status_code == 200
        reading.clusters.standby.pause_replay()
        revoked = client.delete(f"/v1/keys/{made.json()['key']['prefix']}")
        assert revoked.status_code == 200, revoked.text
        assert client.get(USERS, headers=other).status_code == 401
        assert reading.ask(USERS)[1] == "primary"
    reading.clusters.standby.resume_replay()
    reading.catch_up()


def test_errors_come_from_the_primary(reading: Reading) -> None:
    reading.catch_up()
    answer, source = reading.ask(USERS.replace("org_1", "nobody"))
    assert (answer.status_code, source) == (404, "primary")


def test_a_replica_that_is_away_or_promoted_is_not_read(primary: Database) -> None:
    with pair() as clusters, ExitStack() as stack:
        own = stack.enter_context(closing(open_database(clusters.primary.url)))
        migrate(own)
        reading = Reading(clusters, own)
        with reading.server:
            reading.send("before")
            reading.catch_up()
            had = calls(reading.ask(USERS)[0])
            clusters.standby.promote()
            wait_for(lambda: reading.ask(USERS)[1] == "primary")
            clusters.standby.stop()
            reading.send("after")
            answer, source = reading.ask(USERS)
            assert (calls(answer), source) == (had + 1, "primary")
            with reading.server.client(reading.key) as client:
                assert client.get("/readyz").status_code == 200


def test_the_lag_is_the_age_of_the_newest_place_that_was_replayed(
    clusters: Pair, primary: Database
) -> None:
    now = [100.0]
    standby = open_database(clusters.standby.url)
    replica = Replica(standby, primary, 10, lambda: now[0])
    try:
        assert replica.lag_seconds is None
        _refuses(replica)
        clusters.standby.catch_up(clusters.primary)
        replica.look()
        assert replica.lag_seconds == 0
        with replica.reading() as snapshot:
            assert snapshot.replayed_at is not None
        clusters.standby.pause_replay()
        Platform(primary).organization("org_of_lag")
        for now[0] in (105.0, 109.0):
            replica.look()
        assert replica.lag_seconds == 9
        now[0] = 111.0
        assert replica.problem == "more than 10 seconds behind"
        _refuses(replica)
        clusters.standby.resume_replay()
        clusters.standby.catch_up(clusters.primary)
        now[0] = 112.0
        replica.look()
        assert replica.lag_seconds == 0
    finally:
        standby.close()


def _refuses(replica: Replica) -> None:
    with pytest.raises(StoreUnavailable, match="the replica is not read"), replica.reading():
        pass


def test_a_file_has_no_replica(tmp_path: Path, primary: Database) -> None:
    settings = Settings(read_database_url=f"sqlite:///{tmp_path / 'replica.db'}")
    with pytest.raises(SettingsError, match="TOLLBOOK_READ_DATABASE_URL must be"):
        replica_of(settings, primary)
    assert replica_of(Settings(), primary) is None
