"""The columns and options that tables have in common."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, SmallInteger
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
)

# Strict tables of SQLite know one INTEGER, of 64 bits.
BIG = BigInteger().with_variant(Integer(), "sqlite")
SMALL = SmallInteger().with_variant(Integer(), "sqlite")
# The id of an event, in the form of `event_ids`.
EVENT_ID = LargeBinary()


def key(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    """Return a column of a key."""
    return Column(name, kind, primary_key=True, autoincrement=False)


def type_of(column: Column[Any]) -> str:
    """Return the type of a column, as PostgreSQL names it."""
    return column.type.compile(postgresql.dialect())  # type: ignore[no-untyped-call]


def organization() -> Column[Any]:
    """Return the first column of the key of a large table."""
    return key("organization_id", BIG)


def sums() -> list[Column[Any]]:
    """Return the columns of sums.

    `buy` is the known purchase cost of `bought` events, and `bought_cost` the cost of those events.
    """
    names = ("count", "quantity", "billed", "cost")
    required = [Column(name, BIG, nullable=False) for name in names]
    return [*required, zero("buy"), zero("bought"), zero("bought_cost")]


def part() -> Column[Any]:
    """Return the last column of a key of sums: 0, or the number of a full row that was set aside.

    A sum that would pass 64 bits continues in another row; readers add the rows up.
    """
    return Column("part", Integer, primary_key=True, autoincrement=False, server_default="0")


def zero(name: str) -> Column[Any]:
    """Return a column with the default 0."""
    return Column(name, BIG, nullable=False, server_default="0")


# On SQLite, a table that is read by its key only is stored in the order of the key.
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
STRICT: dict[str, Any] = {"sqlite_strict": True}
# Sums are updated all day; free space in a page lets PostgreSQL update a row without its index.
SUMMED: dict[str, Any] = {**CLUSTERED, "postgresql_with": {"fillfactor": 70}}
