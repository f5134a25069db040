"""Kills of clients and servers at any moment: nothing is lost, and nothing is stored twice.

`TOLLBOOK_TEST_KILLS` is the number of kills of each kind; the default is few.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.api.conftest import Tenant
from tests.servers import Server
from tests.waiting import PATIENCE, wait_for

import tollbook_client
from tollbook.store.database import open_database
from tollbook_client import Client, Meter

KILLS = int(os.environ.get("TOLLBOOK_TEST_KILLS", "2"))
SOURCE = str(Path(tollbook_client.__file__).parents[1])
RECORDER = """
import sys
import time
from tollbook_client import Meter

address, key, spool, journal, first = sys.argv[1:]
meter = Meter(address, key, spool=spool, organization_id="org_1", flush_interval=0.01)
number = int(first)
with open(journal, "a", buffering=1) as file:
    while True:
        identity = f"event-{number}"
        file.write(f"begun {identity}\\n")
        meter.record("sms.outbound", id=identity, time="2024-01-15T10:30:00Z")
        file.write(f"recorded {identity}\\n")
        number += 1
        time.sleep(0.001)  # fewer events to send and compare, between the same kills
"""
WRITER = """
import sys
from tollbook_client import Meter

address, key, spool, name, number = sys.argv[1:]
meter = Meter(address, key, spool=spool, organization_id="org_1")
for i in range(int(number)):
    meter.record("sms.outbound", id=f"{name}-{i}", time="2024-01-15T10:30:00Z")
meter.close(timeout=0)
"""


def run(program: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": SOURCE})


def journal_of(path: Path) -> tuple[set[str], set[str]]:
    """Return the ids whose record had begun, and those whose record had returned."""
    begun, recorded = set(), set()
    for line in path.read_text().splitlines():
        kind, _, identity = line.partition(" ")
        (begun if kind == "begun" else recorded).add(identity)
    return begun, recorded


def stored(address: str, key: str) -> Counter[str]:
    with Client(address, key) as client:
        rows = client.iter_events(
            organization_id="org_1", start_date="2024-01-15", end_date="2024-01-15", limit=1000
        )
        return Counter(row.id for row in rows)


def left_after(address: str, key: str, spool: Path) -> int:
    with Meter(address, key, spool=spool) as meter:
        left = meter.flush(PATIENCE)
        while left and (less := meter.flush(PATIENCE)) < left:  # as long as there is progress
            left = less
        assert list(meter.problems()) == []
    return left


@pytest.fixture
def own_server(sqlite_url: str) -> Server:
    return Server(sqlite_url)


@pytest.fixture
def key(own_server: Server, sqlite_url: str) -> str:
    database = open_database(sqlite_url)
    with own_server.client() as http:
        tenant = Tenant(database, http)
        tenant.organization()
    database.close()
    return tenant.admin


def test_kills_of_the_client(own_server: Server, key: str, tmp_path: Path) -> None:
    spool, journal = tmp_path / "spool.db", tmp_path / "journal"
    journal.touch()
    with own_server:
        for _ in range(KILLS):
            first = len(journal.read_text().splitlines())
            process = run(RECORDER, own_server.address, key, spool, journal, first)
            wait_for(lambda before=first: len(journal.read_text().splitlines()) > before)
            time.sleep(random.uniform(0, 0.3))
            process.kill()
            process.wait()
        assert left_after(own_server.address, key, spool) == 0
        check(journal, stored(own_server.address, key))


def test_kills_of_the_server(own_server: Server, key: str, tmp_path: Path) -> None:
    spool, journal = tmp_path / "spool.db", tmp_path / "journal"
    journal.touch()
    own_server.start()
    process = run(RECORDER, own_server.address, key, spool, journal, 0)
    wait_for(lambda: bool(journal.read_text()))
    try:
        for _ in range(KILLS):
            time.sleep(random.uniform(0, 0.3))
            own_server.kill()
            own_server.start()
    finally:
        process.kill()
        process.wait()
    with own_server.client():
        assert left_after(own_server.address, key, spool) == 0
        check(journal, stored(own_server.address, key))
    own_server.stop()


def check(journal: Path, found: Counter[str]) -> None:
    """Compare the ledger with what was recorded; a kill may fall between the two lines."""
    begun, recorded = journal_of(journal)
    assert recorded <= set(found) <= begun
    assert len(begun - recorded) <= KILLS
    assert set(found.values()) == {1}


def test_processes_share_a_spool(own_server: Server, key: str, tmp_path: Path) -> None:
    spool = tmp_path / "spool.db"
    with own_server:
        writers = [run(WRITER, own_server.address, key, spool, f"w{i}", 300) for i in range(4)]
        assert [writer.wait() for writer in writers] == [0, 0, 0, 0]
        assert left_after(own_server.address, key, spool) == 0
        found = stored(own_server.address, key)
    assert set(found) == {f"w{i}-{j}" for i in range(4) for j in range(300)}
    assert set(found.values()) == {1}
