"""The statements that recompute every rollup from the events and compare."""

from collections.abc import Iterator
from typing import NamedTuple

from tollbook.domain.directory import LOCAL_ZONES
from tollbook.store import resources
from tollbook.store.archives import BILLED_USER_ID, ONE
from tollbook.store.database import Snapshot
from tollbook.store.event_ids import decode_row
from tollbook.store.events import CORRECTED, DAY, DISCARDED, IN_QUARANTINE
from tollbook.store.exact_sums import UNIT
from tollbook.store.rollups import KEYS, SUMS
from tollbook.store.scope_check import ALL_TENANTS

MOST_SHOWN = 100
_UNITS = "_units"
_ZONES = f"SELECT tenant_id, id, timezone FROM organizations {ALL_TENANTS} ORDER BY 1, 2"


class Check(NamedTuple):
    """One comparison: two statements that must return the same rows."""

    name: str
    columns: tuple[str, ...]
    from_events: str
    kept: str


class LocalZone(NamedTuple):
    """An organization whose days depend on the machine that reads them."""

    tenant_id: str
    organization_id: str
    timezone: str


class RowDifference(NamedTuple):
    """A row that only one of two statements returns."""

    check: str
    side: str
    row: dict[str, object]


# The ledger, and the sums of archived events.
_LEDGER = f"""
    SELECT
        organization_id, day / 100 AS month, {BILLED_USER_ID} AS user_id, meter, day, hour, country,
        COALESCE(tier_key, '') AS tier_key, COALESCE(resource_id, '') AS resource_id,
        {ONE} AS count, quantity, billed, cost, COALESCE(buy, 0) AS buy,
        CASE WHEN buy IS NULL THEN 0 ELSE {ONE} END AS bought,
        CASE WHEN buy IS NULL THEN 0 ELSE cost END AS bought_cost
    FROM events
    UNION ALL
    SELECT
        organization_id, month, user_id, meter, day, hour, country, tier_key, resource_id,
        count, quantity, billed, cost, buy, bought, bought_cost
    FROM archived_sums
"""


def _exactly(column: str) -> str:
    """Return a sum as whole units and a rest, because it may pass 64 bits.

    The rest is never negative, so that equal sums have equal columns.
    """
    units, rest = f"SUM({column} / {UNIT})", f"SUM({column} % {UNIT})"
    positive = f"(({rest} % {UNIT} + {UNIT}) % {UNIT})"
    return (
        f"CAST({units} + ({rest} - {positive}) / {UNIT} AS BIGINT) AS {column}{_UNITS}, "
        f"CAST({positive} AS BIGINT) AS {column}"
    )


_LARGE = ("quantity", "billed", "cost", "buy", "bought_cost")
_SUMS = ", ".join(
    _exactly(column) if column in _LARGE else f"CAST(SUM({column}) AS BIGINT) AS {column}"
    for column in SUMS
)
_COLUMNS = tuple(
    name
    for column in SUMS
    for name in ((f"{column}{_UNITS}", column) if column in _LARGE else (column,))
)
_IS_ARCHIVED = """
EXISTS (
    SELECT 1 FROM archived_months
    WHERE archived_months.organization_id = {table}.organization_id
        AND archived_months.month = {table}.day / 100
)
"""
_EVENTS_OF_ARCHIVED, _KEYS_OF_ARCHIVED = (
    _IS_ARCHIVED.format(table=table) for table in ("events", "event_keys")
)
_FACTS = (
    *("user_id", "meter", "resource_id", "time", "rate_id", "tier_key"),
    *("hour", "country"),
)
_NEGATED = ("quantity", "billed", "own_cost", "buy")
# In tiers a reversal costs the difference that it makes; only its rate can compute that.
_COST = "CASE WHEN {events}.tier_key IS NULL THEN {sign}{events}.cost ELSE 0 END"
_RESOURCE = ("organization_id", "month", "user_id", "meter", "resource_id", "day")


def _of_sums(table: str) -> Check:
    """Compare a table of sums with what the events add up to."""
    by = ", ".join(KEYS[table])
    return Check(
        table,
        KEYS[table] + _COLUMNS,
        f"SELECT {by}, {_SUMS} FROM ({_LEDGER}) AS ledger GROUP BY {by}",
        f"SELECT {by}, {_SUMS} FROM {table} GROUP BY {by}",
    )


CHECKS = (
    *map(_of_sums, KEYS),
    Check(
        "resources_daily",
        (*_RESOURCE, "count"),
        f"SELECT {', '.join(_RESOURCE)}, CAST(SUM(count) AS BIGINT) FROM ({_LEDGER}) AS ledger "
        f"WHERE resource_id <> '' GROUP BY {', '.join(_RESOURCE)}",
        f"SELECT {', '.join(_RESOURCE)}, count FROM resources_daily",
    ),
    Check(
        "organization_resources",
        ("organization_id", "month", "meter", "resource_id", "days"),
        resources.from_ledger(_LEDGER),
        "SELECT organization_id, month, meter, resource_id, days FROM organization_resources "
        "WHERE days <> 0",
    ),
    Check(
        "event_keys",
        ("organization_id", "id", "day"),
        f"SELECT organization_id, id, day FROM events WHERE NOT {_EVENTS_OF_ARCHIVED} "
        f"UNION ALL SELECT organization_id, id, {IN_QUARANTINE} FROM quarantine "
        f"UNION ALL SELECT organization_id, corrects, {CORRECTED} FROM corrections "
        "WHERE reversal_id IS NULL",
        f"SELECT organization_id, id, {DAY.format(keys='event_keys')} FROM event_keys "
        f"WHERE NOT {_KEYS_OF_ARCHIVED} AND day <> {DISCARDED}",
    ),
    Check(
        "quarantine_counts",
        ("organization_id", "code", "events"),
        "SELECT organization_id, code, COUNT(*) FROM quarantine GROUP BY organization_id, code",
        "SELECT organization_id, code, events FROM quarantine_counts WHERE events <> 0",
    ),
    Check(
        "events corrected in quarantine",
        ("organization_id", "corrects"),
        "SELECT organization_id, corrects FROM corrections WHERE quarantined_event IS NOT NULL",
        "SELECT organization_id, corrects FROM corrections WHERE reversal_id IS NULL",
    ),
    Check(
        "reversals of corrections",
        ("organization_id", "corrects", "reversal_id"),
        "SELECT reversals.organization_id, reversals.reverses, reversals.id FROM reversals "
        "JOIN corrections ON corrections.organization_id = reversals.organization_id "
        "AND corrections.corrects = reversals.reverses",
        "SELECT organization_id, corrects, reversal_id FROM corrections "
        "WHERE reversal_id IS NOT NULL",
    ),
    Check(
        "events that correct others",
        ("organization_id", "id"),
        "SELECT event_keys.organization_id, event_keys.id FROM event_keys "
        "JOIN corrections ON corrections.organization_id = event_keys.organization_id "
        "AND corrections.id = event_keys.id",
        "SELECT organization_id, id FROM corrections",
    ),
    Check(
        "identities of archived months",
        ("organization_id", "month", "events"),
        "SELECT organization_id, month, CAST(SUM(events) AS BIGINT) FROM ("
        "SELECT organization_id, day / 100 AS month, COUNT(*) AS events FROM events "
        f"WHERE {_EVENTS_OF_ARCHIVED} GROUP BY organization_id, day / 100 "
        "UNION ALL SELECT organization_id, month, events FROM archived_months"
        ") AS known GROUP BY organization_id, month",
        "SELECT organization_id, day / 100, COUNT(*) FROM event_keys "
        f"WHERE {_KEYS_OF_ARCHIVED} GROUP BY organization_id, day / 100",
    ),
    Check(
        "archived_sums",
        ("organization_id", "month", "events"),
        "SELECT organization_id, month, CAST(SUM(events) AS BIGINT) FROM archived_sums "
        "GROUP BY organization_id, month",
        "SELECT organization_id, month, CAST(SUM(events) AS BIGINT) FROM archived_months "
        "GROUP BY organization_id, month",
    ),
    Check(
        "tier_positions",
        ("organization_id", "month", "tier_key", "quantity"),
        "SELECT organization_id, month, tier_key, CAST(SUM(billed) AS BIGINT) "
        f"FROM ({_LEDGER}) AS ledger WHERE tier_key <> '' "
        "GROUP BY organization_id, month, tier_key",
        "SELECT organization_id, month, tier_key, quantity FROM tier_positions",
    ),
    Check(
        "reversals",
        ("organization_id", "id", "reverses", *_FACTS, *_NEGATED, "cost"),
        f"SELECT organization_id, id, reverses, {', '.join((*_FACTS, *_NEGATED))}, "
        f"{_COST.format(events='events', sign='')} FROM events WHERE reverses IS NOT NULL",
        "SELECT reversals.organization_id, reversals.id, reversals.reverses, "
        f"{', '.join(f'events.{column}' for column in _FACTS)}, "
        f"{', '.join(f'-events.{column}' for column in _NEGATED)}, "
        f"{_COST.format(events='events', sign='-')} FROM reversals "
        "JOIN event_keys ON event_keys.organization_id = reversals.organization_id "
        "AND event_keys.id = reversals.reverses "
        "JOIN events ON events.organization_id = event_keys.organization_id "
        "AND events.day = event_keys.day AND events.id = event_keys.id",
    ),
)


def differences(snapshot: Snapshot, check: Check) -> Iterator[RowDifference]:
    """Compare both ways; yield up to a hundred rows of each side."""
    sides = (
        ("only in events", check.from_events, check.kept),
        ("only kept", check.kept, check.from_events),
    )
    for side, one, other in sides:
        both = f"SELECT * FROM ({one}) AS one EXCEPT SELECT * FROM ({other}) AS other"
        sql = f"{both} LIMIT :most {ALL_TENANTS}"
        for row in snapshot.rows(sql, most=MOST_SHOWN):
            yield RowDifference(
                check.name, side, _whole(dict(zip(check.columns, decode_row(row), strict=True)))
            )


def _whole(row: dict[str, object]) -> dict[str, object]:
    """Combine the two parts of each sum."""
    for name in [column for column in row if column.endswith(_UNITS)]:
        units, rest = row.pop(name), row[name.removesuffix(_UNITS)]
        assert isinstance(units, int) and isinstance(rest, int)  # noqa: S101, PT018
        row[name.removesuffix(_UNITS)] = units * UNIT + rest
    return row


def count_archived(snapshot: Snapshot) -> int:
    """Count the archived events."""
    return snapshot.integer(
        f"SELECT CAST(SUM(events) AS BIGINT) FROM archived_months {ALL_TENANTS}"
    )


def count_events(snapshot: Snapshot) -> int:
    """Count the events of the whole ledger."""
    return snapshot.integer(f"SELECT COUNT(*) FROM events {ALL_TENANTS}")


def local_zones(snapshot: Snapshot) -> list[LocalZone]:
    """List the organizations with a time zone that new ones cannot have."""
    found = (LocalZone(*row) for row in snapshot.rows(_ZONES))
    return [zone for zone in found if zone.timezone in LOCAL_ZONES]
