"""The statements that charge a day of an organization again, and revert that.

Like those of ingest, they run while the transaction holds the organization's ledger. The changes
are in a temporary table, on a cluster in one of each node; events, their history and every sum are
updated by joins with it.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

from tollbook.domain.rerating import RerateRange
from tollbook.store import closed_days, ledger, rollups
from tollbook.store.database import Snapshot, Transaction
from tollbook.store.engine import Row
from tollbook.store.event_ids import BEFORE_ALL, texts
from tollbook.store.recharge_table import COLUMNS, FACTS, KINDS, Chargeable, Recharged, StoredCharge


class OrganizationDay(NamedTuple):
    """A day of an organization, which is charged again in one transaction."""

    organization: int
    day: int

    @property
    def month(self) -> int:
        """Return the month of the day."""
        return self.day // 100

    @property
    def parameters(self) -> dict[str, int]:
        """Return the parameters of a statement on the day."""
        return {"organization": self.organization, "day": self.day}


class DayReversal(NamedTuple):
    """A reversal of a day; `kept` is its charge before a run, None when that is the same."""

    event: Chargeable
    kept: StoredCharge | None


_CHARGE = ", ".join(KINDS)
_COLUMNS = (*FACTS, *KINDS)
_START = {"time": -1, "id": BEFORE_ALL}

NEXT_DAY = """
SELECT MIN(day) FROM events
WHERE organization_id = :organization AND day > :after AND day <= :last
"""

NEXT_ORGANIZATION = """
SELECT MIN(organization_id) FROM organizations
WHERE tenant_id = :tenant AND organization_id > :after
"""

_BEHIND = """
WHERE events.organization_id = :organization AND events.day = :day AND events.reverses IS NULL
    AND (events.time > :time OR (events.time = :time AND events.id > :id))
ORDER BY events.time, events.id LIMIT :limit
"""
_STORED = texts(_COLUMNS, "events")
_KEPT = ", ".join(f"kept.{name}" for name in KINDS)

EVENTS = f"SELECT {_STORED} FROM events {_BEHIND}"

CHANGED = f"""
SELECT {_STORED}, {_KEPT}
FROM events
JOIN charge_history AS kept ON kept.organization_id = events.organization_id
    AND kept.day = events.day AND kept.id = events.id AND kept.run_id = :run
{_BEHIND}
"""

_OF_RUN = """
LEFT JOIN charge_history AS kept ON kept.organization_id = events.organization_id
    AND kept.day = events.day AND kept.id = events.id AND kept.run_id = :run
"""

REVERSALS = f"""
SELECT id_text(events.reverses), {_STORED}, {_KEPT} FROM events {_OF_RUN}
WHERE events.organization_id = :organization AND events.day = :day AND events.reverses IS NOT NULL
ORDER BY events.time, events.id
"""

# A month's quantity under a key once all of its events have their charges from before a run.
COUNTED_BEFORE = f"""
SELECT CAST(SUM(CASE WHEN kept.id IS NULL THEN events.billed ELSE kept.billed END) AS BIGINT)
FROM events {_OF_RUN}
WHERE events.organization_id = :organization AND events.day BETWEEN :first AND :last
    AND CASE WHEN kept.id IS NULL THEN events.tier_key ELSE kept.tier_key END = :tier_key
"""

# Counts events by sums, of which there are far fewer; a reversal counts -1 there.
EXPECTED = """
SELECT CAST(SUM(usage_daily.count) AS BIGINT)
FROM organizations
JOIN usage_daily ON usage_daily.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant
    AND (organizations.organization_id = :only OR :only = 0)
    AND usage_daily.month BETWEEN :first_month AND :last_month
    AND usage_daily.day BETWEEN :first_day AND :last_day
"""

REVERSED = """
SELECT COUNT(*)
FROM organizations
JOIN reversals ON reversals.organization_id = organizations.organization_id
JOIN event_keys ON event_keys.organization_id = reversals.organization_id
    AND event_keys.id = reversals.id
WHERE organizations.tenant_id = :tenant
    AND (organizations.organization_id = :only OR :only = 0)
    AND event_keys.day BETWEEN :first_day AND :last_day
"""

REMEMBER = f"""
INSERT INTO charge_history (organization_id, day, id, run_id, {_CHARGE})
SELECT
    organization_id, CAST(:day AS INTEGER), id, CAST(:run AS BIGINT),
    {", ".join(f"was_{name}" for name in KINDS)}
FROM recharged ORDER BY organization_id, id
"""

CHANGE_EVENTS = f"""
UPDATE events SET {", ".join(f"{name} = recharged.{name}" for name in KINDS)}
FROM recharged
WHERE events.organization_id = :organization AND events.day = :day
    AND recharged.organization_id = events.organization_id AND recharged.id = events.id
"""

MOVES = {table: rollups.move(table) for table in rollups.KEYS}
SET_ASIDE = (
    rollups.COUNT_PART.format(within="= :organization"),
    *(rollups.set_aside(table, "= :organization", "= :month") for table in rollups.KEYS),
)

MOVE_POSITIONS = """
INSERT INTO tier_positions (organization_id, month, tier_key, quantity)
SELECT organization_id, CAST(:month AS INTEGER), tier_key, CAST(SUM(billed) AS BIGINT)
FROM (
    SELECT organization_id, tier_key, billed FROM recharged WHERE tier_key IS NOT NULL
    UNION ALL
    SELECT organization_id, was_tier_key, -was_billed FROM recharged
    WHERE was_tier_key IS NOT NULL
) AS moved
GROUP BY organization_id, tier_key ORDER BY organization_id, tier_key
ON CONFLICT (organization_id, month, tier_key) DO UPDATE SET
    quantity = tier_positions.quantity + excluded.quantity
"""

# A month without a counted event has no position. Events are only searched when it may be so.
DROP_POSITIONS = """
DELETE FROM tier_positions
WHERE tier_positions.organization_id = :organization AND month = :month AND quantity = 0
    AND (organization_id, tier_key) IN (
        SELECT organization_id, was_tier_key FROM recharged WHERE was_tier_key IS NOT NULL
    )
    AND NOT EXISTS (
        SELECT 1 FROM events
        WHERE events.organization_id = :organization AND events.day BETWEEN :first AND :last
            AND events.tier_key = tier_positions.tier_key
    )
"""


def next_place(
    snapshot: Snapshot, tenant: str, span: RerateRange, at: OrganizationDay
) -> OrganizationDay | None:
    """Return the next day with events after a place, of this organization or the next one."""
    number, day = at
    if not number:
        number, day = span.organization or _next_organization(snapshot, tenant, 0), 0
    while number:
        after = max(day, span.first_day - 1)
        day = snapshot.integer(NEXT_DAY, organization=number, after=after, last=span.last_day)
        if day:
            return OrganizationDay(number, day)
        number = 0 if span.organization else _next_organization(snapshot, tenant, number)
    return None


def _next_organization(snapshot: Snapshot, tenant: str, number: int) -> int:
    return snapshot.integer(NEXT_ORGANIZATION, tenant=tenant, after=number)


def expected(snapshot: Snapshot, tenant: str, span: RerateRange) -> int:
    """Count the events of a span, reversals among them."""
    days = {"first_day": span.first_day, "last_day": span.last_day}
    months = {"first_month": span.first_day // 100, "last_month": span.last_day // 100}
    whose = {"tenant": tenant, "only": span.organization or 0}
    net = snapshot.integer(EXPECTED, **whose, **months, **days)
    return net + 2 * snapshot.integer(REVERSED, **whose, **days)


def events(snapshot: Snapshot, place: OrganizationDay) -> Iterator[list[Chargeable]]:
    """Read the events of a day in the order of time and id, without reversals, in chunks."""
    for rows in snapshot.chunks(EVENTS, place.parameters, _COLUMNS, _START):
        yield [_to_chargeable(row) for row in rows]


def recharged_events(
    snapshot: Snapshot, place: OrganizationDay, run: int
) -> Iterator[list[tuple[Chargeable, StoredCharge]]]:
    """Read the events of a day that a run charged again, each with the charge it had before."""
    parameters, width = {**place.parameters, "run": run}, len(_COLUMNS)
    for rows in snapshot.chunks(CHANGED, parameters, (*_COLUMNS, *KINDS), _START):
        yield [(_to_chargeable(row), StoredCharge(*row[width:])) for row in rows]


def _to_chargeable(row: Row) -> Chargeable:
    charge = StoredCharge(*row[len(FACTS) : len(_COLUMNS)])
    return Chargeable._make((*row[: len(FACTS)], charge))


def reversals(snapshot: Snapshot, place: OrganizationDay, run: int = 0) -> dict[str, DayReversal]:
    """Return the reversals of a day by the events they reverse, with their charges before a run."""
    parameters, width = {**place.parameters, "run": run}, len(_COLUMNS)
    found: dict[str, DayReversal] = {}
    for row in snapshot.table(REVERSALS, parameters, 1 + width + len(KINDS)):
        before = row[1 + width :]
        kept = None if before[0] is None else StoredCharge(*before)
        found[row[0]] = DayReversal(_to_chargeable(row[1:]), kept)
    return found


def counted_before(snapshot: Snapshot, place: OrganizationDay, run: int, tier_key: str) -> int:
    """Return a month's quantity under a key once a run is reverted, in micros.

    Reversals that came after the run count as they are now.
    """
    first, last = place.month * 100, place.month * 100 + 99
    return snapshot.integer(
        COUNTED_BEFORE,
        organization=place.organization,
        first=first,
        last=last,
        run=run,
        tier_key=tier_key,
    )


def recharge(
    transaction: Transaction, place: OrganizationDay, rows: Sequence[Recharged], run: int | None
) -> None:
    """Store the new charges of a day's events, and add the differences to every sum.

    With the number of a run, keep their earlier charges under it.
    """
    number, day = place
    month = place.month
    _stage(transaction, number, rows)
    if run is not None:
        transaction.execute(REMEMBER, day=day, run=run)
    transaction.execute(CHANGE_EVENTS, organization=number, day=day)
    _move_sums(transaction, place, rows)
    if any(row.before.tier_key or row.after.tier_key for row in rows):
        transaction.execute(MOVE_POSITIONS, month=month)
        first, last = month * 100, month * 100 + 99
        transaction.execute(
            DROP_POSITIONS, organization=number, month=month, first=first, last=last
        )


def move_sums(transaction: Transaction, place: OrganizationDay, rows: Sequence[Recharged]) -> None:
    """Add the differences of the rows of a day to every sum, and leave events as they are."""
    _stage(transaction, place.organization, rows)
    _move_sums(transaction, place, rows)


def _move_sums(transaction: Transaction, place: OrganizationDay, rows: Sequence[Recharged]) -> None:
    """Add the differences of the rows in the temporary table to every sum."""
    bound = {"organization": place.organization, "month": place.month, "day": place.day}
    closed_days.note_days(transaction, [place])
    ledger.add_in_range(
        transaction=transaction,
        statements=list(MOVES.values()),
        rows=rows,
        size=_size,
        stage=partial(_stage, transaction, place.organization),
        set_aside=SET_ASIDE,
        **bound,
    )


def _stage(transaction: Transaction, organization: int, rows: Sequence[Recharged]) -> None:
    transaction.replace_rows("recharged", COLUMNS, [row.row(organization) for row in rows])


def _size(row: Recharged) -> tuple[int, int]:
    before, after = row.before, row.after
    moved = (
        after.cost - before.cost,
        after.billed - before.billed,
        (after.buy or 0) - (before.buy or 0),
        after.bought_cost - before.bought_cost,
    )
    return row.meter, max(map(abs, moved))
