"""A tenant whose ledger is in a file, and brokers that the tests of a module share."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.brokers.processes import Consuming, Nats
from tests.brokers.streams import Stream
from tests.builders import Platform
from tollbook.brokers import consumer
from tollbook.domain.keys import Permission
from tollbook.store.database import open_database


class Ledger(Platform):
    """A tenant with the organization org_1 on a database, and a key that sends events."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(open_database(url))
        self.organization()
        self.writer = self.key(Permission.WRITE_EVENTS)

    def consuming(self, url: str, *options: str, **settings: Any) -> Consuming:
        key = str(settings.pop("key", self.writer))
        return Consuming(self.url, key, url, *options, **settings)

    def ids(self) -> list[str]:
        with self.database.reading() as snapshot:
            rows = snapshot.rows(
                "SELECT id_text(id) FROM events WHERE organization_id = :number ORDER BY id",
                number=self.number("org_1"),
            )
        return [row[0] for row in rows]

    def set_schema_version(self, version: str) -> str:
        """Change the version of the schema, at another of which consumers refuse the database.

        Return the version before.
        """
        with (
            closing(open_database(self.url, schema_version=None)) as database,
            database.writing() as transaction,
        ):
            row = transaction.row("SELECT schema_version FROM directory_state WHERE id = 1")
            assert row is not None
            transaction.execute(
                "UPDATE directory_state SET schema_version = :version WHERE id = 1",
                version=version,
            )
        return str(row[0])


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    it = Ledger(ledger_url)
    yield it
    it.database.close()


@pytest.fixture
def shared_ledger(emptied_postgres_url: str) -> Iterator[Ledger]:
    """A ledger on PostgreSQL, in which several processes write at the same time."""
    it = Ledger(emptied_postgres_url)
    yield it
    it.database.close()


@pytest.fixture(scope="module")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    with Nats(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
def stream(nats_server: Nats) -> Stream:
    return Stream(nats_server)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again, and end batches, without waiting."""
    monkeypatch.setattr(consumer, "pause", lambda _: 0.0)
    monkeypatch.setattr(consumer, "_BATCH_SECONDS", 0.0)
    monkeypatch.setattr(consumer, "_FETCH_SECONDS", 0.0)
