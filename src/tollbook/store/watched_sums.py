"""The statements that triggers are computed from: sums by meter, of an organization or its users.

The keys of the sums serve them: a range of months and days of one organization is one short range.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tollbook.store.database import Snapshot
from tollbook.store.engine import by_index
from tollbook.store.scope_check import ALL_TENANTS

WATCHED_VERSIONS = f"""
SELECT organizations.tenant_id, organizations.organization_id, ledger_versions.token,
    organizations.timezone, organizations.currency, organizations.id
FROM tenants
JOIN organizations ON organizations.tenant_id = tenants.tenant_id
JOIN ledger_versions ON ledger_versions.organization_id = organizations.organization_id
WHERE tenants.triggers_token <> 0 AND organizations.status <> 'unknown' {ALL_TENANTS}
"""
_SUMS = """CAST(SUM(count) AS BIGINT), CAST(SUM(quantity) AS BIGINT), CAST(SUM(cost) AS BIGINT)"""


class WatchedOrganization(NamedTuple):
    """An organization of a tenant with triggers, and the token of its ledger."""

    tenant: str
    number: int
    token: int
    timezone: str
    currency: str
    id: str


class MeterSum(NamedTuple):
    """What a meter has summed up in a place: a day, a month, or the start of an hour in minutes.

    The user is empty in sums of an organization.
    """

    user_id: str
    place: int
    meter: int
    events: int
    quantity: int
    cost: int


class Range(NamedTuple):
    """Places from `first` to `last`, in the months from `first_month` to `last_month`."""

    first_month: int
    last_month: int
    first: int = 0
    last: int = 2**31 - 1


def watched_organizations(snapshot: Snapshot) -> list[WatchedOrganization]:
    """List the organizations of tenants with triggers, with the tokens of their ledgers."""
    return [WatchedOrganization(*row) for row in snapshot.table(WATCHED_VERSIONS, {}, 6)]


def organizations_of_tenant(snapshot: Snapshot, tenant: str) -> list[WatchedOrganization]:
    """List the organizations of a tenant with the tokens of their ledgers; 0 before any event."""
    rows = snapshot.rows(
        "SELECT tenant_id, organization_id, 0, timezone, currency, id FROM organizations "
        "WHERE tenant_id = :tenant AND status <> 'unknown' ORDER BY id",
        tenant=tenant,
    )
    return [WatchedOrganization(*row) for row in rows]


def _of_organization(table: str, place: str) -> str:
    within = "" if place == "month" else f" AND {place} BETWEEN :first AND :last"
    return f"""
SELECT '', {place}, meter, {_SUMS}
FROM {table}
WHERE organization_id = :number AND month BETWEEN :first_month AND :last_month{within}
GROUP BY {place}, meter
"""


# The user follows the month in the key, so a range of months would read all users: each month is
# named.
def _of_users(table: str, place: str) -> str:
    within = "" if place == "month" else f" AND {place} BETWEEN :first AND :last"
    return f"""
SELECT user_id, {place}, meter, {_SUMS}
FROM {table}
WHERE organization_id = :number AND month IN :months AND user_id IN :users{within}
GROUP BY user_id, {place}, meter
"""


ORGANIZATION_DAYS = _of_organization("organization_daily", "day")
ORGANIZATION_MONTHS = _of_organization("organization_monthly", "month")
ORGANIZATION_HOURS = _of_organization("organization_hourly", "hour")
TENANT_DAYS = f"""
SELECT '', day, meter, {_SUMS}
FROM organizations
JOIN organization_daily ON organization_daily.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant AND (:currency = '' OR currency = :currency)
    AND month BETWEEN :first_month AND :last_month AND day BETWEEN :first AND :last
GROUP BY day, meter
"""
USER_DAYS = _of_users("usage_daily", "day")
USER_MONTHS = _of_users("usage_monthly", "month")
_AMOUNTS = (3, 4, 5)
_MOST_USERS = 500


def organization_sums(snapshot: Snapshot, sql: str, number: int, places: Range) -> list[MeterSum]:
    """Read sums of an organization."""
    bound = {"number": number, **places._asdict()}
    return [MeterSum(*row) for row in snapshot.sums(sql, bound, 6, _AMOUNTS)]


def tenant_days(snapshot: Snapshot, tenant: str, currency: str, places: Range) -> list[MeterSum]:
    """Read the sums of each day of all organizations, or those of one currency."""
    bound = {"tenant": tenant, "currency": currency, **places._asdict()}
    return [MeterSum(*row) for row in snapshot.sums(TENANT_DAYS, bound, 6, _AMOUNTS)]


def user_sums(
    snapshot: Snapshot, sql: str, number: int, users: Sequence[str], places: Range
) -> Iterator[MeterSum]:
    """Read sums of some users of an organization."""
    bound: dict[str, Any] = {"number": number, **places._asdict()}
    if sql != USER_HOURS:
        bound["months"] = _months_with_usage(snapshot, number, places)
    for at in range(0, len(users), _MOST_USERS):
        bound["users"] = list(users[at : at + _MOST_USERS])
        for row in snapshot.sums(sql, bound, 6, _AMOUNTS):
            yield MeterSum(*row)


def _months_with_usage(snapshot: Snapshot, number: int, places: Range) -> list[int]:
    rows = snapshot.rows(
        "SELECT DISTINCT month FROM organization_monthly "
        "WHERE organization_id = :number AND month BETWEEN :first AND :last",
        number=number,
        first=places.first_month,
        last=places.last_month,
    )
    return [row[0] for row in rows] or [0]


# A user's hours have no sums: they are added up from events, by the index of users and days, and
# from the sums of archived events. A reversal counts as -1.
USER_HOURS = f"""
SELECT user_id, hour, meter, {_SUMS}
FROM (
    SELECT
        user_id, hour, meter, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END AS count, quantity, cost
    FROM events {by_index("ix_events_by_user")}
    WHERE organization_id = :number AND user_id IN :users
        AND day BETWEEN :first_month * 100 AND :last_month * 100 + 99
        AND hour BETWEEN :first AND :last
    UNION ALL
    SELECT user_id, hour, meter, count, quantity, cost
    FROM archived_sums
    WHERE organization_id = :number AND month BETWEEN :first_month AND :last_month
        AND user_id IN :users AND hour BETWEEN :first AND :last
) AS hours
GROUP BY user_id, hour, meter
"""
