"""The conversion of ids from texts to bytes: each table is copied, compared, and then replaced.

A ledger with many events is copied in transactions of `STEP` rows. Each of them records how far it
has come, so that a run that was killed continues.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.schema import CreateIndex, CreateTable

from tollbook.store.database import Transaction
from tollbook.store.engine import STATE_TABLE, Engine, Progress, Row, TimeLimit
from tollbook.store.error_translation import translate_errors
from tollbook.store.event_ids import decode_row
from tollbook.store.migrations.converted_tables import TABLES, ConvertedTable
from tollbook.store.tables.schema import UNFINISHED_CONVERSION, UNFINISHED_COPY

STEP = 20_000
"""The most rows that are copied in one transaction."""

_SCHEMA = "converted"
_PROGRESS = "converted_tables"
_DIGESTS = 1 << 64
_encode = msgspec.json.Encoder().encode
_positions = msgspec.json.Decoder(tuple[int | str, ...])


class Content(NamedTuple):
    """How many rows there are, and the sum of their digests."""

    rows: int = 0
    digest: int = 0

    def add(self, rows: Sequence[Row]) -> "Content":
        """Return the content with more rows."""
        digests = (blake2b(_encode(row), digest_size=8).digest() for row in rows)
        total = self.digest + sum(map(int.from_bytes, digests))
        return Content(self.rows + len(rows), total % _DIGESTS)


class Conversion:
    """The conversion of a database, in one transaction of it."""

    def __init__(self, engine: Engine, connection: Connection) -> None:
        self._engine, self._connection = engine, connection
        self._transaction = Transaction(engine, connection, lambda _sql: None, 0)
        self._is_sqlite = connection.dialect.name == "sqlite"

    def close_to_others(self) -> None:
        """Refuse all transactions of servers until the migration is done."""
        self._engine.exclude_others(self._connection)
        self._transaction.execute(
            f"UPDATE {STATE_TABLE} SET schema_version = :version WHERE schema_version <> :copy",
            version=UNFINISHED_CONVERSION,
            copy=UNFINISHED_COPY,
        )

    def count(self) -> int:
        """Return how many rows are to be copied."""
        return sum(self._integer(f"SELECT COUNT(*) FROM {it.name}") for it in TABLES)

    def copied(self) -> int:
        """Return how many rows are copied."""
        return self._integer(f"SELECT CAST(SUM(copied) AS BIGINT) FROM {_PROGRESS}")

    def begin(self) -> None:
        """Create the tables to copy to, unless an earlier run has."""
        if sa.inspect(self._connection).has_table(_PROGRESS):
            return
        self._run(
            f"CREATE TABLE {_PROGRESS} (name TEXT PRIMARY KEY, position TEXT NOT NULL, "
            "copied BIGINT NOT NULL, digest TEXT NOT NULL, complete INTEGER NOT NULL)"
        )
        if not self._is_sqlite:
            self._run(f"CREATE SCHEMA {_SCHEMA}")
        for table in TABLES:
            created = self._table(table)
            self._connection.execute(CreateTable(created))
            if not self._is_sqlite:
                self._create_indexes(table, created)
            self._run(f"INSERT INTO {_PROGRESS} VALUES ('{table.name}', '[]', 0, '0', 0)")
        if not self._is_sqlite:
            self._create_partitions()
            self._divide()

    def step(self) -> bool:
        """Copy the next rows of one table; return whether there may be more."""
        found = self._transaction.row(
            f"SELECT name, position, copied, digest FROM {_PROGRESS} WHERE complete = 0 "
            "ORDER BY name LIMIT 1"
        )
        if found is None:
            return False
        name, position, copied, digest = found
        (table,) = (it for it in TABLES if it.name == name)
        rows, last = self._read(table, table.name, _positions.decode(position), STEP)
        self._transaction.bulk(self._target(table), table.kinds, map(table.stored, rows))
        content = Content(copied, int(digest)).add(rows)
        self._transaction.execute(
            f"UPDATE {_PROGRESS} SET position = :position, copied = :copied, digest = :digest, "
            "complete = :complete WHERE name = :name",
            name=name,
            position=_encode(last).decode(),
            copied=content.rows,
            digest=str(content.digest),
            complete=int(len(rows) < STEP),
        )
        return True

    def finish(self, progress: Progress) -> None:
        """Compare each copy with what was read, and put it in the place of its table."""
        total = self.copied()
        compared = 0
        for table in TABLES:
            row = self._transaction.row(
                f"SELECT copied, digest FROM {_PROGRESS} WHERE name = :name", name=table.name
            )
            assert row is not None  # noqa: S101  `begin` has inserted it
            copied = Content(row[0], int(row[1]))
            there = Content(self._integer(f"SELECT COUNT(*) FROM {table.name}"), copied.digest)
            found = self._content(table)
            compared += found.rows
            progress(total + compared, 2 * total)
            if not copied == there == found:
                raise RuntimeError(
                    f"{table.name} has {there.rows} rows; {copied.rows} were copied and "
                    f"{found.rows} found in the copy, or their contents differ"
                )
        for table in TABLES:
            self._replace(table)
        self._run(f"DROP TABLE {_PROGRESS}")
        if not self._is_sqlite:
            self._run(f"DROP SCHEMA {_SCHEMA}")

    def _replace(self, table: ConvertedTable) -> None:
        self._run(f"DROP TABLE {table.name}")
        if self._is_sqlite:
            self._run(f"ALTER TABLE {self._target(table)} RENAME TO {table.name}")
            self._create_indexes(table, table.table(table.name, None, keys_first=True))
            return
        for name in (*self._partitions(f"{_SCHEMA}.{table.name}"), table.name):
            self._run(f"ALTER TABLE {_SCHEMA}.{name} SET SCHEMA public")

    def _create_indexes(self, table: ConvertedTable, created: sa.Table) -> None:
        for index in table.indexes(created):
            self._connection.execute(CreateIndex(index))

    def _create_partitions(self) -> None:
        for name, bound in self._partitions("events").items():
            self._run(
                f"CREATE TABLE {_SCHEMA}.{name} PARTITION OF {_SCHEMA}.events {bound}",
            )

    def _partitions(self, table: str) -> dict[str, str]:
        """Return the partitions of a table, each with its bounds."""
        rows = self._transaction.rows(
            "SELECT relname, pg_get_expr(relpartbound, pg_class.oid) FROM pg_inherits "
            "JOIN pg_class ON pg_class.oid = inhrelid "
            f"WHERE inhparent = '{table}'::regclass ORDER BY relname"
        )
        return {str(name): str(bound) for name, bound in rows}

    def _divide(self) -> None:
        """Divide the tables like those that they replace, when a cluster has divided these."""
        if not getattr(self._transaction._driver, "is_cluster", False):
            return
        divided = self._integer(
            "SELECT COUNT(*) FROM pg_dist_partition WHERE logicalrelid = 'events'::regclass"
        )
        if divided:
            for table in TABLES:
                self._transaction.rows(
                    f"SELECT create_distributed_table('{_SCHEMA}.{table.name}', "
                    "'organization_id', colocate_with => 'ledger_versions')"
                )

    def _table(self, table: ConvertedTable) -> sa.Table:
        schema = None if self._is_sqlite else _SCHEMA
        name = self._target(table).removeprefix(f"{_SCHEMA}.")
        return table.table(name, schema, keys_first=self._is_sqlite)

    def _target(self, table: ConvertedTable) -> str:
        return f"{_SCHEMA}{'_' if self._is_sqlite else '.'}{table.name}"

    def _content(self, table: ConvertedTable) -> Content:
        """Read a whole copy."""
        content, position = Content(), ()
        while True:
            rows, position = self._read(table, self._target(table), position, STEP)
            content = content.add([decode_row(row) for row in rows])
            if len(rows) < STEP:
                return content

    def _read(
        self, table: ConvertedTable, name: str, position: tuple[Any, ...], most: int
    ) -> tuple[list[Row], tuple[Any, ...]]:
        """Read rows after a position, in the order in which they are stored; return the last."""
        by = ("rowid",) if self._is_sqlite and table.is_appended else table.key
        keys = ", ".join(by)
        after = f"WHERE ({keys}) > ({', '.join(f':at_{it}' for it in by)}) " if position else ""
        parameters = dict(zip((f"at_{it}" for it in by), position, strict=bool(position)))
        found = self._transaction.rows(
            f"SELECT {keys}, {', '.join(table.columns)} FROM {name} {after}"
            f"ORDER BY {keys} LIMIT :most",
            **parameters,
            most=most,
        )
        rows = [tuple(row[len(by) :]) for row in found]
        return rows, tuple(found[-1][: len(by)]) if found else position

    def _integer(self, sql: str) -> int:
        return self._transaction.integer(sql)

    def _run(self, sql: str) -> None:
        self._connection.execute(sa.text(sql))


def convert_ids(engine: Engine, progress: Progress) -> None:
    """Copy all rows, each step in a transaction of its own, while no server uses the database."""
    with translate_errors(), _conversion(engine) as conversion:
        conversion.close_to_others()
        conversion.begin()
        total = conversion.count()
    while True:
        with translate_errors(), _conversion(engine) as conversion:
            more = conversion.step()
            done = conversion.copied()
        progress(min(done, total), 2 * total)
        if not more:
            return


@contextmanager
def _conversion(engine: Engine) -> Iterator[Conversion]:
    """Open a transaction that no other process that migrates has at the same time."""
    with engine.writer(TimeLimit.NONE) as connection, connection.begin():
        engine.lock_migrations(connection)
        yield Conversion(engine, connection)
