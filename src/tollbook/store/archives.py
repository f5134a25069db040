"""The statements for archives: months that are due, events moved to files, and their sums."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tollbook.domain.meters import CATALOG, OWN_ORGANIZATION_LEVEL
from tollbook.store import archive_files
from tollbook.store.archive_files import Archived
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.event_ids import BEFORE_ALL, encode_id, encode_optional, texts
from tollbook.store.events import Stored
from tollbook.store.exact_sums import UNIT
from tollbook.store.rollups import SUMS
from tollbook.store.tables.columns import type_of
from tollbook.store.tables.schema import metadata

_BUILT_IN = ", ".join(str(meter.code) for meter in CATALOG if meter.organization_level)
# The category of an own meter is in its code, so that statements over all tenants need no catalog.
ORGANIZATION_LEVEL = (
    f"(meter IN ({_BUILT_IN}) OR "
    f"meter BETWEEN {OWN_ORGANIZATION_LEVEL.start} AND {OWN_ORGANIZATION_LEVEL.stop - 1})"
)
BILLED_USER_ID = f"CASE WHEN {ORGANIZATION_LEVEL} THEN '' ELSE user_id END"
ONE = "CASE WHEN reverses IS NULL THEN 1 ELSE -1 END"


class Month(NamedTuple):
    """A month of an organization, by its number, its id and a month such as 202401."""

    number: int
    organization_id: str
    month: int

    @property
    def first(self) -> int:
        """Return the number before the first day."""
        return self.month * 100

    @property
    def last(self) -> int:
        """Return a number that no day of the month exceeds."""
        return self.month * 100 + 99


# Months are found by their sums, which are few, and tested for a first event.
DUE = """
SELECT DISTINCT organizations.organization_id, organizations.id, kept.month
FROM organizations
JOIN organization_monthly AS kept ON kept.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant AND kept.month < :before
    AND (organizations.organization_id = :only OR :only = 0)
    AND EXISTS (
        SELECT 1 FROM events
        WHERE events.organization_id = kept.organization_id
            AND events.day BETWEEN kept.month * 100 AND kept.month * 100 + 99
    )
ORDER BY kept.month, organizations.organization_id
"""

EVENTS = f"""
SELECT {texts(Stored._fields)} FROM events
WHERE organization_id = :number AND day <= :last AND (day > :day OR (day = :day AND id > :id))
ORDER BY day, id LIMIT :limit
"""


def _summed(column: str) -> str:
    """Return the sum of a column in two parts, because it may exceed 64 bits."""
    parts = (f"{column} / {UNIT}", f"{column} % {UNIT}")
    return ", ".join(f"CAST(SUM({part}) AS BIGINT)" for part in parts)


# New events, reratings and erasures change these figures.
STATE = f"""
SELECT
    COUNT(*), {", ".join(map(_summed, ("cost", "billed", "buy", "rate_id", "position")))},
    CAST(SUM(LENGTH(attributes)) AS BIGINT), CAST(SUM(LENGTH(resource_id)) AS BIGINT),
    CAST(SUM(LENGTH(tier_key)) AS BIGINT),
    SUM(CASE WHEN attributes LIKE '%erased%' THEN 1 ELSE 0 END)
FROM events WHERE organization_id = :number AND day BETWEEN :first AND :last
"""

_ERASURES = """
SELECT COUNT(*) FROM audit_log
WHERE tenant_id = :tenant AND organization_id = :number AND action = 'user.erase'
"""

_RUNS = """
SELECT COUNT(*), MAX(moved_at) FROM rerating_runs
WHERE tenant_id = :tenant AND (organization_id = :number OR organization_id IS NULL)
    AND first_day <= :last AND last_day >= :first
"""

_PARTS = """
SELECT COUNT(*) FROM archived_months
WHERE organization_id = :number AND month = :first / 100
"""

_KEY = (
    *("organization_id", "month", "user_id", "meter", "day", "hour", "country"),
    *("tier_key", "resource_id"),
)
_BY = {
    "month": "day / 100",
    "user_id": BILLED_USER_ID,
    "tier_key": "COALESCE(tier_key, '')",
    "resource_id": "COALESCE(resource_id, '')",
}
_ADDED = ("events", *SUMS)
_GROUP = ", ".join(_BY.get(column, column) for column in _KEY)
_EVENTS = "FROM events WHERE organization_id = :number AND day BETWEEN :first AND :last"
_SUMMED = f"""
    COUNT(*), CAST(SUM({ONE}) AS BIGINT), CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(billed) AS BIGINT), CAST(SUM(cost) AS BIGINT),
    COALESCE(CAST(SUM(buy) AS BIGINT), 0),
    CAST(SUM(CASE WHEN buy IS NULL THEN 0 ELSE {ONE} END) AS BIGINT),
    CAST(SUM(CASE WHEN buy IS NULL THEN 0 ELSE cost END) AS BIGINT)"""
KEEP_SUMS = f"""
INSERT INTO archived_sums ({", ".join(_KEY)}, {", ".join(_ADDED)})
SELECT {_GROUP},{_SUMMED}
{_EVENTS}
GROUP BY {_GROUP}
ON CONFLICT ({", ".join(_KEY)}, part) DO UPDATE SET
    {", ".join(f"{column} = archived_sums.{column} + excluded.{column}" for column in _ADDED)}
"""

_IN_A_PART = 64
"""The sums of this many largest possible events fit into 64 bits."""
COUNT_PARTS = f"""
UPDATE ledger_versions SET parts = parts + (
    SELECT COUNT(*) / {_IN_A_PART} + 1 {_EVENTS}
)
WHERE organization_id = :number
"""
KEEP_SUMS_IN_PARTS = f"""
INSERT INTO archived_sums ({", ".join(_KEY)}, part, {", ".join(_ADDED)})
SELECT {_GROUP},
    (SELECT parts FROM ledger_versions WHERE organization_id = :number) - part,{_SUMMED}
FROM (
    SELECT events.*, CAST((
        ROW_NUMBER() OVER (PARTITION BY {_GROUP} ORDER BY id) - 1
    ) / {_IN_A_PART} AS INTEGER) AS part
    {_EVENTS}
) AS events
GROUP BY {_GROUP}, part
"""
"""For sums that pass 64 bits: rows of a few events each, numbered by `COUNT_PARTS`."""

SUMS_OF_MONTH = f"""
SELECT {", ".join(_KEY[2:])}, {", ".join(_ADDED)} FROM archived_sums
WHERE organization_id = :number AND month = :month
"""
WIDTH_OF_SUMS = len(_KEY) - 2 + len(_ADDED)

WITHOUT_IDENTITY = """
SELECT id_text(events.id) FROM events
LEFT JOIN event_keys ON event_keys.organization_id = events.organization_id
    AND event_keys.id = events.id AND event_keys.day = events.day
WHERE events.organization_id = :number AND events.day BETWEEN :first AND :last
    AND event_keys.id IS NULL
LIMIT 1
"""

_ID, _REVERSES = (Stored._fields.index(name) for name in ("id", "reverses"))
_COLUMNS = {name: type_of(metadata.tables["events"].columns[name]) for name in Stored._fields}


def due(snapshot: Snapshot, tenant: str, before: int, organization: int | None) -> list[Month]:
    """List the months before `before` that have events in the ledger."""
    parameters = {"tenant": tenant, "before": before, "only": organization or 0}
    return [Month(*row) for row in snapshot.table(DUE, parameters, 3)]


OWN_METERS = """
SELECT DISTINCT meter FROM events
WHERE organization_id = :number AND day BETWEEN :first AND :last AND meter >= 1000
ORDER BY meter
"""


def state(snapshot: Snapshot, tenant: str, month: Month) -> Row:
    """Return figures that change when an event of a month does: first its events, last its files.

    A change may leave the sums of the events equal, such as an erased text of the same length: so
    the acts that change events are counted too.
    """
    parameters = {"number": month.number, "first": month.first, "last": month.last}
    rows = [
        snapshot.row(STATE, **parameters),
        snapshot.row(_ERASURES, tenant=tenant, **parameters),
        snapshot.row(_RUNS, tenant=tenant, **parameters),
        snapshot.row(_PARTS, tenant=tenant, **parameters),
    ]
    return tuple(value for row in rows if row for value in row)


def events(snapshot: Snapshot, month: Month) -> Iterator[list[Row]]:
    """Read the events of a month in the order of day and id, in chunks."""
    parameters = {"number": month.number, "last": month.last}
    start = {"day": month.first, "id": BEFORE_ALL}
    return snapshot.chunks(EVENTS, parameters, Stored._fields, start)


def own_meters(snapshot: Snapshot, month: Month) -> list[int]:
    """List the codes of the tenant's own meters that a month has events of."""
    rows = snapshot.rows(OWN_METERS, number=month.number, first=month.first, last=month.last)
    return [code for (code,) in rows]


def move_out(transaction: Transaction, month: Month, file: Archived) -> None:
    """Record a file, store the sums of the month's events, and remove them from the ledger."""
    events = {"number": month.number, "first": month.first, "last": month.last}
    if not transaction.execute_in_range([KEEP_SUMS], **events):
        transaction.execute(COUNT_PARTS, **events)
        transaction.execute(KEEP_SUMS_IN_PARTS, **events)
    archive_files.add(transaction, file)
    transaction.remove_events(month.number, month.month)


def move_in(transaction: Transaction, month: Month, events: Iterable[Row]) -> None:
    """Insert the events of a month's files into the ledger, and forget their sums and files."""
    transaction.bulk("events", _COLUMNS, map(_stored, events))
    for table in ("archived_sums", "archived_months"):
        transaction.execute(
            f"DELETE FROM {table} WHERE organization_id = :number AND month = :month",
            number=month.number,
            month=month.month,
        )


def _stored(row: Row) -> Row:
    """Return the values of an event's columns."""
    values = list(row)
    values[_ID], values[_REVERSES] = encode_id(row[_ID]), encode_optional(row[_REVERSES])
    return tuple(values)


def set_purchases(
    transaction: Transaction, month: Month, group: Row, purchases: Sequence[int]
) -> None:
    """Store what the events of a group were bought for, in the first of its rows."""
    names = _KEY[2:]
    where = " AND ".join(f"{name} = :{name}" for name in names)
    within = f"organization_id = :number AND month = :month AND {where}"
    buy, bought, bought_cost = purchases
    transaction.execute(
        f"UPDATE archived_sums SET buy = :buy, bought = :bought, bought_cost = :bought_cost "
        f"WHERE {within} AND part = (SELECT MIN(part) FROM archived_sums WHERE {within})",
        number=month.number,
        month=month.month,
        buy=buy,
        bought=bought,
        bought_cost=bought_cost,
        **dict(zip(names, group, strict=True)),
    )


def without_identity(snapshot: Snapshot, month: Month) -> str | None:
    """Return the id of an event of a month whose identity is not in the ledger, if any."""
    row = snapshot.row(WITHOUT_IDENTITY, number=month.number, first=month.first, last=month.last)
    return None if row is None else str(row[0])


def sums_of(snapshot: Snapshot, number: int, month: int) -> dict[Row, Row]:
    """Return the sums of a month's archived events by their keys."""
    parameters = {"number": number, "month": month}
    rows = snapshot.table(SUMS_OF_MONTH, parameters, WIDTH_OF_SUMS)
    keys = len(_KEY) - 2
    found: dict[Row, Row] = {}
    for row in rows:
        kept, added = tuple(row[:keys]), tuple(row[keys:])
        before = found.get(kept, (0,) * len(added))
        found[kept] = tuple(one + other for one, other in zip(before, added, strict=True))
    return found
