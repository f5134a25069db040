"""Databases of a test run on PostgreSQL: copies of a template, emptied and used again."""

from contextlib import suppress
from uuid import uuid4

import psycopg
from psycopg import sql

from tests.kept import Kept
from tollbook.store.database import Database, open_database
from tollbook.store.migrate import migrate

Connection = psycopg.Connection[tuple[object, ...]]

_TRUNCATED_EVERY = 40
"""Deleted rows stay in the files until a table is truncated, which takes ten times as long."""
_LARGE = 1 << 20
_SIZE = (
    "SELECT max(pg_relation_size(oid)) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
)
_RESTART_SEQUENCES = """
SELECT setval(pg_class.oid, seqstart, false)
FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid
WHERE relnamespace = 'public'::regnamespace
"""

# Partitions of months are left as they are: events make them, and nothing asks which there are.
_SHAPE = """
SELECT md5(string_agg(it, ' ' ORDER BY it)) FROM (
    SELECT concat_ws(' ', relname, attname, atttypid, attnotnull, relpersistence) AS it
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped AND relname !~ '^events_2'
    UNION ALL SELECT concat_ws(' ', conname, pg_get_constraintdef(pg_constraint.oid))
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
    WHERE connamespace = 'public'::regnamespace AND relname !~ '^events_2'
    UNION ALL SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT setconfig::text FROM pg_db_role_setting JOIN pg_database ON setdatabase = oid
    WHERE datname = current_database()
) AS found(it)
"""
_TABLES = (
    "SELECT relname FROM pg_class "
    "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
)
_NEVER_VACUUMED = sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = false)")
_OTHERS = (
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> ALL(%s) AND pid <> pg_backend_pid()"
)


class Postgres:
    """Makes databases and takes them back: to copy and to drop one costs a checkpoint.

    Sessions with a database that is used again stay open: a new one has to read the whole schema,
    which takes longer than most tests.
    """

    def __init__(self, admin: str) -> None:
        self.admin = admin
        self.template = f"tollbook_test_{uuid4().hex[:12]}"
        self._run("CREATE DATABASE {}", self.template)
        database = open_database(self.url(self.template))
        migrate(database)
        database.close()
        self._empty: list[str] = []
        self._emptied = 0
        self._sessions: dict[str, Connection] = {}
        self._kept = Kept()
        with self._connected(self.template) as connection:
            for (table,) in connection.execute(_TABLES).fetchall():
                # It would take locks at times that no test knows.
                connection.execute(_NEVER_VACUUMED.format(sql.Identifier(str(table))))
            self._shape = connection.execute(_SHAPE).fetchone()
            self._rows = {it: _copied(connection, it) for it in _filled(connection)}

    def url(self, name: str) -> str:
        return f"{self.admin.rpartition('/')[0]}/{name}"

    def create(self, *, migrated: bool = True) -> str:
        """Make a database, empty or migrated."""
        name = f"tollbook_test_{uuid4().hex[:12]}"
        if migrated:
            self._run("CREATE DATABASE {} TEMPLATE {}", name, self.template)
        else:
            self._run("CREATE DATABASE {}", name)
        return name

    def take(self) -> str:
        """Return a migrated database, which may have been used before."""
        return self._empty.pop() if self._empty else self.create()

    def disconnect(self, name: str) -> None:
        """Close the connections that the last test has left: this one counts them."""
        self._kept.close(self.url(name))

    def open(self, url: str) -> Database:
        """Open a database, with the connections that the last test has left."""
        return self._kept.open(url)

    def leave(self, url: str, database: Database) -> None:
        """Keep the connections of a database for the next test."""
        self._kept.leave(url, database)

    def give_back(self, name: str) -> None:
        """Empty a database, or drop it when anything but its rows was changed."""
        with suppress(psycopg.Error):
            session = self._session(name)
            session.execute(_OTHERS, [self._kept.backends(self.url(name))])
            if session.execute(_SHAPE).fetchone() == self._shape:
                with session.transaction():
                    self._reset(session)
                self._empty.append(name)
                return
        self.drop(name)

    def drop(self, name: str) -> None:
        self._kept.close(self.url(name))
        if name in self._sessions:
            self._sessions.pop(name).close()
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def close(self) -> None:
        for name in (*self._empty, self.template):
            self.drop(name)

    def _reset(self, connection: Connection) -> None:
        self._emptied += 1
        filled = _filled(connection)
        row = connection.execute(_SIZE).fetchone()
        if self._emptied % _TRUNCATED_EVERY == 0 or (row and int(str(row[0])) > _LARGE):
            tables = sql.SQL(", ").join(map(sql.Identifier, filled))
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(tables))
        else:
            connection.execute("SET LOCAL session_replication_role = replica")  # no triggers
            for name in filled:
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(name)))
        connection.execute(_RESTART_SEQUENCES)
        for table, rows in self._rows.items():
            statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.write(rows)

    def _session(self, name: str) -> Connection:
        """Return the session that empties a database; all that it runs, it runs many times."""
        if name not in self._sessions:
            self._sessions[name] = psycopg.connect(
                self.url(name), autocommit=True, prepare_threshold=0
            )
        return self._sessions[name]

    def _connected(self, name: str) -> Connection:
        return psycopg.connect(self.url(name))

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _filled(connection: Connection) -> list[str]:
    """List the tables that have rows."""
    names = [str(row[0]) for row in connection.execute(_TABLES)]
    one = sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})")
    each = [one.format(sql.Literal(it), sql.Identifier(it)) for it in names]
    return [str(row[0]) for row in connection.execute(sql.SQL(" UNION ALL ").join(each))]


def _copied(connection: Connection, table: str) -> bytes:
    statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        return b"".join(map(bytes, copy))
