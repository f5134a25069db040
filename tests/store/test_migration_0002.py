"""Migration 0002 on both engines: a first release's books and rates keep versions and ids."""

from collections.abc import Iterator

import pytest
from alembic import command

from tests.builders import Platform, event
from tollbook.domain.books import BookStatus, list_books
from tollbook.domain.prices import Basis, Pricing, Rate
from tollbook.store import prices
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import _config, migrate
from tollbook.store.tables.schema import SCHEMA_VERSION

RATE = """
INSERT INTO rates (
    rate_id, tenant_id, version, position, meter, price, per, price_picos, per_micros, per_event,
    conditions
)
VALUES (:id, 'default', :version, :position, :meter, :price, :per, :picos, :micros, :event, :when)
"""
WHOLE = (
    '{"meter":"voice.call","pricing":{"price":"0.12","per":"minute","price_picos":120000000000,'
    '"per_micros":60000000},"to":"%s"}'
)


@pytest.fixture
def old(empty_url: str) -> Iterator[Database]:
    """A database as migration 0001 left it, with two books of one tenant."""
    database = open_database(empty_url, schema_version=None)
    with database.engine.writer() as connection, connection.begin():
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with database.writing() as transaction:
        transaction.execute("INSERT INTO tenants VALUES ('default', 'default', 1)")
        for version, day in ((1, 20200101), (2, 20240201)):
            transaction.execute(
                "INSERT INTO price_books (tenant_id, version, name, currency, effective_from, "
                "source, created_at) VALUES ('default', :version, 'Old', 'USD', :day, 'x', 77)",
                version=version,
                day=day,
            )
    yield database
    database.close()


def add_rate(database: Database, rate_id: int, version: int, **given: object) -> None:
    usual = {
        "position": rate_id,
        "meter": "sms.outbound",
        "price": "0.5",
        "per": "message",
        "picos": 500_000_000_000,
        "micros": 1_000_000,
        "event": 1,
        "when": "[]",
    }
    with database.writing() as transaction:
        transaction.execute(RATE, id=rate_id, version=version, **{**usual, **given})


def test_rates_keep_their_ids_whichever_way_they_were_written(old: Database) -> None:
    add_rate(old, 5, 1)
    add_rate(old, 6, 1, when='[["route","direct"]]')
    add_rate(old, 7, 2, when=WHOLE % "44")
    add_rate(old, 8, 2, when=WHOLE % "447")
    migrate(old)
    call = Pricing("0.12", "minute", 120_000_000_000, 60_000_000)
    message = Pricing("0.5", "message", 500_000_000_000, 1_000_000, Basis.EVENT)
    with old.reading() as snapshot:
        first, second = prices.price_book_heads(snapshot, "default")
        assert prices.price_book_rates(snapshot, "default", first, 0, 9) == [
            Rate("sms.outbound", message, id=5),
            Rate("sms.outbound", message, when=(("route", "direct"),), id=6),
        ]
        assert prices.price_book_rates(snapshot, "default", second, 0, 9) == [
            Rate("voice.call", call, to="44", id=7),
            Rate("voice.call", call, to="447", id=8),
        ]
        templates = snapshot.rows("SELECT version, number FROM rate_templates ORDER BY 1, 2")
        assert templates == [(1, 0), (1, 1), (2, 0)]
        found = prices.find_rate(snapshot, "default", 6)
        assert found is not None
        assert found[0] == first


def test_books_are_published_since_they_were_loaded(old: Database) -> None:
    add_rate(old, 5, 1)
    add_rate(old, 7, 2)
    migrate(old)
    with old.reading() as snapshot:
        heads = prices.price_book_heads(snapshot, "default")
    assert [(it.published_at, it.first_rate, it.last_rate) for it in heads] == [
        (77, 5, 5),
        (77, 7, 7),
    ]
    standing = [(it.status, it.last_day) for it in list_books(heads, 20240301)]
    assert standing == [(BookStatus.SUPERSEDED, 20240131), (BookStatus.PUBLISHED, None)]


def test_events_go_on_being_priced_and_the_next_book_gets_other_ids(old: Database) -> None:
    add_rate(old, 41, 1, when=WHOLE % "")
    migrate(old)
    platform = Platform(Database(old.engine, schema_version=SCHEMA_VERSION))
    platform.organization()
    assert platform.statuses(event(quantity=60)) == ["accepted"]
    assert platform.rows("SELECT rate_id, cost FROM events") == [(41, 120_000_000)]
    with old.writing() as transaction:
        head = prices.price_book_heads(transaction, "default")[0]
        book = prices.read_price_book(transaction, "default", head)
        version = prices.add_price_book(transaction, "default", book, 1)
        added = prices.find_price_book(transaction, "default", version)
    assert added is not None
    assert (version, added.first_rate) == (3, 42)


def test_a_book_without_rates_is_carried_over(old: Database) -> None:
    migrate(old)
    with old.reading() as snapshot:
        heads = prices.price_book_heads(snapshot, "default")
        assert [it.rates for it in heads] == [0, 0]
        assert prices.read_price_book(snapshot, "default", heads[0]).decks[0].prefixes == []
