"""tollbook import --follow while the database is away, from its start on."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
import psycopg
import pytest

from tests import plain_http
from tests.cli.conftest import Ran, Tollbook
from tests.proxies import Proxy
from tests.servers import free_port
from tests.waiting import wait_for
from tollbook import wiring

COLUMNS = (
    *("--format", "csv", "--column", "id=id", "--column", "time=time", "--column", "to=to"),
    *("--column", "quantity=seconds", "--timezone", "UTC", "--organization", "org_1"),
)
ROWS = "id,time,seconds,to\n1,2024-06-15 10:00:00,61,+442079460100\n"


class Followed(NamedTuple):
    """A file that is followed over a way to the database that may be down."""

    tollbook: Tollbook
    url: str
    proxy: Proxy
    path: Path
    state: Path
    port: int

    def run(self) -> Ran:
        metrics = f"127.0.0.1:{self.port}"
        options = ("--follow", "--state", str(self.state), "--metrics", metrics)
        return self.tollbook("import", str(self.path), *COLUMNS, *options)

    def health(self) -> int | None:
        try:
            return plain_http.get(f"http://127.0.0.1:{self.port}/healthz", timeout=1).status_code
        except httpx.TransportError:
            return None

    def stored(self) -> int:
        """Return the number of events: they are in quarantine, because nothing was set up."""
        with psycopg.connect(self.url) as connection:
            (row,) = connection.execute("SELECT count(*) FROM quarantine").fetchall()
        return int(row[0])

    def offset(self) -> int:
        if not self.state.exists():
            return 0
        files = msgspec.json.decode(self.state.read_bytes())["files"]
        return sum(it["offset"] for it in files)


@pytest.fixture
def followed(
    tollbook: Tollbook, emptied_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Followed]:
    monkeypatch.setattr(wiring, "_VERB_RETRY_SECONDS", 0)
    monkeypatch.setattr("tollbook.cli.import_follow._FIRST_WAIT", 0.1)
    path = Path(tollbook.write("cdr.csv", ROWS))
    with Proxy(emptied_postgres_url) as proxy:
        monkeypatch.setenv("TOLLBOOK_DATABASE_URL", proxy.url)
        proxy.down()
        yield Followed(
            tollbook, emptied_postgres_url, proxy, path, tmp_path / "state.json", free_port()
        )


def end() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_it_waits_for_a_database_that_is_away_when_it_starts(followed: Followed) -> None:
    def appear() -> None:
        wait_for(lambda: followed.health() == 503)
        followed.proxy.up()
        wait_for(lambda: followed.offset() == followed.path.stat().st_size)
        assert followed.health() == 200
        end()

    with ThreadPoolExecutor(1) as other:
        watching = other.submit(appear)
        ran = followed.run()
        watching.result()
    assert (ran.code, ran.err.count("waiting for the database")) == (0, 1)
    assert "1 new" in ran.out
    assert followed.stored() == 1


def test_a_signal_ends_the_wait_and_loses_nothing(followed: Followed) -> None:
    def stop() -> None:
        wait_for(lambda: followed.health() == 503)
        end()

    with ThreadPoolExecutor(1) as other:
        watching = other.submit(stop)
        ran = followed.run()
        watching.result()
    assert (ran.code, followed.offset()) == (0, 0)
    assert followed.stored() == 0


def test_a_file_that_is_no_database_is_an_error_at_once(
    tollbook: Tollbook, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tollbook.write("broken.db", b"no database " * 1_000)
    monkeypatch.setenv("TOLLBOOK_DATABASE_URL", f"sqlite:///{broken}")
    path = tollbook.write("cdr.csv", ROWS)
    ran = tollbook("import", path, *COLUMNS, "--follow", "--state", "state.json")
    assert (ran.code, "waiting" in ran.err) == (1, False)
