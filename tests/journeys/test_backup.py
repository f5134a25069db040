"""A ledger backed up under load and restored elsewhere has all that was acknowledged before."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.builders import Platform
from tests.conftest import Postgres, on_one_server
from tests.journeys.load import ORGANIZATIONS, Ledger, Sender
from tests.servers import Server
from tollbook.store.backups import back_up, restore
from tollbook.store.database import open_database

CLIENTS = 3
BACKUPS = 3


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'elsewhere.db'}"
        return
    cluster: Postgres = request.getfixturevalue("postgres")
    name = cluster.create(migrated=False)
    yield cluster.url(name)
    cluster.drop(name)


def nothing(_done: int, _total: int) -> None:
    """Show no progress."""


@on_one_server
def test_a_backup_under_load_has_everything_that_was_acknowledged_before_it_began(
    database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    with closing(open_database(database_url)) as database:
        platform = Platform(database)
        for organization in ORGANIZATIONS:
            platform.organization(organization)
        key = platform.key()
    senders = [Sender(f"client {number}") for number in range(CLIENTS)]
    with Server(database_url) as server, ThreadPoolExecutor(CLIENTS) as pool:
        sendings = [pool.submit(it.send_until_cut_off, server, key) for it in senders]
        before = []
        try:
            for number in range(BACKUPS):
                for sender in senders:
                    sender.wait_until_told(20)
                before.append([request for it in senders for request in list(it.acknowledged)])
                back_up(database_url, tmp_path / str(number), nothing, quick=False)
        finally:
            server.stop()
        for sending in sendings:
            sending.result()
    for number, acknowledged in enumerate(before):
        restore(elsewhere, tmp_path / str(number), nothing, replace=number > 0, quick=False)
        with closing(open_database(elsewhere)) as database:
            ledger = Ledger(database)
            assert all(ledger.holds(request) for request in acknowledged)
            assert ledger.agrees()
            with database.reading() as snapshot:
                (keys,) = snapshot.rows("SELECT COUNT(*) FROM api_keys")
            assert keys == (1,)
    assert len(before[0]) < len(before[-1])
