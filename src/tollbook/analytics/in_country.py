"""SQL of a period's usage with one country, from daily sums: no other sums have the country."""

from tollbook.analytics.period_cover import match_any
from tollbook.domain.meters import Category, codes_of

_LAST_COUNTRY = "ZZ"


def country_parameters(country: str | None) -> dict[str, str]:
    """Return the first and the last country; without one, a range of all and of usage without."""
    if country is None:
        return {"country": "", "last_country": _LAST_COUNTRY}
    return {"country": country, "last_country": country}


def country_cover_sql(by: str, within: str, condition: str) -> str:
    """Return the SQL of rows that add up to a period, like `period_cover_sql`."""
    return f"""\
        SELECT
            {by},
            CAST(SUM(count) AS BIGINT) AS count,
            CAST(SUM(quantity) AS BIGINT) AS quantity,
            CAST(SUM(cost) AS BIGINT) AS cost
        FROM usage_daily
        WHERE {within}
            AND month BETWEEN :start_month AND :end_month{condition}
            AND day BETWEEN :start_day AND :end_day
            AND country = :country
        GROUP BY month, {by}"""


def countries_by_sql(by: str, within: str, condition: str) -> str:
    """Return the SQL of sums by country. It has no quantities: units of meters differ."""
    return f"""
SELECT
    {by}, country,
    CAST(SUM(count) AS BIGINT),
    0,
    CAST(SUM(cost) AS BIGINT)
FROM usage_daily
WHERE {within}
    AND month BETWEEN :start_month AND :end_month{condition}
    AND day BETWEEN :start_day AND :end_day
GROUP BY {by}, country
"""


def country_knowledge_bases_sql(by: str, within: str, condition: str) -> str:
    """Return the SQL that counts the distinct knowledge bases used with a country."""
    return f"""\
    SELECT {by}, COUNT(DISTINCT resource_id) AS knowledge_bases
    FROM (
{country_used_sql(by, within, condition)}
    ) AS used
    GROUP BY {by}"""


def country_used_sql(by: str, within: str, condition: str) -> str:
    """Return the SQL of the knowledge bases used with a country, each by meter and day.

    Only the sums of archived events have these. The statement reads the other events, only on
    users' days with such usage and by the index of events by user. The index covers `mine`, and
    SQLite keeps the order of cross joins, so it uses the index instead of reading all events of
    each day.
    """
    days = f"""\
            WHERE {within}
                AND month BETWEEN :start_month AND :end_month{condition}
                AND day BETWEEN :start_day AND :end_day
                AND country = :country
                AND meter {match_any(codes_of(Category.KNOWLEDGE_BASE))}"""
    return f"""\
        SELECT events.{by}, events.resource_id
        FROM (
            SELECT organization_id, user_id, meter, day
            FROM usage_daily
{days}
            GROUP BY organization_id, user_id, meter, day
            HAVING SUM(count) > 0
        ) AS days
        CROSS JOIN events AS mine
        CROSS JOIN events
        WHERE mine.organization_id = days.organization_id
            AND mine.user_id = days.user_id
            AND mine.day = days.day
            AND events.organization_id = mine.organization_id
            AND events.day = mine.day
            AND events.id = mine.id
            AND events.meter = days.meter
            AND events.country = :country
        GROUP BY events.{by}, events.meter, events.day, events.resource_id
        HAVING SUM(CASE WHEN events.reverses IS NULL THEN 1 ELSE -1 END) > 0
        UNION ALL
        SELECT {by}, resource_id
        FROM archived_sums
{days}
        GROUP BY {by}, meter, day, resource_id
        HAVING SUM(count) > 0"""
