"""Connections to PostgreSQL: what their transactions are, and what happens when they end."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from tests.builders import Platform, event
from tests.conftest import Postgres
from tests.waiting import PATIENCE, wait_for
from tests.ways import Way
from tollbook.domain.errors import StoreUnavailable, Unreachable
from tollbook.store.database import Database, open_database
from tollbook.store.engine import Options, TimeLimit
from tollbook.store.postgres import connections, statement_watchdog, statements
from tollbook.store.postgres.connections import OF_SERVERS, Patience, Watched


def opened(url: str, **options: int) -> Database:
    return open_database(url, options=Options(**options))


def connected(url: str) -> psycopg.Connection[tuple[object, ...]] | None:
    """Return a connection, unless the server still refuses it."""
    try:
        return psycopg.connect(url)
    except psycopg.OperationalError:
        return None


def configure(url: str, setting: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        name = url.rpartition("/")[2]
        connection.execute(f"ALTER DATABASE {name} SET {setting}".encode())


@pytest.fixture
def way(postgres_url: str) -> Iterator[Way]:
    with Way(postgres_url) as running:
        yield running


def test_transactions_have_their_own_isolation_whatever_the_default(postgres_url: str) -> None:
    configure(postgres_url, "default_transaction_isolation = 'serializable'")
    configure(postgres_url, "synchronous_commit = off")
    database = opened(postgres_url)
    with database.writing() as transaction:
        assert transaction.row("SHOW transaction_isolation") == ("read committed",)
        assert transaction.row("SHOW transaction_read_only") == ("off",)
        assert transaction.row("SHOW synchronous_commit") == ("on",)
    with database.reading() as snapshot:
        assert snapshot.row("SHOW transaction_isolation") == ("repeatable read",)
        assert snapshot.row("SHOW transaction_read_only") == ("on",)
    with database.streaming() as snapshot:
        assert snapshot.row("SHOW transaction_isolation") == ("repeatable read",)
    database.close()


def test_writers_beside_each_other_do_not_fail_where_the_default_is_serializable(
    postgres_url: str,
) -> None:
    configure(postgres_url, "default_transaction_isolation = 'serializable'")
    database = opened(postgres_url)
    platform = Platform(database)
    platform.organization()
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda n: platform.statuses(event(id=f"{n}")), range(80)))
    assert found == [["accepted"]] * 80
    database.close()


LIMITS = {
    (TimeLimit.REQUEST, "0"): "30s",
    (TimeLimit.COMMIT, "0"): "1min",
    (TimeLimit.NONE, "0"): "0",
    (TimeLimit.REQUEST, "45s"): "30s",
    (TimeLimit.COMMIT, "45s"): "45s",
    (TimeLimit.NONE, "45s"): "45s",
    (TimeLimit.REQUEST, "250ms"): "250ms",
}


@pytest.mark.parametrize(("limit", "administrators"), LIMITS)
def test_a_statement_may_take_what_its_work_may_or_less_where_the_administrator_says_so(
    postgres_url: str, limit: TimeLimit, administrators: str
) -> None:
    configure(postgres_url, f"statement_timeout = '{administrators}'")
    database = opened(postgres_url)
    expected = (LIMITS[limit, administrators],)
    with database.reading(limit) as snapshot:
        assert snapshot.row("SHOW statement_timeout") == expected
    with database.writing(limit) as transaction:
        assert transaction.row("SHOW statement_timeout") == expected
    database.close()


def test_an_export_is_not_limited(postgres_url: str) -> None:
    database = opened(postgres_url)
    with database.streaming() as snapshot:
        assert snapshot.row("SHOW statement_timeout") == ("0",)
    database.close()


def test_the_network_ends_a_connection_whose_other_end_is_gone(postgres_url: str) -> None:
    database = opened(postgres_url)
    assert _parameters(database)["tcp_user_timeout"] == "15000"
    assert _parameters(database)["keepalives_idle"] == "5"
    database.close()


def test_what_the_url_says_of_the_network_goes_before(postgres_url: str) -> None:
    database = opened(f"{postgres_url}?tcp_user_timeout=7000")
    assert _parameters(database)["tcp_user_timeout"] == "7000"
    database.close()


def _parameters(database: Database) -> dict[str, str]:
    with database.engine.reader() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, Watched)
        return driver.info.get_parameters()


def test_connections_that_the_server_ended_are_replaced_and_nothing_fails(
    postgres: Postgres, postgres_url: str
) -> None:
    database = opened(postgres_url)
    platform = Platform(database)
    platform.organization()
    _read_over_two(database)
    with psycopg.connect(postgres.admin, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = %s",
            [postgres_url.rpartition("/")[2]],
        )
    _read_over_two(database)
    assert platform.statuses(event()) == ["accepted"]
    database.close()


def _read_over_two(database: Database) -> None:
    with database.reading() as one, database.reading() as other:
        assert one.row("SELECT 1") == other.row("SELECT 1")


def test_connections_that_are_idle_for_long_are_closed(postgres_url: str) -> None:
    database = opened(postgres_url, idle_connection_seconds=3600)
    _read_over_two(database)
    database.engine.upkeep()
    assert _idle(database) == 2
    for pool in (database.engine.sqlalchemy, database.engine._readers):  # type: ignore[attr-defined]
        connections.close_idle(pool, -1)
    assert _idle(database) == 0
    _read_over_two(database)
    assert _idle(database) == 2
    database.close()


def _idle(database: Database) -> int:
    return int(database.engine._readers.pool.checkedin())  # type: ignore[attr-defined]


def test_there_are_as_many_connections_as_the_settings_say(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "POOL_SECONDS", 0)
    database = opened(postgres_url, max_read_connections=1, max_write_connections=1)
    with (
        database.reading(),
        database.writing(),
        pytest.raises(Unreachable, match="all connections to the database are in use"),
    ):
        database.reading().__enter__()
    assert database.reads.problem() is None
    database.close()


def test_a_refused_connection_is_tried_again_and_then_told_with_its_reason(
    postgres: Postgres, postgres_url: str
) -> None:
    role = f"{postgres_url.rpartition('/')[2]}_role"
    with psycopg.connect(postgres.admin, autocommit=True) as admin:
        admin.execute(
            f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1 IN ROLE pg_read_all_data".encode()
        )
        try:
            url = postgres_url.replace("//postgres@", f"//{role}@")
            database = opened(url)
            holder = database.engine._holder  # type: ignore[attr-defined]
            holder.patience = Patience(0, 0)
            with psycopg.connect(url), pytest.raises(Unreachable) as refused:
                database.reading().__enter__()
            assert "too many connections" in refused.value.reason
            assert "too many" not in refused.value.sentence
            holder.patience = Patience(PATIENCE, PATIENCE)
            held = wait_for(lambda: connected(url))
            timer = threading.Timer(0.5, held.close)
            timer.start()
            with database.reading() as snapshot:
                assert snapshot.row("SELECT 1") == (1,)
            database.close()
        finally:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE usename = %s",
                [role],
            )
            admin.execute(f"DROP ROLE {role}".encode())


def test_a_wrong_database_is_refused_at_once(postgres_url: str) -> None:
    database = opened(f"{postgres_url}_not")
    with pytest.raises(Unreachable) as refused:
        database.reading().__enter__()
    assert "does not exist" in refused.value.reason
    database.close()


@pytest.mark.parametrize("in_flight", ["reading", "writing"])
def test_a_statement_whose_answer_is_lost_is_given_up_once_there_is_another_way(
    way: Way, monkeypatch: pytest.MonkeyPatch, in_flight: str
) -> None:
    monkeypatch.setattr(statement_watchdog, "_ASK_AFTER", 0.0)
    monkeypatch.setattr(statement_watchdog, "_LOOK_EVERY", PATIENCE)  # the test looks itself
    database = opened(way.url)
    begun, silent = threading.Event(), threading.Event()
    ended: list[Exception] = []

    def work() -> None:
        try:
            with getattr(database, in_flight)() as snapshot:
                begun.set()
                silent.wait(PATIENCE)
                snapshot.row("SELECT 1")
        except StoreUnavailable as error:
            ended.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert begun.wait(PATIENCE)
    way.silence()
    silent.set()
    way.open()
    _look_until(database, lambda: not thread.is_alive())
    assert len(ended) == 1
    _read_over_two(database)
    with database.writing() as transaction:
        assert transaction.row("SELECT 1") == (1,)
    database.close()


def test_a_statement_that_the_server_is_at_work_on_is_left_alone(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_watchdog, "_ASK_AFTER", 0.0)
    database = opened(postgres_url)
    found: list[object] = []

    def work() -> None:
        with database.reading() as snapshot:
            found.append(snapshot.row("SELECT 1 FROM pg_sleep(2)"))

    thread = threading.Thread(target=work)
    thread.start()
    _look_until(database, lambda: not thread.is_alive())
    assert found == [(1,)]
    database.close()


def _look_until(database: Database, done: Callable[[], bool]) -> None:
    def looked() -> bool:
        database.engine._watch.look()  # type: ignore[attr-defined]
        return done()

    wait_for(looked)


def test_a_server_says_when_it_may_open_more_connections_than_there_are(postgres_url: str) -> None:
    few = opened(postgres_url, max_read_connections=1, max_write_connections=1)
    assert few.engine.serve() is None
    assert few.engine._holder.patience == OF_SERVERS  # type: ignore[attr-defined]
    few.close()
    many = opened(postgres_url, max_read_connections=9_000, max_write_connections=1)
    assert "may open 9003 connections" in (many.engine.serve() or "")
    many.close()


def test_statements_reach_temporary_tables_by_names_of_their_own() -> None:
    sql = statements.in_psycopg("DELETE FROM staging WHERE staging.id = :id")
    name = statements._STAGING
    assert sql == f"DELETE FROM {name} AS staging WHERE staging.id = %(id)s"
