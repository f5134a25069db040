"""Which statements PostgreSQL is at work on, and which transactions are ended."""

from contextlib import closing

import psycopg

from tests.conftest import Postgres
from tests.waiting import wait_for
from tollbook.store.postgres.statement_watchdog import _AT_WORK, _END


def test_a_server_that_waits_for_its_client_is_not_at_work_and_is_ended(
    postgres: Postgres, postgres_url: str
) -> None:
    with (
        psycopg.connect(postgres.admin, autocommit=True) as other,
        closing(psycopg.connect(postgres_url)) as waiting,
    ):
        waiting.execute("CREATE TABLE held (n integer)")
        backends = [[waiting.info.backend_pid]]
        assert other.execute(_AT_WORK.encode(), backends).fetchall() == []
        assert other.execute(_END.encode(), [*backends, 3600]).fetchall() == []
        assert other.execute(_END.encode(), [*backends, 0]).fetchall() == [(True,)]


def test_a_copy_without_its_rows_is_not_at_work(postgres: Postgres, postgres_url: str) -> None:
    with (
        psycopg.connect(postgres.admin, autocommit=True) as other,
        psycopg.connect(postgres_url) as copying,
    ):
        copying.execute("CREATE TEMPORARY TABLE copied (n integer)")
        backends = [[copying.info.backend_pid]]
        with copying.cursor() as cursor, cursor.copy("COPY copied FROM STDIN"):
            # It waits for its rows.
            wait_for(lambda: other.execute(_AT_WORK.encode(), backends).fetchall() == [])


def test_a_statement_that_runs_is_at_work(postgres: Postgres, postgres_url: str) -> None:
    with (
        psycopg.connect(postgres.admin, autocommit=True) as other,
        closing(psycopg.connect(postgres_url, autocommit=True)) as running,
    ):
        backend = running.info.backend_pid
        running.pgconn.send_query(b"SELECT pg_sleep(60)")
        wait_for(lambda: other.execute(_AT_WORK.encode(), [[backend]]).fetchall() == [(backend,)])
        assert other.execute(_END.encode(), [[backend], 0]).fetchall() == []
        other.execute("SELECT pg_terminate_backend(%s)", [backend])
