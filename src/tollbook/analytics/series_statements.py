"""The statements of trends: sums by place in time and by key.

A place is a day, a month, or an hour as a multiple of `:step` minutes after `:origin`. `:meters`
has a bit for each meter that counts. A question about all meters has no condition on them: engines
cannot estimate how many rows have a bit, so PostgreSQL would expect a few, and sort all of them.
"""

import re
from enum import StrEnum
from functools import cache
from typing import Any, NamedTuple

from tollbook.analytics.period_cover import EDGES
from tollbook.store.engine import by_index

FIGURES = ("count", "quantity", "cost")
PURCHASES = ("buy", "bought", "bought_cost")
"""The figures that a margin needs as well."""
Figures = tuple[str, ...]


def _sums(figures: Figures) -> str:
    return ",\n".join(f"    CAST(SUM(sums.{name}) AS BIGINT)" for name in figures)


_CODES = "sums.meter IN :codes"
_METERS = "((:meters >> sums.meter) & 1) = 1"
_AND_METERS = re.compile(rf"\s+AND {re.escape(_METERS)}")
_COUNTRY = "sums.country BETWEEN :country AND :last_country"
_MONTHS = "sums.month BETWEEN :first_month AND :last_month"
_DAYS = "sums.day BETWEEN :first_day AND :last_day"
_HOURS = "sums.hour BETWEEN :first_hour AND :last_hour"


class MatchMeters(StrEnum):
    """How the statements choose meters. Codes of a tenant's own are too large for bits."""

    ALL = "all"
    BITS = "bits"
    CODES = "codes"


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


def organization_sql(unit: Unit, by: By, figures: Figures = FIGURES) -> str:
    """Return the statement for the sums of an organization."""
    return f"""
SELECT
    {_PLACES[unit]}, {_KEYS[by]},
{_sums(figures)}
FROM {_TABLES[unit]} AS sums
WHERE sums.organization_id = :number AND {_WITHIN[unit]}
    AND {_METERS}
GROUP BY 1, 2
"""


def tenant_sql(unit: Unit, by: By, figures: Figures = FIGURES) -> str:
    """Return the statement for a tenant's organizations of one currency; hours are of one zone."""
    of_zone = "\n    AND organizations.timezone = :timezone" if unit is Unit.HOUR else ""
    return f"""
SELECT
    {_PLACES[unit]}, {_KEYS[by]},
{_sums(figures)}
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
WITH RECURSIVE months AS (
    SELECT CAST(:first_month AS INTEGER) AS month
    UNION ALL
    SELECT CASE WHEN month % 100 < 12 THEN month + 1 ELSE month + 89 END
    FROM months WHERE month < :last_month
)"""
_USER_FROM = {
    Unit.DAY: "FROM months\nCROSS JOIN usage_daily AS sums",
    Unit.MONTH: "FROM months\nCROSS JOIN usage_monthly AS sums",
}


def user_sql(unit: Unit, by: By, figures: Figures = FIGURES) -> str:
    """Return the statement for the sums of a user, by days or months."""
    days = f"\n    AND {_DAYS}\n    AND {_COUNTRY}" if unit is Unit.DAY else ""
    return f"""{_EACH_MONTH}
SELECT
    {_PLACES[unit]}, {_KEYS[by]},
{_sums(figures)}
{_USER_FROM[unit]}
WHERE sums.organization_id = :number AND sums.month = months.month AND sums.user_id = :user{days}
    AND {_METERS}
GROUP BY 1, 2
"""


def user_hours_sql(by: By, figures: Figures = FIGURES) -> str:
    """Return the statement that adds up a user's events by hour, by the index of users and days.

    A reversal counts as -1. The sums of archived events are kept, and are added.
    """
    return f"""{_EACH_MONTH}
SELECT
    sums.hour, {_KEYS[by]},
{_sums(figures)}
FROM (
    SELECT
        hour, meter, country, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END AS count,
        quantity, cost{_EVENT_PURCHASES if figures != FIGURES else ""}
    FROM events {by_index("ix_events_by_user")}
    WHERE organization_id = :number AND user_id = :user
        AND day BETWEEN :first_day AND :last_day
    UNION ALL
    SELECT hour, meter, country, {", ".join(figures)}
    FROM months
    CROSS JOIN archived_sums
    WHERE organization_id = :number AND archived_sums.month = months.month AND user_id = :user
        AND day BETWEEN :first_day AND :last_day
) AS sums
WHERE {_COUNTRY}
    AND {_METERS}
GROUP BY 1, 2
"""


_EVENT_PURCHASES = """,
        COALESCE(buy, 0) AS buy,
        CASE WHEN buy IS NULL THEN 0 WHEN reverses IS NULL THEN 1 ELSE -1 END AS bought,
        CASE WHEN buy IS NULL THEN 0 ELSE cost END AS bought_cost"""


def _totals(key: str, table: str, within: str, sign: str, figures: Figures) -> str:
    """Return the SQL of one part of totals by key: whole months, or an edge, which has a sign."""
    times = f" * :{sign}" if sign else ""
    sums = ",\n        ".join(f"CAST(SUM(sums.{it}){times} AS BIGINT) AS {it}" for it in figures)
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


def totals_sql(key: str, months: str, days: str, figures: Figures = FIGURES) -> str:
    """Return the statement that adds up a period by user or by organization."""
    whole = "sums.month BETWEEN :first_month AND :last_month"
    parts = [_totals(key, months, whole, "", figures)]
    for edge in EDGES:
        within = f"sums.month = :{edge}_month AND sums.day BETWEEN :{edge}_start AND :{edge}_end"
        parts.append(_totals(key, days, within, f"{edge}_sign", figures))
    cover = "\n    UNION ALL\n".join(parts)
    return f"""
SELECT
    sums.id,
{_sums(figures)}
FROM (
{cover}
) AS sums
GROUP BY sums.id
"""


def _totals_in_country(
    key: str, table: str, within: str, figures: Figures, of_zone: str = ""
) -> str:
    return f"""
SELECT
    sums.{key},
{_sums(figures)}
FROM {table} AS sums{_OF[key].replace("    ", "")}{of_zone}
    AND {_MONTHS}
    AND {within}
    AND sums.country = :country
    AND {_METERS}
GROUP BY sums.{key}
"""


_BY_ANYTHING = [(Unit.HOUR, by) for by in By]
_WITHOUT_COUNTRY = [(it, by) for it in (Unit.DAY, Unit.MONTH) for by in (By.NOTHING, By.METER)]

_BY_USER = (*_WITHOUT_COUNTRY, (Unit.DAY, By.COUNTRY))
_BY_PLACE = (*_WITHOUT_COUNTRY, *_BY_ANYTHING)
ByUnit = dict[tuple[Unit, By], str]


class SeriesStatements(NamedTuple):
    """All statements of trends: by unit and key, and the totals that series are ranked by."""

    organization: ByUnit
    tenant: ByUnit
    user: ByUnit
    users: str
    organizations: str
    users_in_country: str
    organizations_in_country: str


@cache
def statements(*, margin: bool = False, match: MatchMeters = MatchMeters.BITS) -> SeriesStatements:
    """Return the statements; with `margin`, their rows end with what was bought for how much."""
    figures = (*FIGURES, *PURCHASES) if margin else FIGURES
    found = SeriesStatements(
        {it: organization_sql(*it, figures) for it in _BY_PLACE},
        {it: tenant_sql(*it, figures) for it in _BY_PLACE},
        {it: user_sql(*it, figures) for it in _BY_USER}
        | {(Unit.HOUR, by): user_hours_sql(by, figures) for by in By},
        totals_sql("user_id", "usage_monthly", "usage_daily", figures),
        totals_sql("organization_id", "organization_monthly", "organization_daily", figures),
        _totals_in_country("user_id", "usage_daily", _DAYS, figures),
        _totals_in_country(
            "organization_id",
            "organization_hourly",
            _HOURS,
            figures,
            "\n    AND organizations.timezone = :timezone",
        ),
    )
    return SeriesStatements(*(_matching(it, match) for it in found))


def _matching(statement: Any, match: MatchMeters) -> Any:
    """Return statements with another condition on meters."""
    if not isinstance(statement, str):
        return {key: _matching(sql, match) for key, sql in statement.items()}
    if match is MatchMeters.ALL:
        return _AND_METERS.sub("", statement)
    return statement.replace(_METERS, _CODES) if match is MatchMeters.CODES else statement


TIMEZONES = """
SELECT DISTINCT timezone FROM organizations
WHERE tenant_id = :tenant AND currency = :currency AND status <> :unknown
ORDER BY timezone
"""
