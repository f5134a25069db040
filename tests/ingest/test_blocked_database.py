"""PostgreSQL that is locked or refuses: what one request waits for stops no other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
import pytest

from tests.api.conftest import error_of
from tests.builders import Json, Platform, event
from tests.inside import serving
from tests.servers import Server
from tests.waiting import wait_for
from tollbook.api.operation.maintenance import months_ahead
from tollbook.ingest import partition_wait
from tollbook.store.database import Database, open_database
from tollbook.wiring import now

NEW_MONTH = "2021-05-10T10:30:00Z"
EVENTS = "/v1/events?organization_id=org_1&start_date=2024-01-01&end_date=2024-01-31"


@pytest.fixture
def platform(postgres_url: str) -> Iterator[Platform]:
    database = open_database(postgres_url)
    platform = Platform(database)
    platform.organization("org_1")
    platform.organization("org_2")
    platform.send(event(id="first"))
    yield platform
    database.close()


class Sent:
    """A request under way in a thread."""

    def __init__(self, client: httpx.Client, **given: object) -> None:
        self.status: int | None = None
        self._thread = threading.Thread(target=self._send, args=(client, event(**given)))
        self._thread.start()

    def _send(self, client: httpx.Client, body: Json) -> None:
        self.status = client.post("/v1/events", json=body).status_code

    def result(self) -> int | None:
        self._thread.join()
        return self.status


@contextmanager
def holding(url: str, statement: str) -> Iterator[None]:
    """Keep the locks of a statement, as a slow client of the database does."""
    with psycopg.connect(url) as holder:
        holder.execute(statement.encode())
        yield
        holder.rollback()


def test_a_slow_reader_keeps_nobody_from_writing_the_first_event_of_a_month(
    platform: Platform, postgres_url: str
) -> None:
    with (
        Server(postgres_url) as server,
        server.client(platform.key()) as client,
        holding(postgres_url, "SELECT * FROM events LIMIT 1"),
    ):
        first = client.post("/v1/events", json=event(id="new", time=NEW_MONTH))
        assert first.status_code == 200
        assert client.post("/v1/events", json=event(id="next")).status_code == 200
        assert client.get(EVENTS).status_code == 200
        assert client.get("/v1/events/org_1/new").status_code == 200


def test_only_requests_of_a_month_that_is_not_ready_wait_and_the_others_go_before_them(
    platform: Platform, postgres_url: str
) -> None:
    with Server(postgres_url) as server, server.client(platform.key()) as client:
        with holding(postgres_url, "LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE"):
            waiting = Sent(client, id="new", time=NEW_MONTH)
            for n in range(5):
                sent = client.post("/v1/events", json=event(id=f"{n}", organization_id="org_2"))
                assert sent.status_code == 200
            assert client.get(EVENTS).status_code == 200
            assert waiting.status is None
        assert waiting.result() == 200
    assert platform.differences() == []


def test_a_month_that_cannot_be_made_ready_is_503_with_nothing_stored(
    platform: Platform, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition_wait, "_PATIENCE", 0.0)
    key = platform.key()
    with serving(open_database(postgres_url), key) as client:
        with holding(postgres_url, "LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE"):
            body = [event(id="old"), event(id="new", time=NEW_MONTH)]
            refused = client.post("/v1/events", json=body)
            assert refused.status_code == 503
            assert error_of(refused)["code"] == "month_not_ready"
            assert refused.headers["retry-after"] == "5"
        again = client.post("/v1/events", json=body).json()
        assert [it["status"] for it in again["receipts"]] == ["accepted"] * 2


def test_the_running_and_the_next_two_months_are_ready_before_their_events_come(
    postgres_url: str,
) -> None:
    database = open_database(postgres_url)
    present = "SELECT COUNT(*) FROM pg_class WHERE relname IN :names"
    names = [f"events_{month}" for month in months_ahead(now())]
    with serving(open_database(postgres_url)):
        platform = Platform(database)
        wait_for(lambda: platform.rows(present, names=names)[0][0] == 3)
    database.close()


def test_the_months_ahead_go_over_the_end_of_a_year() -> None:
    assert list(months_ahead(1_732_600_000_000_000)) == [202411, 202412, 202501]


def test_a_partition_that_is_gone_is_made_again_by_the_event_that_needs_it(
    platform: Platform, postgres_url: str
) -> None:
    with Server(postgres_url) as server, server.client(platform.key()) as client:
        new = event(id="new", time=NEW_MONTH)
        assert client.post("/v1/events", json={**new, "id": "before"}).status_code == 200
        with psycopg.connect(postgres_url) as connection:
            connection.execute("DROP TABLE events_202105")
        assert client.post("/v1/events", json=new).status_code == 200


def test_a_statement_that_hangs_stops_neither_health_nor_requests_that_do_without_it(
    platform: Platform, postgres_url: str
) -> None:
    known, unknown = platform.key(), platform.key()
    with (
        Server(postgres_url) as server,
        server.client(known) as client,
        server.client(unknown) as stranger,
    ):
        assert client.post("/v1/events", json=event(id="known")).status_code == 200
        with holding(postgres_url, "LOCK TABLE api_keys IN ACCESS EXCLUSIVE MODE"):
            # Its key is looked up in the database, under the lock of what is in memory.
            hanging = Sent(stranger, id="hanging")
            wait_for(lambda: _waits(postgres_url))
            sent = client.post("/v1/events", json=event(id="next"))
            assert sent.status_code == 200
            assert client.get("/healthz").status_code == 200
        assert hanging.result() == 200


def _waits(url: str) -> bool:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone()
    return found is not None


def test_health_answers_while_every_statement_waits(platform: Platform, postgres_url: str) -> None:
    with Server(postgres_url) as server, server.client(platform.key()) as client:
        assert client.post("/v1/events", json=event(id="known")).status_code == 200
        with holding(
            postgres_url,
            "LOCK TABLE directory_state, ledger_versions, organizations, api_keys, alembic_version "
            "IN ACCESS EXCLUSIVE MODE",
        ):
            hanging = [Sent(client, id=f"{n}") for n in range(60)]
            wait_for(lambda: _waits(postgres_url))
            for _ in range(5):
                assert client.get("/healthz").json()["status"] == "ok"
        assert {it.result() for it in hanging} == {200}


def test_readiness_is_red_when_postgresql_refuses_most_reads(postgres_url: str) -> None:
    database = open_database(postgres_url)
    for _ in range(9):
        _refused(database)
    assert database.reads.problem() is None
    _refused(database)
    assert database.reads.problem() == "the database refused 10 of the last 10 reads"
    with serving(database) as client:
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert "the database refused 10 of the last" in ready.json()["checks"]["reads"]


def test_readiness_stays_green_when_statements_fail_or_most_reads_succeed(
    postgres_url: str,
) -> None:
    database = open_database(postgres_url)
    for _ in range(20):
        with pytest.raises(Exception, match="not available"), database.reading() as snapshot:
            snapshot.row("SELECT 1 / 0")
    assert database.reads.problem() is None
    for _ in range(10):
        _refused(database)
    assert database.reads.problem() is None
    database.close()


def _refused(database: Database) -> None:
    """Read over a connection that the server has just ended."""
    with pytest.raises(Exception, match="not available"), database.reading() as snapshot:
        snapshot.row("SELECT pg_terminate_backend(pg_backend_pid())")
