"""The usage of a period with one country: by days, the only sums that know the country."""

from tollbook.analytics.period_cover import among
from tollbook.domain.meters import Category, codes_of


def legs_in_country(by: str, within: str, besides: str) -> str:
    """Write the rows that add up to a period, as `legs` does; `by` is one column and the meter."""
    return f"""\
        SELECT
            {by},
            CAST(SUM(count) AS BIGINT) AS count,
            CAST(SUM(quantity) AS BIGINT) AS quantity,
            CAST(SUM(cost) AS BIGINT) AS cost
        FROM usage_daily
        WHERE {within}
            AND month BETWEEN :start_month AND :end_month{besides}
            AND day BETWEEN :start_day AND :end_day
            AND country = :country
        GROUP BY month, {by}"""


def countries(by: str, within: str, besides: str) -> str:
    """Write the sums by country; quantities of several meters do not add up."""
    return f"""
SELECT
    {by}, country,
    CAST(SUM(count) AS BIGINT),
    0,
    CAST(SUM(cost) AS BIGINT)
FROM usage_daily
WHERE {within}
    AND month BETWEEN :start_month AND :end_month{besides}
    AND day BETWEEN :start_day AND :end_day
GROUP BY {by}, country
"""


def knowledge_bases_in_country(by: str, within: str, besides: str) -> str:
    """Write the count of distinct knowledge bases that were used with a country.

    No sums know that, so events are read: those of users' days with such usage only, by the index
    of events by user. It holds all of `mine`, and cross joins are taken in the order written, so
    SQLite uses it instead of looking through all events of each day.
    """
    return f"""\
    SELECT {by}, COUNT(DISTINCT resource_id) AS knowledge_bases
    FROM (
        SELECT events.{by}, events.resource_id
        FROM (
            SELECT organization_id, user_id, meter, day
            FROM usage_daily
            WHERE {within}
                AND month BETWEEN :start_month AND :end_month{besides}
                AND day BETWEEN :start_day AND :end_day
                AND country = :country
                AND meter {among(codes_of(Category.KNOWLEDGE_BASE))}
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
    ) AS used
    GROUP BY {by}"""
