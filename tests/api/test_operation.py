"""What operators watch: alive, ready, metrics."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import plain_http
from tests.alerts.watching import Watching
from tests.builders import Platform, event
from tests.conftest import Postgres
from tests.servers import Server
from tests.waiting import wait_for
from tollbook.api.operation.health import Health, Readiness
from tollbook.api.pipeline.write_queue import WriteQueue
from tollbook.domain.triggers import TriggerPeriod
from tollbook.ingest.directory_cache import DirectoryCache
from tollbook.store.database import Database, open_database
from tollbook.store.probe import try_to_write
from tollbook.wiring import now


@pytest.fixture
def server(sqlite_url: str) -> Iterator[Server]:
    with Server(sqlite_url) as running:
        yield running


def checks_at(server: Server, status: int) -> dict[str, str]:
    """Wait until a server is ready (200) or not (503), and return what it checked."""
    with server.client() as http:
        response = wait_for(lambda: (it := http.get("/readyz")).status_code == status and it)
    checks: dict[str, str] = response.json()["checks"]
    return checks


def test_a_server_is_alive_and_ready_and_needs_no_key_to_say_so(server: Server) -> None:
    with server.client() as http:
        assert http.get("/healthz").json()["status"] == "ok"
        response = http.get("/readyz")
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
        every = dict.fromkeys(("queue", "disk", "migrations", "writer", "reads", "clock"), "ok")
        assert response.json() == {"ready": True, "degraded": False, "checks": every}


@pytest.fixture
def health(database: Database) -> Iterator[Health]:
    queue = WriteQueue(database, DirectoryCache(database), now, 1, 1).queue
    queue.start()
    yield Health(database, queue, min_free_mib=0)
    queue.close()


def test_thousands_that_ask_at_once_share_one_check(
    health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[Database] = []

    def counted(database: Database) -> None:
        written.append(database)
        try_to_write(database)

    monkeypatch.setattr("tollbook.api.operation.health.try_to_write", counted)

    async def ask() -> list[Readiness]:
        return await asyncio.gather(*(health.readiness() for _ in range(4_000)))

    found = asyncio.run(ask())
    assert {it.ready for it in found} == {True}
    assert len(written) == 1


def test_a_check_has_its_time_from_when_it_runs(
    health: Health, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tollbook.api.operation.health._PATIENCE", 1.0)

    async def ask() -> Readiness:
        asked = asyncio.create_task(health.readiness())
        for _ in range(3):
            await asyncio.sleep(0)
            time.sleep(1.5)  # the loop has other work for longer than a check may take
        return await asked

    assert asyncio.run(ask()).ready


def test_a_client_that_leaves_does_not_end_the_check_of_others(health: Health) -> None:
    async def ask() -> Readiness:
        first, second = (asyncio.create_task(health.readiness()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(ask()).ready


def test_a_database_that_takes_no_writes_makes_it_red_until_it_does(
    server: Server, sqlite_url: str
) -> None:
    other = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    checks = checks_at(server, 503)
    assert checks["writer"] == "no answer from the database within 5 seconds"
    assert plain_http.get(f"{server.address}/healthz").status_code == 200
    other.execute("ROLLBACK")
    other.close()
    assert checks_at(server, 200)


def test_postgresql_that_is_gone_or_read_only_makes_it_red(
    postgres: Postgres, postgres_url: str
) -> None:
    name = postgres_url.rpartition("/")[2]
    with Server(postgres_url) as server, psycopg.connect(postgres.admin, autocommit=True) as admin:

        def cut(setting: str) -> None:
            admin.execute(f"ALTER DATABASE {name} {setting}")  # type: ignore[arg-type]
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )

        cut("SET default_transaction_read_only = on")
        assert checks_at(server, 503)
        cut("RESET default_transaction_read_only")
        assert checks_at(server, 200)
        cut("ALLOW_CONNECTIONS false")
        checks = checks_at(server, 503)
        assert checks["writer"] == "the database is not available; nothing was stored"
        cut("ALLOW_CONNECTIONS true")
        assert checks_at(server, 200)


def test_a_later_schema_makes_it_red(server: Server, sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    with database.writing() as transaction:
        transaction.execute("UPDATE directory_state SET schema_version = '9999'")
    database.close()
    assert "migration 9999" in checks_at(server, 503)["migrations"]


def test_a_disk_that_is_nearly_full_makes_it_red(sqlite_url: str) -> None:
    with Server(sqlite_url, min_free_mib="999999999") as server:
        assert "MiB are free where the database is" in checks_at(server, 503)["disk"]


def samples(text: str) -> dict[str, float]:
    """Return what was measured, each by its name and labels."""
    return {
        " ".join((it.name, *it.labels.values())): it.value
        for family in text_string_to_metric_families(text)
        for it in family.samples
    }


def test_metrics_count_events_requests_commits_and_what_waits(
    server: Server, sqlite_url: str
) -> None:
    database = open_database(sqlite_url)
    platform = Platform(database)
    platform.organization()
    key = platform.key()
    with server.client(key) as http:
        events = [event(id="1"), event(id="2"), event(id="3", organization_id="nobody")]
        assert http.post("/v1/events", json=events).status_code == 207
        question = "/v1/analytics/users?organization_id=org_1"
        tag = http.get(question).headers["etag"]
        http.get(question)
        http.get(question, headers={"If-None-Match": tag})
        http.get("/v1/analytics/users")
        seen = samples(http.get("/metrics").text)
    assert seen["tollbook_events_total accepted"] == 2
    assert seen["tollbook_events_total quarantined"] == 1
    assert seen["tollbook_requests_total postEvents 207"] == 1
    assert seen["tollbook_requests_total getUserAnalytics 400"] == 1
    assert seen["tollbook_request_seconds_count getUserAnalytics"] == 4
    answers = [seen[f"tollbook_answers_total {it}"] for it in ("ledger", "cache", "client")]
    assert answers == [1, 1, 1]
    assert seen["tollbook_commit_events_sum"] == 3
    assert seen["tollbook_quarantine_events unknown_organization"] == 1
    assert seen["tollbook_quarantine_events no_price"] == 0
    assert seen["tollbook_queue_events"] == seen["tollbook_body_bytes"] == 0
    assert seen["tollbook_database_bytes"] == pytest.approx(
        Path(sqlite_url.removeprefix("sqlite:///")).stat().st_size, rel=2
    )
    assert seen["tollbook_connections"] == 1
    assert seen["tollbook_unread_bytes"] == 0
    assert seen["process_resident_memory_bytes"] > 10**7
    assert seen["process_cpu_seconds_total"] > 0
    assert 0 < seen["process_open_fds"] < seen["process_max_fds"]
    database.close()


def test_refusals_are_counted_by_their_kind(server: Server, sqlite_url: str) -> None:
    with server.client("tb_0123456789ab_none") as http:
        for _ in range(2):
            assert http.get("/v1/keys/self").status_code == 401
        assert http.get("/v1/analytics/users").status_code == 401
        seen = samples(http.get("/metrics").text)
    assert seen["tollbook_refusals_total invalid_api_key"] == 3


def test_metrics_may_need_a_token(sqlite_url: str) -> None:
    with Server(sqlite_url, metrics_token="of the operator") as server, server.client() as http:
        assert http.get("/metrics").status_code == 401
        headers = {"Authorization": "Bearer of the operator"}
        assert http.get("/metrics", headers=headers).status_code == 200
        headers = {"Authorization": "Bearer ö"}
        assert http.get("/metrics", headers={k: v.encode() for k, v in headers.items()}).is_error


def test_looks_and_notifications_are_counted(sqlite_url: str) -> None:
    database = open_database(sqlite_url)
    watching = Watching(database)
    watching.trigger(10, period=TriggerPeriod.ALL)
    watching.statuses(event(quantity=6_100))
    started = time.time()

    def seen() -> dict[str, float]:
        return samples(http.get("/metrics").text)

    with Server(sqlite_url, alerts="true") as server, server.client() as http:
        wait_for(lambda: "tollbook_notifications_total trigger.reached" in seen())
        found = seen()
    assert found["tollbook_notifications_total trigger.reached"] == 1
    assert found["tollbook_alerts_look_seconds_count"] >= 1
    assert found["tollbook_alerts_last_look_timestamp_seconds"] > started - 1
    database.close()
