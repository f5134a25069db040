"""The sums kept with the ledger: each table by its key, and the statements that move them."""

from collections.abc import Iterable

KEYS: dict[str, tuple[str, ...]] = {
    "usage_daily": ("organization_id", "month", "user_id", "meter", "day", "country"),
    "usage_monthly": ("organization_id", "month", "user_id", "meter"),
    "organization_daily": ("organization_id", "month", "meter", "day"),
    "organization_monthly": ("organization_id", "month", "meter"),
    "organization_hourly": ("organization_id", "month", "meter", "hour", "country"),
}
"""The tables of sums, in the order in which they are written."""

SUMS = ("count", "quantity", "billed", "cost", "buy", "bought")

_STAGED = {"month": "day / 100", "user_id": "owner"}
"""How a column of a key is written of a staged event, where it has another name."""


def _sums(buy: bool, sign: str) -> dict[str, str]:
    """Name the sums of staged events, each with what it adds up.

    Those of reversals have negative figures and count down.
    """
    sums = {
        "count": f"{sign}COUNT(*)",
        "quantity": "CAST(SUM(quantity) AS BIGINT)",
        "billed": "CAST(SUM(billed) AS BIGINT)",
        "cost": "CAST(SUM(cost) AS BIGINT)",
    }
    bought = {"buy": "COALESCE(CAST(SUM(buy) AS BIGINT), 0)", "bought": f"{sign}COUNT(buy)"}
    return sums | bought if buy else sums


def _added(table: str, sums: Iterable[str]) -> str:
    return ", ".join(f"{it} = {table}.{it} + excluded.{it}" for it in sums)


def add(table: str, buy: bool, sign: str = "") -> str:
    """Write the statement that adds staged events to a table of sums."""
    sums, keys = _sums(buy, sign), KEYS[table]
    by = ", ".join(_STAGED.get(it, it) for it in keys)
    return f"""
INSERT INTO {table} ({", ".join(keys)}, {", ".join(sums)})
SELECT {by}, {", ".join(sums.values())}
FROM staging WHERE code = ''
GROUP BY {by} ORDER BY {by}
ON CONFLICT ({", ".join(keys)}) DO UPDATE
SET {_added(table, sums)}
"""


def move(table: str) -> str:
    """Write the statement that moves a table of sums by what was charged again on one day."""
    keys = [it for it in KEYS[table] if it not in ("organization_id", "month", "day")]
    by = ", ".join(_STAGED.get(it, it) for it in keys)
    sums = ("billed", "cost", "buy", "bought")
    day = f" AND {table}.day = :day" if "day" in KEYS[table] else ""
    matched = "".join(f"\n    AND {table}.{it} = moved.{_STAGED.get(it, it)}" for it in keys)
    return f"""
UPDATE {table} SET {", ".join(f"{it} = {table}.{it} + moved.{it}" for it in sums)}
FROM (
    SELECT
        {by},
        CAST(SUM(billed - was_billed) AS BIGINT) AS billed,
        CAST(SUM(cost - was_cost) AS BIGINT) AS cost,
        CAST(SUM(COALESCE(buy, 0) - COALESCE(was_buy, 0)) AS BIGINT) AS buy,
        CAST(SUM(sign * (
            CASE WHEN buy IS NULL THEN 0 ELSE 1 END - CASE WHEN was_buy IS NULL THEN 0 ELSE 1 END
        )) AS BIGINT) AS bought
    FROM recharged GROUP BY {by}
) AS moved
WHERE {table}.organization_id = :organization AND {table}.month = :month{day}{matched}
"""
