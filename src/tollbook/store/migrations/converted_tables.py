"""The tables of migration 0024, whatever the schema in code is."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from tollbook.store.engine import Row
from tollbook.store.event_ids import encode_optional

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
_ID, _TEXT, _INTEGER = sa.LargeBinary(), sa.Text(), sa.Integer()
_CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
_STRICT: dict[str, Any] = {"sqlite_strict": True}


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
