"""The sums that are stored with the ledger: their tables, keys and statements."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import TypeVar

KEYS: dict[str, tuple[str, ...]] = {
    "usage_daily": ("organization_id", "month", "user_id", "meter", "day", "country"),
    "usage_monthly": ("organization_id", "month", "user_id", "meter"),
    "organization_daily": ("organization_id", "month", "meter", "day"),
    "organization_monthly": ("organization_id", "month", "meter"),
    "organization_hourly": ("organization_id", "month", "meter", "hour", "country"),
}
"""The tables of sums, in the order in which they are written."""

SUMS = ("count", "quantity", "billed", "cost", "buy", "bought", "bought_cost")

_ROOM = 1 << 62
"""Half the range of 64 bits: a row below it can take rows that add up to less than it."""

Staged = TypeVar("Staged")

_STAGED = {"month": "day / 100", "user_id": "billed_user_id"}
"""The expressions for columns of a key that have another name in the staging table."""


def _sums(buy: bool, sign: str) -> dict[str, str]:
    """Return the sums of staged events by name; reversals have negative figures and count down."""
    sums = {
        "count": f"{sign}COUNT(*)",
        "quantity": "CAST(SUM(quantity) AS BIGINT)",
        "billed": "CAST(SUM(billed) AS BIGINT)",
        "cost": "CAST(SUM(cost) AS BIGINT)",
    }
    bought = {
        "buy": "COALESCE(CAST(SUM(buy) AS BIGINT), 0)",
        "bought": f"{sign}COUNT(buy)",
        "bought_cost": "CAST(SUM(CASE WHEN buy IS NULL THEN 0 ELSE cost END) AS BIGINT)",
    }
    return sums | bought if buy else sums


def _added(table: str, sums: Iterable[str]) -> str:
    return ", ".join(f"{column} = {table}.{column} + excluded.{column}" for column in sums)


def add(table: str, buy: bool, sign: str = "") -> str:
    """Return the statement that adds staged events to a table of sums."""
    sums, keys = _sums(buy, sign), KEYS[table]
    by = ", ".join(_STAGED.get(column, column) for column in keys)
    return f"""
INSERT INTO {table} ({", ".join(keys)}, {", ".join(sums)})
SELECT {by}, {", ".join(sums.values())}
FROM staging WHERE code = ''
GROUP BY {by} ORDER BY {by}
ON CONFLICT ({", ".join(keys)}, part) DO UPDATE
SET {_added(table, sums)}
"""


_MOVED = {
    "month": "CAST(:month AS INTEGER)",
    "day": "CAST(:day AS INTEGER)",
    "user_id": "billed_user_id",
}
"""The expressions for columns of a key in the table of recharged events."""


def move(table: str) -> str:
    """Return the statement that adds the differences of one recharged day to a table of sums.

    It inserts where there is no row: the row with the event's sums may have been set aside.
    """
    keys, sums = KEYS[table], ("billed", "cost", "buy", "bought", "bought_cost")
    selected = [_MOVED.get(column, column) for column in keys]
    by = ", ".join(expression for expression in selected if ":" not in expression)
    return f"""
INSERT INTO {table} ({", ".join(keys)}, count, quantity, {", ".join(sums)})
SELECT
    {", ".join(selected)}, 0, 0,
    CAST(SUM(billed - was_billed) AS BIGINT),
    CAST(SUM(cost - was_cost) AS BIGINT),
    CAST(SUM(COALESCE(buy, 0) - COALESCE(was_buy, 0)) AS BIGINT),
    CAST(SUM(sign * (
        CASE WHEN buy IS NULL THEN 0 ELSE 1 END - CASE WHEN was_buy IS NULL THEN 0 ELSE 1 END
    )) AS BIGINT),
    CAST(SUM(
        CASE WHEN buy IS NULL THEN 0 ELSE cost END
        - CASE WHEN was_buy IS NULL THEN 0 ELSE was_cost END
    ) AS BIGINT)
FROM recharged WHERE true
GROUP BY {by} ORDER BY {by}
ON CONFLICT ({", ".join(keys)}, part) DO UPDATE
SET {_added(table, sums)}
"""


COUNT_PART = """
UPDATE ledger_versions SET parts = parts + 1 WHERE organization_id {within}
"""


def set_aside(table: str, within: str, month: str) -> str:
    """Return the statement that sets full rows aside, so that the next sums begin new rows.

    `within` and `month` are conditions on the organizations and months. The rows get the number
    that `COUNT_PART` has just reached, which none of their rows has.
    """
    full = " OR ".join(
        f"{column} >= {_ROOM} OR {column} <= -{_ROOM}"
        for column in ("quantity", "billed", "cost", "buy", "bought_cost")
    )
    return f"""
UPDATE {table} SET part = (
    SELECT parts FROM ledger_versions
    WHERE ledger_versions.organization_id = {table}.organization_id
)
WHERE organization_id {within} AND month {month} AND part = 0 AND ({full})
"""


def chunks(
    rows: Sequence[Staged], size: Callable[[Staged], tuple[Hashable, int]]
) -> Iterator[list[Staged]]:
    """Divide rows, in order, so that no sum of a chunk is too large for a row that is not full.

    `size` returns the coarsest sum of a row, and the most that the row adds to a figure of it.
    """
    chunk: list[Staged] = []
    totals: dict[Hashable, int] = {}
    for row in rows:
        whose, most = size(row)
        if totals.get(whose, 0) + most >= _ROOM:
            yield chunk
            chunk, totals = [], {}
        chunk.append(row)
        totals[whose] = totals.get(whose, 0) + most
    yield chunk
