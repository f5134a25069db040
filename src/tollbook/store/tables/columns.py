"""The columns and options that tables have in common."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, SmallInteger
from sqlalchemy.types import TypeEngine

metadata = MetaData(
    naming_convention={"pk": "pk_%(table_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s"}
)

# Strict tables of SQLite know one INTEGER, of 64 bits.
BIG = BigInteger().with_variant(Integer(), "sqlite")
SMALL = SmallInteger().with_variant(Integer(), "sqlite")


def key(name: str, kind: TypeEngine[Any] | type[TypeEngine[Any]]) -> Column[Any]:
    """Make a column of a key."""
    return Column(name, kind, primary_key=True, autoincrement=False)


def organization() -> Column[Any]:
    """Make the first column of the key of a table that grows."""
    return key("organization_id", BIG)


def sums() -> list[Column[Any]]:
    """Make the columns of sums: `buy` adds up what is known, of so many events as `bought` says."""
    required = [Column(it, BIG, nullable=False) for it in ("count", "quantity", "billed", "cost")]
    return [*required, zero("buy"), zero("bought")]


def part() -> Column[Any]:
    """Make the last column of a key of sums: 0, or the number under which a full row is kept.

    A sum of 64 bits that would pass its range goes on in another row; whoever reads adds them up.
    """
    return Column("part", Integer, primary_key=True, autoincrement=False, server_default="0")


def zero(name: str) -> Column[Any]:
    """Make a column that is 0 where nothing is known."""
    return Column(name, BIG, nullable=False, server_default="0")


# A table that is read by its key alone is stored in its key's order on SQLite.
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}
STRICT: dict[str, Any] = {"sqlite_strict": True}
# Sums are updated in place all day; room in the page lets PostgreSQL do it without the index.
SUMMED: dict[str, Any] = {**CLUSTERED, "postgresql_with": {"fillfactor": 70}}
