"""Monthly partitions of events: created when first needed, without blocking readers or writers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import pytest

from tests.builders import Platform, event
from tollbook.domain.errors import MonthNotReady
from tollbook.store.database import Database, open_database
from tollbook.store.postgres.partitions import Partitions, empty_partition

LOCKED = "LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE"


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    with closing(open_database(postgres_url)) as opened:
        yield opened


@pytest.fixture
def partitions(database: Database) -> Partitions:
    return Partitions(database.engine.writer)


def present(url: str) -> set[str]:
    sql = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass"
    with psycopg.connect(url) as connection:
        return {row[0] for row in connection.execute(sql)}


@contextmanager
def holding(url: str, statement: str) -> Iterator[None]:
    with psycopg.connect(url) as holder:
        holder.execute(statement.encode())
        yield
        holder.rollback()


def test_a_month_is_made_once_and_known_from_then_on(
    partitions: Partitions, postgres_url: str
) -> None:
    months = {203011, 203012}
    assert partitions.missing(months) == months
    partitions.make(months)
    assert partitions.missing(months) == set()
    assert {"events_203011", "events_203012"} <= present(postgres_url)
    partitions.make(months)


def test_december_ends_with_the_year(partitions: Partitions, postgres_url: str) -> None:
    partitions.make({203012})
    sql = "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = 'events_203012'"
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute(sql).fetchone()
    assert row == ("FOR VALUES FROM (20301200) TO (20310100)",)


def test_months_before_2020_have_one_partition_that_is_there(
    partitions: Partitions, postgres_url: str
) -> None:
    before = present(postgres_url)
    assert partitions.missing({197001, 201912}) == set()
    partitions.make({197001, 201912})
    assert present(postgres_url) == before


def test_a_month_that_another_process_made_is_found(
    partitions: Partitions, database: Database
) -> None:
    Partitions(database.engine.writer).make({203105})
    assert partitions.missing({203105}) == {203105}
    assert partitions.try_to_make({203105})
    assert partitions.missing({203105}) == set()


def test_what_is_gone_is_made_again_once_it_is_forgotten(
    partitions: Partitions, postgres_url: str
) -> None:
    partitions.make({203105})
    with psycopg.connect(postgres_url) as connection:
        connection.execute("DROP TABLE events_203105")
    assert partitions.missing({203105}) == set()
    partitions.forget()
    partitions.make({203105})
    assert "events_203105" in present(postgres_url)


def test_many_at_once_make_one(postgres_url: str, database: Database) -> None:
    def make(_: int) -> None:
        Partitions(database.engine.writer).make({203201, 203202})

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(make, range(8)))
    assert {"events_203201", "events_203202"} <= present(postgres_url)


def test_a_month_is_not_ready_while_somebody_holds_the_table(
    partitions: Partitions, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tollbook.store.postgres.partitions.PATIENCE_SECONDS", 0.0)
    with holding(postgres_url, LOCKED):
        assert not partitions.try_to_make({203301})
        with pytest.raises(MonthNotReady):
            partitions.make({203301})
        assert partitions.missing({203301}) == {203301}
    assert partitions.try_to_make({203301})


@pytest.mark.parametrize("mode", ["ROW EXCLUSIVE", "ACCESS SHARE"])
def test_a_month_is_made_beside_readers_and_writers(
    partitions: Partitions, postgres_url: str, mode: str
) -> None:
    with holding(postgres_url, f"LOCK TABLE events IN {mode} MODE"):
        assert partitions.try_to_make({203401})


@contextmanager
def driver(database: Database) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with database.engine.writer() as connection, connection.begin():
        found = connection.connection.driver_connection
        assert isinstance(found, psycopg.Connection)
        yield found


@pytest.fixture
def platform(database: Database) -> Platform:
    platform = Platform(database)
    platform.organization("org_1")
    platform.organization("org_2")
    platform.send(event(), event(id="2"), event(id="3", time="2019-05-01T00:00:00Z"))
    return platform


def count(platform: Platform) -> int:
    return int(platform.rows("SELECT COUNT(*) FROM events")[0][0])


def test_a_month_of_one_organization_is_emptied_as_a_whole(
    platform: Platform, database: Database
) -> None:
    with driver(database) as connection:
        assert empty_partition(connection, platform.number("org_1"), 202401)
    assert count(platform) == 1


def test_a_month_that_others_have_events_in_stays(platform: Platform, database: Database) -> None:
    platform.send(event(organization_id="org_2"))
    for organization in ("org_1", "org_2"):
        with driver(database) as connection:
            assert not empty_partition(connection, platform.number(organization), 202401)
    assert count(platform) == 4


def test_the_partition_of_all_months_before_2020_stays(
    platform: Platform, database: Database
) -> None:
    with driver(database) as connection:
        assert not empty_partition(connection, platform.number("org_1"), 201905)
    assert count(platform) == 3


def test_a_month_that_somebody_reads_stays_and_the_transaction_goes_on(
    platform: Platform, database: Database, postgres_url: str
) -> None:
    reading = holding(postgres_url, "LOCK TABLE events_202401 IN ACCESS SHARE MODE")
    with reading, driver(database) as connection:
        assert not empty_partition(connection, platform.number("org_1"), 202401)
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert count(platform) == 3
