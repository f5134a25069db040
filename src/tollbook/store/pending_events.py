"""The statements that count events that wait for their carrier's price, by age."""

from typing import Any

import msgspec

from tollbook.store.database import Database, Snapshot
from tollbook.store.scope_check import ALL_TENANTS

_DAY = 24 * 3600 * 1_000_000
"""A day in microseconds."""

# The condition on the code is that of the index, which has the times in its order.
_BY_AGE = """
SELECT
    CAST(COALESCE(SUM(CASE WHEN quarantine.time > :day THEN 1 ELSE 0 END), 0) AS BIGINT),
    CAST(COALESCE(SUM(
        CASE WHEN quarantine.time BETWEEN :week AND :day THEN 1 ELSE 0 END
    ), 0) AS BIGINT),
    CAST(COALESCE(SUM(CASE WHEN quarantine.time < :week THEN 1 ELSE 0 END), 0) AS BIGINT)
FROM quarantine
"""
_IS_PENDING = "quarantine.code = 'cost_pending'"
OF_ONE = f"{_BY_AGE}WHERE quarantine.organization_id = :number AND {_IS_PENDING}"
OF_TENANT = (
    f"{_BY_AGE}JOIN organizations ON organizations.organization_id = quarantine.organization_id "
    f"WHERE organizations.tenant_id = :tenant AND {_IS_PENDING}"
)
OF_ALL = f"{_BY_AGE}WHERE {_IS_PENDING} {ALL_TENANTS}"


class PendingEvents(msgspec.Struct, frozen=True):
    """How many events wait for their carrier's price, by the age of the event's own time."""

    under_1_day: int
    from_1_to_7_days: int
    over_7_days: int


def count(snapshot: Snapshot, tenant: str, number: int | None, now: int) -> PendingEvents:
    """Count the pending events of an organization, or of a tenant without one."""
    if number is None:
        return _count(snapshot, OF_TENANT, now, tenant=tenant)
    return _count(snapshot, OF_ONE, now, number=number)


def count_all(database: Database, now: int) -> dict[str, int]:
    """Count the pending events of all tenants by age."""
    with database.reading() as snapshot:
        return msgspec.structs.asdict(_count(snapshot, OF_ALL, now))


def _count(snapshot: Snapshot, sql: str, now: int, **of: Any) -> PendingEvents:
    row = snapshot.row(sql, day=now - _DAY, week=now - 7 * _DAY, **of)
    assert row is not None  # noqa: S101  sums have one row
    return PendingEvents(*row)
