"""The statements of trends: sums by place in time and by key.

A place is a day, a month, or an hour as a multiple of `:step` minutes after `:origin`. `:meters`
has a bit for each meter that counts.
"""

from enum import StrEnum

from tollbook.analytics.period_cover import EDGES
from tollbook.store.engine import by_index

_SUMS = """\
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)"""
_METERS = "((:meters >> sums.meter) & 1) = 1"
_COUNTRY = "sums.country BETWEEN :country AND :last_country"
_MONTHS = "sums.month BETWEEN :first_month AND :last_month"
_DAYS = "sums.day BETWEEN :first_day AND :last_day"
_HOURS = "sums.hour BETWEEN :first_hour AND :last_hour"


class By(StrEnum):
    """The key of the sums, in addition to time."""

    NOTHING = "nothing"
    METER = "meter"
    COUNTRY = "country"


class Unit(StrEnum):
    """The unit of a place in time."""

    DAY = "day"
    MONTH = "month"
    HOUR = "hour"


_KEYS = {By.NOTHING: "''", By.METER: "sums.meter", By.COUNTRY: "sums.country"}
_PLACES = {
    Unit.DAY: "sums.day",
    Unit.MONTH: "sums.month",
    Unit.HOUR: "(sums.hour - :origin) / :step",
}
_WITHIN = {
    Unit.DAY: f"{_MONTHS}\n    AND {_DAYS}",
    Unit.MONTH: _MONTHS,
    Unit.HOUR: f"{_MONTHS}\n    AND {_HOURS}\n    AND {_COUNTRY}",
}
_TABLES = {
    Unit.DAY: "organization_daily",
    Unit.MONTH: "organization_monthly",
    Unit.HOUR: "organization_hourly",
}


def organization_sql(unit: Unit, by: By) -> str:
    """Return the statement for the sums of an organization."""
    return f"""
SELECT
    {_PLACES[unit]}, {_KEYS[by]},
{_SUMS}
FROM {_TABLES[unit]} AS sums
WHERE sums.organization_id = :number AND {_WITHIN[unit]}
    AND {_METERS}
GROUP BY 1, 2
"""


def tenant_sql(unit: Unit, by: By) -> str:
    """Return the statement for a tenant's organizations of one currency; hours are of one zone."""
    of_zone = "\n    AND organizations.timezone = :timezone" if unit is Unit.HOUR else ""
    return f"""
SELECT
    {_PLACES[unit]}, {_KEYS[by]},
{_SUMS}
FROM organizations
JOIN {_TABLES[unit]} AS sums ON sums.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency{of_zone}
    AND {_WITHIN[unit]}
    AND {_METERS}
GROUP BY 1, 2
"""


# The user follows the month in the key, so a range of months would read all users: each month is
# looked up on its own. SQLite keeps the order of a CROSS JOIN: months first, then their rows.
_EACH_MONTH = """
WITH RECURSIVE months(month) AS (
    SELECT CAST(:first_month AS INTEGER)
    UNION ALL
    SELECT CASE WHEN month % 100 < 12 THEN month + 1 ELSE month + 89 END
    FROM months WHERE month < :last_month
)"""
_USER_FROM = {
    Unit.DAY: "FROM months\nCROSS JOIN usage_daily AS sums",
    Unit.MONTH: "FROM months\nCROSS JOIN usage_monthly AS sums",
}


def user_sql(unit: Unit, by: By) -> str:
    """Return the statement for the sums of a user, by days or months."""
    days = f"\n    AND {_DAYS}\n    AND {_COUNTRY}" if unit is Unit.DAY else ""
    return f"""{_EACH_MONTH}
SELECT
    {_PLACES[unit]}, {_KEYS[by]},
{_SUMS}
{_USER_FROM[unit]}
WHERE sums.organization_id = :number AND sums.month = months.month AND sums.user_id = :user{days}
    AND {_METERS}
GROUP BY 1, 2
"""


def user_hours_sql(by: By) -> str:
    """Return the statement that adds up a user's events by hour, by the index of users and days.

    A reversal counts as -1. The sums of archived events are kept, and are added.
    """
    return f"""{_EACH_MONTH}
SELECT
    sums.hour, {_KEYS[by]},
{_SUMS}
FROM (
    SELECT
        hour, meter, country, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END AS count,
        quantity, cost
    FROM events {by_index("ix_events_by_user")}
    WHERE organization_id = :number AND user_id = :user
        AND day BETWEEN :first_day AND :last_day
    UNION ALL
    SELECT hour, meter, country, count, quantity, cost
    FROM months
    CROSS JOIN archived_sums
    WHERE organization_id = :number AND archived_sums.month = months.month AND user_id = :user
        AND day BETWEEN :first_day AND :last_day
) AS sums
WHERE {_COUNTRY}
    AND {_METERS}
GROUP BY 1, 2
"""


def _totals(key: str, table: str, within: str, sign: str = "") -> str:
    """Return the SQL of one part of totals by key: whole months, or an edge, which has a sign."""
    times = f" * :{sign}" if sign else ""
    sums = ",\n        ".join(
        f"CAST(SUM(sums.{it}){times} AS BIGINT) AS {it}" for it in ("count", "quantity", "cost")
    )
    return f"""\
    SELECT
        sums.{key} AS id,
        {sums}
    FROM {table} AS sums{_OF[key]}
        AND {within}
        AND {_METERS}
    GROUP BY sums.{key}"""


_OF = {
    "user_id": "\n    WHERE sums.organization_id = :number",
    "organization_id": """
    JOIN organizations ON organizations.organization_id = sums.organization_id
    WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency""",
}


def totals_sql(key: str, months: str, days: str) -> str:
    """Return the statement that adds up a period by user or by organization."""
    parts = [_totals(key, months, "sums.month BETWEEN :first_month AND :last_month")]
    for edge in EDGES:
        within = f"sums.month = :{edge}_month AND sums.day BETWEEN :{edge}_start AND :{edge}_end"
        parts.append(_totals(key, days, within, f"{edge}_sign"))
    cover = "\n    UNION ALL\n".join(parts)
    return f"""
SELECT
    sums.id,
{_SUMS}
FROM (
{cover}
) AS sums
GROUP BY sums.id
"""


def _totals_in_country(key: str, table: str, within: str, of_zone: str = "") -> str:
    return f"""
SELECT
    sums.{key},
{_SUMS}
FROM {table} AS sums{_OF[key].replace("    ", "")}{of_zone}
    AND {_MONTHS}
    AND {within}
    AND sums.country = :country
    AND {_METERS}
GROUP BY sums.{key}
"""


_BY_ANYTHING = [(Unit.HOUR, by) for by in By]
_WITHOUT_COUNTRY = [(it, by) for it in (Unit.DAY, Unit.MONTH) for by in (By.NOTHING, By.METER)]

ORGANIZATION = {it: organization_sql(*it) for it in (*_WITHOUT_COUNTRY, *_BY_ANYTHING)}
TENANT = {it: tenant_sql(*it) for it in (*_WITHOUT_COUNTRY, *_BY_ANYTHING)}
USER = {it: user_sql(*it) for it in (*_WITHOUT_COUNTRY, (Unit.DAY, By.COUNTRY))}
USER |= {(Unit.HOUR, by): user_hours_sql(by) for by in By}

USERS = totals_sql("user_id", "usage_monthly", "usage_daily")
ORGANIZATIONS = totals_sql("organization_id", "organization_monthly", "organization_daily")
USERS_IN_COUNTRY = _totals_in_country("user_id", "usage_daily", _DAYS)
ORGANIZATIONS_IN_COUNTRY = _totals_in_country(
    "organization_id", "organization_hourly", _HOURS, "\n    AND organizations.timezone = :timezone"
)
TIMEZONES = """
SELECT DISTINCT timezone FROM organizations
WHERE tenant_id = :tenant AND currency = :currency AND status <> :unknown
ORDER BY timezone
"""
