"""PostgreSQL behind a pooler that gives each transaction another session."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from tests.builders import Platform, event
from tests.commands import run_command
from tests.poolers import Pooler, program
from tests.servers import Server
from tollbook.store.database import Database, open_database

SEVERAL_BATCHES = 12_000


@pytest.fixture
def pooler(postgres_url: str) -> Iterator[Pooler]:
    with Pooler(postgres_url, program()) as running:
        yield running


@pytest.fixture
def pooled(pooler: Pooler) -> Iterator[Database]:
    database = open_database(pooler.url)
    yield database
    database.close()


def test_writes_and_reads_of_many_threads_share_the_sessions_of_a_pooler(pooled: Database) -> None:
    platform = Platform(pooled)
    for n in range(4):
        platform.organization(f"org_{n}")

    def send(n: int) -> list[str]:
        of = f"org_{n % 4}"
        rows = platform.users(of)  # each statement often enough to be prepared, if it were
        assert rows["organization_id"] == of
        return platform.statuses(
            event(id=f"a{n}", organization_id=of), event(id=f"b{n}", organization_id=of)
        )

    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(send, range(120)))
    assert found == [["accepted", "accepted"]] * 120
    assert platform.differences() == []


def test_a_file_is_imported_through_a_pooler_and_adds_up(pooler: Pooler, tmp_path: Path) -> None:
    sent = (event(id=f"call-{n}", user_id=f"user_{n % 9}") for n in range(SEVERAL_BATCHES))
    (tmp_path / "events.ndjson").write_text("".join(f"{json.dumps(it)}\n" for it in sent))
    for verb in (
        ("migrate",),
        ("prices", "load", "--example"),
        ("organizations", "create", "org_1"),
        ("import", "events.ndjson"),
        ("verify",),
    ):
        done = run_command(pooler.url, *verb, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{SEVERAL_BATCHES} events against")
    assert done.stdout.endswith(": all agree\n")


def test_a_server_behind_a_pooler_answers_every_request(pooler: Pooler) -> None:
    platform_database = open_database(pooler.url)
    platform = Platform(platform_database)
    platform.organization()
    key = platform.key()
    with Server(pooler.url) as server, server.client(key) as client:

        def send(n: int) -> tuple[int, int]:
            sent = client.post("/v1/events", json=event(id=f"call-{n}")).status_code
            path = "/v1/analytics/users?organization_id=org_1"
            return sent, client.get(path).status_code

        with ThreadPoolExecutor(8) as threads:
            assert set(threads.map(send, range(100))) == {(200, 200)}
        assert client.get("/readyz").status_code == 200
    platform_database.close()


def test_what_an_older_version_left_in_a_session_is_not_in_the_way(
    pooler: Pooler, pooled: Database
) -> None:
    with psycopg.connect(pooler.url, prepare_threshold=None) as older:
        older.execute("CREATE TEMPORARY TABLE staging (other INTEGER)")
    platform = Platform(pooled)
    platform.organization()
    assert platform.statuses(event()) == ["accepted"]


def test_commits_through_a_pooler_are_durable_whatever_the_session_says(
    postgres_url: str, pooled: Database
) -> None:
    name = postgres_url.rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = off".encode())
    with pooled.writing() as transaction:
        assert transaction.row("SHOW synchronous_commit") == ("on",)
