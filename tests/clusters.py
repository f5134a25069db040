"""Databases of a test run on a cluster of Citus: made on every node, emptied and used again."""

from contextlib import suppress
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.kept import Kept
from tollbook.store.copying import copy_database
from tollbook.store.database import Database, open_database
from tollbook.store.engine import Options
from tollbook.store.migrate import migrate
from tollbook.store.tables.placement import placements

Connection = psycopg.Connection[tuple[object, ...]]

_NODES = "SELECT nodename, nodeport FROM pg_dist_node WHERE noderole = 'primary' ORDER BY groupid"
_ONLY_HERE = "SET citus.enable_create_database_propagation = off"
# Partitions of months are left as they are, as on PostgreSQL.
_SHAPE = """
SELECT md5(string_agg(it, ' ' ORDER BY it)) FROM (
    SELECT concat_ws(' ', relname, attname, atttypid, attnotnull) AS it
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped AND relname !~ '^events_2'
        AND relkind IN ('r', 'p', 'i')
    UNION ALL SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal
        AND tgname !~ '^truncate_trigger'
) AS found(it)
"""
_RESTART_NUMBERS = """
SELECT setval(pg_get_serial_sequence('organizations', 'organization_id'), 1, false)
"""
_OTHERS = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE "
    "datname = current_database() AND pid <> ALL(%s) AND pid <> pg_backend_pid() "
    "AND backend_type = 'client backend' AND application_name NOT LIKE 'citus_internal%%'"
)


class CitusCluster:
    """Makes databases on every node of a cluster, and takes them back."""

    def __init__(self, coordinator: str) -> None:
        self._admin = coordinator
        with psycopg.connect(coordinator) as connection:
            found = connection.execute(_NODES).fetchall()
        self._nodes = [(str(host), int(str(port))) for host, port in found]
        self._empty: list[str] = []
        self._made: list[str] = []
        self._kept = Kept()
        self._shape: object = None
        self._rows: dict[str, list[tuple[object, ...]]] = {}

    def url(self, name: str) -> str:
        return f"{self._admin.rpartition('/')[0]}/{name}"

    def url_on(self, host: str, port: int, name: str) -> str:
        """Return the address of the database of this name on one node."""
        return psycopg.conninfo.make_conninfo(self._admin, host=host, port=port, dbname=name)

    def create(self, *, shards: int = 4, migrated: bool = True) -> str:
        """Make a database of the cluster, empty or migrated."""
        name = self.create_apart()
        self.join(name)
        if migrated:
            database = open_database(self.url(name), options=Options(shard_count=shards))
            migrate(database)
            database.close()
        return name

    def copy_of(self, url: str) -> str:
        """Copy a database into a new one of the cluster; return the URL of the copy."""
        copy = self.url(self.create())
        copy_database(url, copy, lambda _done, _total: None, of_moment=False, quick=True)
        return copy

    def create_apart(self) -> str:
        """Make a database on every node, without a cluster of them: plain PostgreSQL."""
        name = f"tollbook_test_citus_{uuid4().hex[:12]}"
        self._made.append(name)
        for host, port in self._nodes:
            self._run_on(host, port, "CREATE DATABASE {}", name)
        return name

    def join(self, name: str) -> None:
        """Make the databases of this name one cluster."""
        for host, port in self._nodes:
            with self._on(host, port, name) as connection:
                connection.execute("CREATE EXTENSION citus")
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            (host, port), *workers = self._nodes
            connection.execute("SELECT citus_set_coordinator_host(%s, %s)", [host, port])
            for host, port in workers:
                connection.execute("SELECT citus_add_node(%s, %s)", [host, port])

    def take(self) -> str:
        """Return a migrated database, which may have been used before."""
        if self._empty:
            return self._empty.pop()
        name = self.create()
        if self._shape is None:
            with psycopg.connect(self.url(name)) as connection:
                self._shape = connection.execute(_SHAPE).fetchone()
                for table in _filled(connection):
                    read = sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))
                    self._rows[table] = connection.execute(read).fetchall()
        return name

    def disconnect(self, name: str) -> None:
        self._kept.close(self.url(name))

    def open(self, url: str) -> Database:
        """Open a database, with the connections that the last test has left."""
        return self._kept.open(url)

    def leave(self, url: str, database: Database) -> None:
        """Keep the connections of a database for the next test."""
        self._kept.leave(url, database)

    def give_back(self, name: str) -> None:
        """Empty a database, or drop it when anything but its rows was changed."""
        with suppress(psycopg.Error), psycopg.connect(self.url(name), autocommit=True) as session:
            session.execute(_OTHERS, [self._kept.backends(self.url(name))])
            if session.execute(_SHAPE).fetchone() == self._shape:
                self._reset(session)
                self._empty.append(name)
                return
        self.drop(name)

    def drop(self, name: str) -> None:
        self._kept.close(self.url(name))
        self._made.remove(name)
        for host, port in self._nodes:
            self._run_on(host, port, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def close(self) -> None:
        for name in list(self._made):
            self.drop(name)

    def _reset(self, session: Connection) -> None:
        with session.transaction():
            session.execute("SET LOCAL session_replication_role = replica")  # no triggers
            session.execute("SET LOCAL citus.multi_shard_modify_mode = 'sequential'")
            for table in _filled(session):
                session.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
            for table, rows in self._rows.items():
                places = sql.SQL(", ").join([sql.Placeholder()] * len(rows[0]))
                insert = sql.SQL("INSERT INTO {} VALUES ({})")
                with session.cursor() as cursor:
                    cursor.executemany(insert.format(sql.Identifier(table), places), rows)
        session.execute(_RESTART_NUMBERS)

    def _on(self, host: str, port: int, name: str) -> Connection:
        return psycopg.connect(self.url_on(host, port, name), autocommit=True)

    def _run_on(self, host: str, port: int, statement: str, *names: str) -> None:
        with self._on(host, port, "postgres") as connection:
            connection.execute(_ONLY_HERE)
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _filled(connection: Connection) -> list[str]:
    """List the tables that have rows."""
    found = []
    for table in [*placements(), "alembic_version"]:
        some = sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(table))
        if connection.execute(some).fetchone():
            found.append(table)
    return found
