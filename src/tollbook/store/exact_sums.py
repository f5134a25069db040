"""Sums past 64 bits: the same statement, run once for whole units and once for the rest.

Nearly every sum fits into 64 bits, and engines add those up fastest. They do not add up larger
ones in integers: SQLite stops with an error, PostgreSQL when the sum becomes a BIGINT. Then each
stored amount is divided into `amount / UNIT` and `amount % UNIT`, with the sign of the amount. Both
are added up, and Python combines the two sums. A sum of such parts fits into 64 bits up to nine
billion rows.
"""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from tollbook.store.engine import Row
from tollbook.store.rollups import KEYS
from tollbook.store.tables.schema import metadata

UNIT = 1_000_000_000
AMOUNTS = ("quantity", "billed", "cost", "buy", "bought_cost")
"""The columns whose sums are read; counts never get that large."""

_SUMMED = (*KEYS, "events", "archived_sums")
_SOURCE = re.compile(rf"\b(FROM|JOIN) ({'|'.join(_SUMMED)})\b( /\* by \w+ \*/)?(?: AS ([a-z_]+))?")
"""A table with its index, as in `by_index`, which must follow the name of a table."""


@lru_cache(256)
def in_halves(sql: str) -> tuple[str, str]:
    """Return the statement for whole units, and the one for the rest."""
    return _reading(sql, "/"), _reading(sql, "%")


def _reading(sql: str, operator: str) -> str:
    """Replace each table of amounts with a subquery of their parts."""

    def source(found: re.Match[str]) -> str:
        word, table, index, alias = found.groups(default="")
        names = [column.name for column in metadata.tables[table].columns]
        columns = (f"{it} {operator} {UNIT} AS {it}" if it in AMOUNTS else it for it in names)
        return f"{word} (SELECT {', '.join(columns)} FROM {table}{index}) AS {alias or table}"

    return _SOURCE.sub(source, sql)


def combine(units: Sequence[Row], rest: Sequence[Row], amounts: Collection[int]) -> list[Row]:
    """Combine the rows of both statements; `amounts` are the indexes of the sums in a row.

    The other columns identify a row, and are the same in both results.
    """

    def key(row: Row) -> Row:
        return tuple(value for at, value in enumerate(row) if at not in amounts)

    of_key = {key(row): row for row in units}
    return [
        tuple(
            _sum(whole, value) if at in amounts else value
            for at, (whole, value) in enumerate(zip(of_key[key(row)], row, strict=True))
        )
        for row in rest
    ]


def _sum(units: int | None, rest: int | None) -> int | None:
    return None if units is None or rest is None else units * UNIT + rest
