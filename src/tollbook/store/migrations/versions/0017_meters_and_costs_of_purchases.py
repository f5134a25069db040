"""Meters and event types of tenants, and the cost of the events whose purchase cost is known.

`buy` and `bought` are the purchase cost of some of the events, and how many they are. The margin
also needs the cost of these events: `bought_cost`. For events in the ledger it is added up from
them, for archived events taken from their sums where those show it:

- nothing is known in the group (`bought` is 0), or all of it (`bought` equals `count`),
- and no reversal has another cost than its event (outside tiers), or there is no reversal.

For other groups the archive files of the month are read. If one of them cannot be read, the
purchase cost of these groups becomes unknown: `buy` and `bought` are 0 there, and less by that in
all sums. The file is reported, and its events can be added later by
`tollbook verify --rebuild --archive FOLDER`.

Rerating runs also count events whose buy price alone changed, and have the sums of margins before
and after.

Revision: 0017, after 0016.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from tollbook.store.archive_files import Archived
from tollbook.store.archive_reader import UnreadableArchive, locate, require_unchanged
from tollbook.store.parquet import arrow_modules

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger().with_variant(sa.Integer(), "sqlite")
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False, "sqlite_strict": True}

_KEYS = {
    "usage_daily": "organization_id, month, user_id, meter, day, country",
    "usage_monthly": "organization_id, month, user_id, meter",
    "organization_daily": "organization_id, month, meter, day",
    "organization_monthly": "organization_id, month, meter",
    "organization_hourly": "organization_id, month, meter, hour, country",
}
_GROUP = ("user_id", "meter", "day", "hour", "country", "tier_key", "resource_id")
_BRAND_REGISTRATION = 12
_UNIT = 1_000_000_000
_MOST_UNITS = 4_000_000_000
"""The sum of a row is less than this many units, so that it fits into 64 bits with its rest."""
_LARGEST = _MOST_UNITS * _UNIT
_IS_EXACT = """
(bought = 0 OR bought = count) AND (events = count OR (tier_key = '' AND part = 0))"""

Group = tuple[Any, ...]


def upgrade() -> None:
    _create_meters()
    _create_event_types()
    zero = sa.Column("buy_changed", BIG, nullable=False, server_default="0")
    op.add_column("rerating_runs", zero)
    none = sa.Column("purchases", sa.Text(), nullable=False, server_default="{}")
    op.add_column("rerating_runs", none)
    for table in (*_KEYS, "archived_sums"):
        zero = sa.Column("bought_cost", BIG, nullable=False, server_default="0")
        op.add_column(table, zero)
    op.execute(
        f"UPDATE archived_sums SET bought_cost = cost WHERE bought <> 0 AND {_IS_EXACT}",
    )
    for number, month in _rows(
        f"SELECT DISTINCT organization_id, month FROM archived_sums WHERE NOT ({_IS_EXACT}) "
        "ORDER BY organization_id, month"
    ):
        _fill_month(number, month)
    _collect_costs()
    for table in _KEYS:
        _fill(table)
    op.execute("DROP TABLE known_costs")


def _create_meters() -> None:
    op.create_table(
        "meters",
        sa.Column("tenant_id", sa.Text(), nullable=False, autoincrement=False),
        sa.Column("type", sa.Text(), nullable=False, autoincrement=False),
        sa.Column("code", SMALL, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("whole", SMALL, nullable=False),
        sa.Column("resource_required", SMALL, nullable=False),
        sa.Column("used_at", BIG),
        sa.Column("created_at", BIG, nullable=False),
        sa.Column("retired_at", BIG),
        sa.PrimaryKeyConstraint("tenant_id", "type", name="pk_meters"),
        sa.UniqueConstraint("tenant_id", "code", name="uq_meters_tenant_id_code"),
        **CLUSTERED,
    )


def _create_event_types() -> None:
    op.create_table(
        "event_types",
        sa.Column("tenant_id", sa.Text(), nullable=False, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False, autoincrement=False),
        sa.Column("meter", SMALL, nullable=False),
        sa.Column("created_at", BIG, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_event_types"),
        **CLUSTERED,
    )


def _rows(sql: str, **parameters: object) -> list[Any]:
    return list(op.get_bind().execute(sa.text(sql), parameters))


def _execute(sql: str, **parameters: object) -> None:
    op.get_bind().execute(sa.text(sql), parameters)


def _fill_month(number: int, month: int) -> None:
    """Read the files of an organization's month; without one of them, its costs are unknown."""
    problems: list[str] = []
    costs: dict[Group, int] = {}
    for file in _files(number, month):
        try:
            for group, cost in _known_costs(file):
                costs[group] = costs.get(group, 0) + cost
        except UnreadableArchive as error:
            problems.append(error.problem)
        except OSError as error:
            problems.append(f"{file.file}: {error.strerror}")
    if problems:
        _forget(number, month)
        context.config.attributes.setdefault("unread_archives", []).extend(problems)
    else:
        _store(number, month, costs)


def _files(number: int, month: int) -> list[Archived]:
    found = _rows(
        f"SELECT {', '.join(Archived._fields)} FROM archived_months "
        "WHERE organization_id = :number AND month = :month ORDER BY part",
        number=number,
        month=month,
    )
    return [Archived(*row) for row in found]


def _known_costs(file: Archived) -> Iterator[tuple[Group, int]]:
    """Yield the group and the cost of each event of a file whose purchase cost is known."""
    folder: Path | None = context.config.attributes.get("archives")
    path = locate(file, folder)
    require_unchanged(file, path)
    names = ["user_id", "meter", "day", "hour", "country", "tier_key", "resource_id"]
    with arrow_modules()[1].ParquetFile(path) as opened:
        for batch in opened.iter_batches(columns=[*names, "cost", "buy"]):
            for row in batch.to_pylist():
                if row["buy"] is not None:
                    if row["meter"] == _BRAND_REGISTRATION:
                        row["user_id"] = ""
                    yield tuple(row[name] or _empty(name) for name in names), row["cost"]


def _empty(name: str) -> int | str:
    return 0 if name in ("meter", "day", "hour") else ""


def _forget(number: int, month: int) -> None:
    """Make the purchase costs unknown of those groups of a month whose costs only files have."""
    unknown = (
        f"organization_id = :number AND month = :month AND NOT ({_IS_EXACT}) "
        "AND (buy <> 0 OR bought <> 0)"
    )
    for table, keys in _KEYS.items():
        _execute(
            f"INSERT INTO {table} ({keys}, count, quantity, billed, cost, buy, bought) "
            f"SELECT {keys}, 0, 0, 0, 0, CAST(-SUM(buy) AS BIGINT), CAST(-SUM(bought) AS BIGINT) "
            f"FROM archived_sums WHERE {unknown} GROUP BY {keys} "
            f"ON CONFLICT ({keys}, part) DO UPDATE SET "
            f"buy = {table}.buy + excluded.buy, bought = {table}.bought + excluded.bought",
            number=number,
            month=month,
        )
    _execute(
        f"UPDATE archived_sums SET buy = 0, bought = 0 WHERE {unknown}", number=number, month=month
    )


def _store(number: int, month: int, costs: dict[Group, int]) -> None:
    """Store the costs of groups, over as many of their rows as they need."""
    keys = ", ".join(_GROUP)
    rows = _rows(
        f"SELECT {keys}, part FROM archived_sums "
        f"WHERE organization_id = :number AND month = :month AND ({keys}) IN ("
        f"SELECT {keys} FROM archived_sums WHERE organization_id = :number AND month = :month "
        f"AND NOT ({_IS_EXACT})) ORDER BY {keys}, part",
        number=number,
        month=month,
    )
    for group, of_group in groupby(rows, lambda row: tuple(row[:-1])):
        left = costs.get(group, 0)
        for row in of_group:
            some = max(-_LARGEST, min(_LARGEST, left))
            left -= some
            where = " AND ".join(f"{name} = :{name}" for name in (*_GROUP, "part"))
            _execute(
                f"UPDATE archived_sums SET bought_cost = :cost "
                f"WHERE organization_id = :number AND month = :month AND {where}",
                cost=some,
                number=number,
                month=month,
                **dict(zip((*_GROUP, "part"), row, strict=True)),
            )


def _collect_costs() -> None:
    """Add up the known costs as finely as any table needs, in two parts that fit into 64 bits."""
    op.execute(
        f"""
        CREATE TEMPORARY TABLE known_costs AS
        SELECT
            organization_id, day / 100 AS month,
            CASE WHEN meter = {_BRAND_REGISTRATION} THEN '' ELSE user_id END AS user_id,
            meter, day, hour, country,
            CAST(SUM(cost / {_UNIT}) AS BIGINT) AS units,
            CAST(SUM(cost % {_UNIT}) AS BIGINT) AS rest
        FROM events WHERE buy IS NOT NULL
        GROUP BY
            organization_id, day / 100,
            CASE WHEN meter = {_BRAND_REGISTRATION} THEN '' ELSE user_id END,
            meter, day, hour, country
        UNION ALL
        SELECT
            organization_id, month, user_id, meter, day, hour, country,
            bought_cost / {_UNIT}, bought_cost % {_UNIT}
        FROM archived_sums WHERE bought_cost <> 0
        """
    )


def _fill(table: str) -> None:
    keys = _KEYS[table]
    insert = f"INSERT INTO {table} ({keys}, part, count, quantity, billed, cost, bought_cost)"
    update = (
        f"ON CONFLICT ({keys}, part) DO UPDATE SET "
        f"bought_cost = {table}.bought_cost + excluded.bought_cost"
    )
    op.execute(
        f"{insert} SELECT {keys}, 0, 0, 0, 0, 0, "
        f"CAST(SUM(units) AS BIGINT) * {_UNIT} + CAST(SUM(rest) AS BIGINT) "
        f"FROM known_costs WHERE true GROUP BY {keys} HAVING ABS(SUM(units)) < {_MOST_UNITS} "
        f"{update}"
    )
    names = keys.split(", ")
    for *group, units, rest in _rows(
        f"SELECT {keys}, CAST(SUM(units) AS BIGINT), CAST(SUM(rest) AS BIGINT) "
        f"FROM known_costs GROUP BY {keys} HAVING ABS(SUM(units)) >= {_MOST_UNITS}"
    ):
        for part, cost in _parts(group[0], units * _UNIT + rest):
            _execute(
                f"{insert} VALUES ({', '.join(f':{name}' for name in names)}, "
                f":part, 0, 0, 0, 0, :cost) {update}",
                part=part,
                cost=cost,
                **dict(zip(names, group, strict=True)),
            )


def _parts(number: int, cost: int) -> Iterator[tuple[int, int]]:
    """Divide a cost that passes 64 bits: the first part is 0, the others get numbers of their own.

    `parts` of the ledger version counts those numbers.
    """
    part = 0
    while cost:
        some = max(-_LARGEST, min(_LARGEST, cost))
        yield part, some
        cost -= some
        _execute(
            "UPDATE ledger_versions SET parts = parts + 1 WHERE organization_id = :number",
            number=number,
        )
        ((part,),) = _rows(
            "SELECT parts FROM ledger_versions WHERE organization_id = :number", number=number
        )
