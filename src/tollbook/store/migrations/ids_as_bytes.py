"""The conversion of ids from texts to bytes: each table is copied, compared, and then replaced.

A ledger with many events is copied in transactions of `STEP` rows. Each of them records how far it
has come, so that a run that was killed continues. The tables and statements are those of migration
0024, whatever the schema in code is.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from tollbook.store.database import Transaction
from tollbook.store.engine import STATE_TABLE, Engine, Progress, TimeLimit
from tollbook.store.error_translation import translate_errors
from tollbook.store.event_ids import decode_row, encode_optional
from tollbook.store.tables.schema import UNFINISHED_CONVERSION, UNFINISHED_COPY

STEP = 20_000
"""The most rows that are copied in one transaction."""

_SCHEMA = "converted"
_PROGRESS = "converted_tables"
_DIGESTS = 1 << 64
_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
_ID, _TEXT, _INTEGER = sa.LargeBinary(), sa.Text(), sa.Integer()
_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
_STRICT: dict[str, Any] = {"sqlite_strict": True}
_encode = msgspec.json.Encoder().encode
_positions = msgspec.json.Decoder(tuple[int | str, ...])
Row = tuple[Any, ...]


class _Column(NamedTuple):
    name: str
    kind: Any
    default: str | None = None

    @property
    def column(self) -> sa.Column[Any]:
        name = self.name.removesuffix("?")
        return sa.Column(
            name,
            self.kind,
            nullable=name != self.name,
            autoincrement=False,
            server_default=self.default,
        )


def _columns(**kinds: Any) -> list[_Column]:
    return [_Column(name, kind) for name, kind in kinds.items()]


_optional = {"rate_id?": _BIG, "own_cost?": _BIG, "buy?": _BIG, "position?": _BIG}
# On PostgreSQL, columns of eight bytes come first, so that nothing is lost between columns.
_EVENTS = [
    *_columns(organization_id=_BIG, time=_BIG, quantity=_BIG, billed=_BIG, cost=_BIG),
    *_columns(received_at=_BIG, **_optional),
    *_columns(day=_INTEGER),
    _Column("hour", _INTEGER, "0"),
    *_columns(meter=_SMALL, id=_ID, user_id=_TEXT, **{"resource_id?": _TEXT}),
    _Column("country", _TEXT, ""),
    *_columns(attributes=_TEXT, **{"tier_key?": _TEXT, "reverses?": _ID}),
]
_QUARANTINE = [
    *_columns(organization_id=_BIG, id=_ID, received_at=_BIG, code=_TEXT, reason=_TEXT),
    *_columns(event=_TEXT),
    _Column("time", _BIG, "0"),
    _Column("user_id", _TEXT, ""),
    _Column("meter", _SMALL, "0"),
    _Column("country", _TEXT, ""),
]
_PENDING = sa.text("code = 'cost_pending'")


class ConvertedTable:
    """A table with ids, as it is copied."""

    def __init__(
        self,
        name: str,
        columns: Sequence[_Column],
        key: Sequence[str],
        *,
        unique: Sequence[str] = (),
        indexes: dict[str, tuple[Sequence[str], Any]] | None = None,
        **options: Any,
    ) -> None:
        self.name = name
        self.columns = [it.column.name for it in columns]
        self.key = tuple(key)
        self.is_appended = options == _STRICT
        """Whether SQLite stores the rows in the order in which they came."""
        self._ids = [n for n, it in enumerate(columns) if it.kind is _ID]
        self._columns, self._unique = columns, unique
        self._indexes, self._options = indexes or {}, options

    def table(self, name: str, schema: str | None, *, keys_first: bool) -> sa.Table:
        """Return the table that rows are copied to.

        SQLite stores the columns of the key first. The integrity check of its version 3.40 finds
        missing values where they are not declared so.
        """
        columns = [it.column for it in self._columns]
        if keys_first:
            columns.sort(key=lambda it: it.name not in self.key)
        unique = f"uq_{self.name}_{'_'.join(self._unique)}"
        return sa.Table(
            name,
            sa.MetaData(),
            *columns,
            sa.PrimaryKeyConstraint(*self.key, name=f"pk_{self.name}"),
            *([sa.UniqueConstraint(*self._unique, name=unique)] if self._unique else []),
            schema=schema,
            **self._options,
        )

    def indexes(self, table: sa.Table) -> Iterator[sa.Index]:
        """Yield the indexes of a table."""
        for name, (columns, where) in self._indexes.items():
            condition = {} if where is None else {f"{it}_where": where for it in _DIALECTS}
            yield sa.Index(name, *(table.c[it] for it in columns), **condition)

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Return the types of the columns, as PostgreSQL names them."""
        dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
        return {it.column.name: it.kind.compile(dialect) for it in self._columns}

    def stored(self, row: Row) -> Row:
        """Return a row with its ids as bytes."""
        values = list(row)
        for place in self._ids:
            values[place] = encode_optional(row[place])
        return tuple(values)


_DIALECTS = ("sqlite", "postgresql")
TABLES = (
    ConvertedTable(
        "events",
        _EVENTS,
        ("organization_id", "day", "id"),
        indexes={"ix_events_by_user": (("organization_id", "user_id", "day"), None)},
        postgresql_partition_by="RANGE (day)",
        **_CLUSTERED,
    ),
    ConvertedTable(
        "event_keys",
        _columns(organization_id=_BIG, fingerprint=_BIG, day=_INTEGER, id=_ID),
        ("organization_id", "id"),
        **_CLUSTERED,
    ),
    ConvertedTable(
        "reversals",
        [
            *_columns(organization_id=_BIG, reverses=_ID, id=_ID, reason=_TEXT),
            *_columns(**{"key_prefix?": _TEXT}, received_at=_BIG),
        ],
        ("organization_id", "reverses"),
        unique=("organization_id", "id"),
        **_CLUSTERED,
    ),
    ConvertedTable(
        "corrections",
        [
            *_columns(organization_id=_BIG, corrects=_ID, id=_ID, **{"reversal_id?": _ID}),
            *_columns(reason=_TEXT, user_id=_TEXT, corrected_user_id=_TEXT),
            *_columns(**{"key_prefix?": _TEXT}, received_at=_BIG, **{"quarantined_at?": _BIG}),
            *_columns(**{"quarantine_code?": _TEXT, "quarantine_reason?": _TEXT}),
            *_columns(**{"quarantined_event?": _TEXT}),
        ],
        ("organization_id", "corrects"),
        unique=("organization_id", "id"),
        **_STRICT,
    ),
    ConvertedTable(
        "quarantine",
        _QUARANTINE,
        ("organization_id", "id"),
        indexes={
            "ix_quarantine_by_user": (("organization_id", "user_id"), None),
            "ix_quarantine_pending": (("organization_id", "time"), _PENDING),
        },
        **_STRICT,
    ),
    ConvertedTable(
        "charge_history",
        [
            *_columns(organization_id=_BIG, day=_INTEGER, id=_ID, run_id=_INTEGER, cost=_BIG),
            *_columns(billed=_BIG, **{"rate_id?": _BIG, "buy?": _BIG, "position?": _BIG}),
            *_columns(**{"tier_key?": _TEXT}),
        ],
        ("organization_id", "day", "id", "run_id"),
        **_CLUSTERED,
    ),
)


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
