"""Usage and cost by user, filtered by meter and country, with groups and organization-level usage.

The statements differ from those of `users.py` in their conditions, and by two more columns.
"""

from functools import cache
from typing import Any

import msgspec

from tollbook.analytics.figures import AnswerKind
from tollbook.analytics.filters import (
    MATCH_METERS,
    Filters,
    Sort,
    filter_rows,
    meter_bits,
    sort_rows,
)
from tollbook.analytics.groups import (
    BY_COUNTRY,
    GROUP_AMOUNTS,
    GROUP_COLUMNS,
    Groups,
    arrange_groups,
    write_groups,
)
from tollbook.analytics.in_country import (
    countries_by_sql,
    country_cover_sql,
    country_knowledge_bases_sql,
    country_used_sql,
)
from tollbook.analytics.rows import RowLayout, define
from tollbook.analytics.users import (
    AMOUNTS,
    COLUMNS,
    COSTS,
    OF_USER,
    USER_ROW,
    CostBreakdown,
    knowledge_bases_sql,
    parameters,
    used_sql,
    users_cover_sql,
    users_sql,
    write_users,
)
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row

_NO_USER = ""
_WITHIN = "organization_id = :organization"

UserTotals = define(
    "UserTotals",
    "The sums of each figure over all rows; `kb_count` counts each knowledge base once.",
    USER_ROW.fields(CostBreakdown),
)
ORGANIZATION_LEVEL_ROW = RowLayout(AnswerKind.ORGANIZATION_LEVEL, "events")
OrganizationLevel = define(
    "OrganizationLevel",
    "Usage not attributed to a user. Added to the totals of all users, it equals the organization.",
    [("events", int), *ORGANIZATION_LEVEL_ROW.fields()],
)


def read_filtered_users(
    snapshot: Snapshot,
    number: int,
    period: Period,
    filters: Filters,
    *,
    user_id: str | None,
    sort: Sort,
) -> list[Row]:
    """Read the rows that pass the filters: `USER_ROW`, the count of events, and the status.

    With `user_id`, only the row of that user is read.
    """
    sql = filtered_users_sql(one_user=user_id is not None, in_country=filters.country is not None)
    bound = _parameters(number, period, filters, user_id)
    read = snapshot.sums(sql, bound, COLUMNS + 2, AMOUNTS)
    rows = [(*row[:COLUMNS], sum(row[COSTS]), *row[COLUMNS:]) for row in read]
    rows = filter_rows(rows, USER_ROW, filters)
    sort_rows(rows, USER_ROW, sort)
    return rows


def read_user_groups(
    snapshot: Snapshot,
    number: int,
    period: Period,
    filters: Filters,
    *,
    user_id: str | None,
    group_by: str,
) -> Groups:
    """Read the groups of each user."""
    one_user = user_id is not None
    if group_by == BY_COUNTRY:
        sql = countries_sql(one_user=one_user)
    else:
        sql = meters_sql(one_user=one_user, in_country=filters.country is not None)
    bound = _parameters(number, period, filters, user_id)
    rows = snapshot.sums(sql, bound, GROUP_COLUMNS, GROUP_AMOUNTS)
    if group_by == BY_COUNTRY and filters.country is not None:
        rows = [row for row in rows if row[1] == filters.country]
    return arrange_groups(rows)


def read_organization_level(
    snapshot: Snapshot, number: int, period: Period, filters: Filters
) -> msgspec.Struct:
    """Read the usage not attributed to a user, of the meters and the country in the filters."""
    sql = organization_level_sql(in_country=filters.country is not None)
    bound = _parameters(number, period, filters, _NO_USER)
    layout = ORGANIZATION_LEVEL_ROW
    rows = snapshot.sums(sql, bound, layout.width, layout.amounts)
    (usage,) = map(OrganizationLevel, *layout.cells(rows))
    return usage


def write_grouped_users(rows: list[Row], groups: Groups, group_by: str | None) -> list[Any]:
    """Return rows as they are answered, each with its groups if there are any."""
    users = write_users(rows)
    if group_by is None:
        return users
    return [
        msgspec.structs.replace(user, groups=write_groups(groups.get(user.user_id, ()), group_by))
        for user in users
    ]


def read_user_total(
    snapshot: Snapshot, number: int, period: Period, filters: Filters, rows: list[Row]
) -> Row:
    """Return the sums of rows; a knowledge base of several users counts once."""
    total, place = USER_ROW.total(rows), USER_ROW.place["kb_count"]
    users = [row[0] for row in rows if row[place]]
    if len(users) < 2:
        return total
    bound = _parameters(number, period, filters, None) | {"users": users}
    sql = shared_knowledge_bases_sql(in_country=filters.country is not None)
    ((count,),) = snapshot.table(sql, bound, 1)
    return (*total[:place], count, *total[place + 1 :])


def write_user_totals(total: Row) -> msgspec.Struct:
    """Return the sums of rows as they are answered."""
    _, _, *cells = USER_ROW.cells([total], CostBreakdown)
    (totals,) = map(UserTotals, *cells)
    return totals


def _parameters(
    number: int, period: Period, filters: Filters, user_id: str | None
) -> dict[str, Any]:
    """Return the parameters; a statement uses those that it names."""
    bound = parameters(number, period) | {"meters": meter_bits(filters.meters)}
    bound |= {} if user_id is None else {"user": user_id}
    return bound | ({} if filters.country is None else {"country": filters.country})


@cache
def filtered_users_sql(*, one_user: bool, in_country: bool) -> str:
    """Return the statement of users that also reads the count of events and the status."""
    condition = _condition(one_user=one_user)
    if in_country:
        bases = country_knowledge_bases_sql("user_id", _WITHIN, condition)
    else:
        bases = knowledge_bases_sql(condition)
    return users_sql(
        _cover_sql(condition, in_country=in_country),
        bases,
        OF_USER if one_user else "",
        {"events": "SUM(count)"},
        ",\n    COALESCE(usage.events, 0), users.status",
    )


@cache
def shared_knowledge_bases_sql(*, in_country: bool) -> str:
    """Return the statement that counts the distinct knowledge bases of some users together."""
    condition = f" AND user_id IN :users{MATCH_METERS}"
    used = country_used_sql("user_id", _WITHIN, condition) if in_country else used_sql(condition)
    return f"""
SELECT COUNT(DISTINCT resource_id)
FROM (
{used}
) AS used
"""


@cache
def meters_sql(*, one_user: bool, in_country: bool) -> str:
    """Return the statement for groups by meter."""
    return f"""
SELECT
    user_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
{_cover_sql(_condition(one_user=one_user), in_country=in_country)}
) AS period_cover
WHERE user_id <> ''
GROUP BY user_id, meter
"""


@cache
def countries_sql(*, one_user: bool) -> str:
    """Return the statement for groups by country."""
    condition = f" AND user_id <> ''{_condition(one_user=one_user)}"
    return countries_by_sql("user_id", _WITHIN, condition)


@cache
def organization_level_sql(*, in_country: bool) -> str:
    """Return the statement for usage not attributed to a user."""
    sums = ",\n    ".join(
        f"COALESCE(CAST({sql} AS BIGINT), 0)" for sql in ORGANIZATION_LEVEL_ROW.sums.values()
    )
    return f"""
SELECT
    COALESCE(CAST(SUM(count) AS BIGINT), 0),
    {sums},
    COALESCE(CAST(SUM(cost) AS BIGINT), 0)
FROM (
{_cover_sql(_condition(one_user=True), in_country=in_country)}
) AS period_cover
"""


def _condition(*, one_user: bool) -> str:
    """Return the SQL condition on rows of sums."""
    return OF_USER + MATCH_METERS if one_user else MATCH_METERS


def _cover_sql(condition: str, *, in_country: bool) -> str:
    """Return the SQL of the sums to add up: months and edges, or days if a country is given."""
    if not in_country:
        return users_cover_sql(condition)
    return country_cover_sql("user_id, meter", _WITHIN, condition)
