"""The statements that recompute every rollup from the events and compare."""

from collections.abc import Iterator
from typing import NamedTuple

from tollbook.domain.meters import CATALOGUE
from tollbook.store import resources
from tollbook.store.database import Snapshot
from tollbook.store.gate import ALL_TENANTS
from tollbook.store.rollups import KEYS, SUMS

_ORGANIZATION_LEVEL = ", ".join(str(it.code) for it in CATALOGUE if it.organization_level)
_OWNER = f"CASE WHEN meter IN ({_ORGANIZATION_LEVEL}) THEN '' ELSE user_id END"
_ONE = "CASE WHEN reverses IS NULL THEN 1 ELSE -1 END"
_SUMS = (
    f"CAST(SUM({_ONE}) AS BIGINT) AS count, CAST(SUM(quantity) AS BIGINT) AS quantity, "
    "CAST(SUM(billed) AS BIGINT) AS billed, CAST(SUM(cost) AS BIGINT) AS cost, "
    "COALESCE(CAST(SUM(buy) AS BIGINT), 0) AS buy, "
    f"CAST(SUM(CASE WHEN buy IS NULL THEN 0 ELSE {_ONE} END) AS BIGINT) AS bought"
)
_MOST_SHOWN = 100


class Check(NamedTuple):
    """One comparison: two statements that must give the same rows."""

    name: str
    columns: tuple[str, ...]
    from_events: str
    kept: str


class Difference(NamedTuple):
    """A row that is in one of the two and not in the other."""

    check: str
    side: str
    row: dict[str, object]


_STORED = {"month": "day / 100", "user_id": _OWNER}
_FACTS = (
    *("user_id", "meter", "resource_id", "time", "rate_id", "position", "tier_key"),
    *("hour", "country"),
)
_NEGATED = ("quantity", "billed", "cost", "own_cost", "buy")
_RESOURCE = ("organization_id", "month", "user_id", "meter", "resource_id", "day")


def _of_sums(table: str) -> Check:
    """Compare a table of sums with what the events add up to."""
    by = ", ".join(_STORED.get(it, it) for it in KEYS[table])
    columns = KEYS[table] + SUMS
    return Check(
        table,
        columns,
        f"SELECT {by}, {_SUMS} FROM events GROUP BY {by}",
        f"SELECT {', '.join(columns)} FROM {table}",
    )


CHECKS = (
    *map(_of_sums, KEYS),
    Check(
        "resources_daily",
        (*_RESOURCE, "count"),
        f"SELECT organization_id, day / 100, {_OWNER}, meter, resource_id, day, "
        f"CAST(SUM({_ONE}) AS BIGINT) FROM events WHERE resource_id IS NOT NULL "
        f"GROUP BY organization_id, {_OWNER}, meter, resource_id, day",
        f"SELECT {', '.join(_RESOURCE)}, count FROM resources_daily",
    ),
    Check(
        "organization_resources",
        ("organization_id", "month", "meter", "resource_id", "days"),
        resources.FROM_EVENTS,
        "SELECT organization_id, month, meter, resource_id, days FROM organization_resources "
        "WHERE days <> 0",
    ),
    Check(
        "event_keys",
        ("organization_id", "id", "day"),
        "SELECT organization_id, id, day FROM events "
        "UNION ALL SELECT organization_id, id, 0 FROM quarantine",
        "SELECT organization_id, id, day FROM event_keys",
    ),
    Check(
        "tier_positions",
        ("organization_id", "month", "tier_key", "quantity"),
        "SELECT organization_id, day / 100, tier_key, CAST(SUM(billed) AS BIGINT) FROM events "
        "WHERE tier_key IS NOT NULL GROUP BY organization_id, day / 100, tier_key",
        "SELECT organization_id, month, tier_key, quantity FROM tier_positions",
    ),
    Check(
        "reversals",
        ("organization_id", "id", "reverses", *_FACTS, *_NEGATED),
        f"SELECT organization_id, id, reverses, {', '.join((*_FACTS, *_NEGATED))} "
        "FROM events WHERE reverses IS NOT NULL",
        "SELECT reversals.organization_id, reversals.id, reversals.reverses, "
        f"{', '.join(f'events.{it}' for it in _FACTS)}, "
        f"{', '.join(f'-events.{it}' for it in _NEGATED)} "
        "FROM reversals "
        "JOIN event_keys ON event_keys.organization_id = reversals.organization_id "
        "AND event_keys.id = reversals.reverses "
        "JOIN events ON events.organization_id = event_keys.organization_id "
        "AND events.day = event_keys.day AND events.id = event_keys.id",
    ),
)


def differences(snapshot: Snapshot, check: Check) -> Iterator[Difference]:
    """Compare both ways; at most a hundred rows of each side are given."""
    sides = (
        ("only in events", check.from_events, check.kept),
        ("only kept", check.kept, check.from_events),
    )
    for side, one, other in sides:
        both = f"SELECT * FROM ({one}) AS one EXCEPT SELECT * FROM ({other}) AS other"
        sql = f"{both} LIMIT :most {ALL_TENANTS}"
        for row in snapshot.rows(sql, most=_MOST_SHOWN):
            yield Difference(check.name, side, dict(zip(check.columns, row, strict=True)))


def count_events(snapshot: Snapshot) -> int:
    """Count the events of the whole ledger."""
    row = snapshot.row(f"SELECT COUNT(*) FROM events {ALL_TENANTS}")
    return int(row[0]) if row else 0
