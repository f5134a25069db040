"""The statements of users with filters: like those of all users, with other conditions."""

from functools import cache

from tollbook.analytics.figures import AnswerKind
from tollbook.analytics.filters import MATCH_METERS
from tollbook.analytics.in_country import (
    countries_by_sql,
    country_cover_sql,
    country_knowledge_bases_sql,
    country_used_sql,
)
from tollbook.analytics.period_cover import OF_USER, month_by_month
from tollbook.analytics.rows import RowLayout
from tollbook.analytics.users import (
    knowledge_bases_sql,
    used_sql,
    users_cover_sql,
    users_sql,
)

_WITHIN = "organization_id = :organization"
ORGANIZATION_LEVEL_ROW = RowLayout(AnswerKind.ORGANIZATION_LEVEL, "events")


@cache
def filtered_users_sql(
    *, one_user: bool, in_country: bool, match: str = MATCH_METERS, own: bool = False
) -> str:
    """Return the statement of users that also reads the count of events and the status."""
    condition = _condition(one_user=one_user, match=match)
    if in_country:
        bases = country_knowledge_bases_sql("user_id", _WITHIN, condition)
    else:
        bases = knowledge_bases_sql(condition)
    sql = users_sql(
        _cover_sql(condition, in_country=in_country),
        bases,
        {"events": "SUM(count)"},
        ",\n    COALESCE(usage.events, 0), users.status",
        one_user=one_user,
        own=own,
    )
    return month_by_month(sql) if one_user else sql


@cache
def shared_knowledge_bases_sql(*, in_country: bool, match: str = MATCH_METERS) -> str:
    """Return the statement that counts the distinct knowledge bases of some users together."""
    condition = f" AND user_id IN :users{match}"
    used = country_used_sql("user_id", _WITHIN, condition) if in_country else used_sql(condition)
    return f"""
SELECT COUNT(DISTINCT resource_id)
FROM (
{used}
) AS used
"""


@cache
def meters_sql(*, one_user: bool, in_country: bool, match: str = MATCH_METERS) -> str:
    """Return the statement for groups by meter."""
    sql = f"""
SELECT
    user_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
{_cover_sql(_condition(one_user=one_user, match=match), in_country=in_country)}
) AS period_cover
WHERE user_id <> ''
GROUP BY user_id, meter
"""
    return month_by_month(sql) if one_user else sql


@cache
def countries_sql(*, one_user: bool, match: str = MATCH_METERS) -> str:
    """Return the statement for groups by country."""
    condition = f" AND user_id <> ''{_condition(one_user=one_user, match=match)}"
    sql = countries_by_sql("user_id", _WITHIN, condition)
    return month_by_month(sql) if one_user else sql


@cache
def organization_level_sql(*, in_country: bool, match: str = MATCH_METERS) -> str:
    """Return the statement for usage not attributed to a user."""
    sums = ",\n    ".join(
        f"COALESCE(CAST({sql} AS BIGINT), 0)" for sql in ORGANIZATION_LEVEL_ROW.sums.values()
    )
    sql = f"""
SELECT
    COALESCE(CAST(SUM(count) AS BIGINT), 0),
    {sums},
    COALESCE(CAST(SUM(cost) AS BIGINT), 0)
FROM (
{_cover_sql(_condition(one_user=True, match=match), in_country=in_country)}
) AS period_cover
"""
    return month_by_month(sql)


def _condition(*, one_user: bool, match: str) -> str:
    """Return the SQL condition on rows of sums."""
    return OF_USER + match if one_user else match


def _cover_sql(condition: str, *, in_country: bool) -> str:
    """Return the SQL of the sums to add up: months and edges, or days if a country is given."""
    if not in_country:
        return users_cover_sql(condition)
    return country_cover_sql("user_id, meter", _WITHIN, condition)
