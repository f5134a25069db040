"""The users answer by meter and country, with usage in groups and what is no user's."""

from functools import cache
from typing import Any

import msgspec

from tollbook.analytics.figures import Answer
from tollbook.analytics.in_country import (
    countries_by_sql,
    country_cover_sql,
    country_knowledge_bases_sql,
)
from tollbook.analytics.rows import RowLayout, define
from tollbook.analytics.slices import (
    BY_COUNTRY,
    GROUP_AMOUNTS,
    MATCHING,
    Groups,
    Slice,
    chosen,
    grouped,
    groups_of,
    meter_bits,
    shape_of,
)
from tollbook.analytics.users import (
    AMOUNTS,
    COLUMNS,
    COSTS,
    OF_USER,
    USER_ROW,
    CostBreakdown,
    knowledge_bases_sql,
    parameters,
    usages,
    users_cover_sql,
    users_sql,
)
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row

_NO_USER = ""
_WITHIN = "organization_id = :organization"
USERS_SHAPE = shape_of(USER_ROW)
"""Fields in the documented order; those of the cost breakdown by their own names."""

UserTotals = define(
    "UserTotals",
    "The figures of a row added up over rows; `kb_count` is the sum of theirs.",
    USER_ROW.fields(CostBreakdown),
)


OWN_ROW = RowLayout(Answer.ORGANIZATION_LEVEL, "events")
OrganizationLevel = define(
    "OrganizationLevel",
    "Usage that is no user's. With the totals of all users it is the organization's, exactly.",
    [("events", int), *OWN_ROW.fields()],
)


def sliced_rows(
    snapshot: Snapshot, number: int, period: Period, wanted: Slice, user_id: str | None
) -> list[Row]:
    """Read the rows that are wanted: those of `USER_ROW`, with the count of events and the status.

    Of one user only when `user_id` is given: the one asked about, or the one that a key sees.
    """
    sql = sliced_sql(one_user=user_id is not None, in_country=wanted.country is not None)
    read = snapshot.sums(sql, _bound(number, period, wanted, user_id), COLUMNS + 2, AMOUNTS)
    rows = [(*row[:COLUMNS], sum(row[COSTS]), *row[COLUMNS:]) for row in read]
    return chosen(rows, USERS_SHAPE, wanted)


def user_groups(
    snapshot: Snapshot, number: int, period: Period, wanted: Slice, user_id: str | None
) -> Groups:
    """Read what `group_by` asks for, by user."""
    one_user = user_id is not None
    if wanted.group_by == BY_COUNTRY:
        sql = countries_sql(one_user=one_user)
    else:
        sql = meters_sql(one_user=one_user, in_country=wanted.country is not None)
    read = snapshot.sums(sql, _bound(number, period, wanted, user_id), 5, GROUP_AMOUNTS)
    if wanted.group_by == BY_COUNTRY and wanted.country is not None:
        read = [row for row in read if row[1] == wanted.country]
    return grouped(read)


def organization_level(
    snapshot: Snapshot, number: int, period: Period, wanted: Slice
) -> msgspec.Struct:
    """Add up what is no user's, of the meters and the country that are asked for."""
    sql = organization_level_sql(in_country=wanted.country is not None)
    bound = _bound(number, period, wanted, _NO_USER)
    rows = snapshot.sums(sql, bound, OWN_ROW.width, OWN_ROW.amounts)
    (own,) = map(OrganizationLevel, *OWN_ROW.cells(rows))
    return own


def sliced_usages(rows: list[Row], groups: Groups, group_by: str | None) -> list[Any]:
    """Write sliced rows as they are answered, each with its groups when they are asked for."""
    written = usages(rows)
    if group_by is None:
        return written
    return [
        msgspec.structs.replace(it, groups=groups_of(groups.get(it.user_id, ()), group_by))
        for it in written
    ]


def user_totals(rows: list[Row]) -> msgspec.Struct:
    """Write the sums of sliced rows."""
    _, _, *cells = USER_ROW.cells([USER_ROW.total(rows)], CostBreakdown)
    (total,) = map(UserTotals, *cells)
    return total


def _bound(number: int, period: Period, wanted: Slice, user_id: str | None) -> dict[str, Any]:
    """Give the arguments; a statement takes those it names."""
    bound = parameters(number, period) | {"meters": meter_bits(wanted.meters)}
    bound |= {} if user_id is None else {"user": user_id}
    return bound | ({} if wanted.country is None else {"country": wanted.country})


@cache
def sliced_sql(*, one_user: bool, in_country: bool) -> str:
    """Write the statement of users for slices, which tells events and status besides."""
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
def meters_sql(*, one_user: bool, in_country: bool) -> str:
    """Write the statement for groups by meter."""
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
    """Write the statement for groups by country."""
    return countries_by_sql(
        "user_id", _WITHIN, f" AND user_id <> ''{_condition(one_user=one_user)}"
    )


@cache
def organization_level_sql(*, in_country: bool) -> str:
    """Write the statement for what is no user's."""
    sums = ",\n    ".join(f"COALESCE(CAST({it} AS BIGINT), 0)" for it in OWN_ROW.sums.values())
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
    """Write which rows of sums are wanted."""
    return OF_USER + MATCHING if one_user else MATCHING


def _cover_sql(condition: str, *, in_country: bool) -> str:
    """Write the sums to add up: months and edges, or days where a country is asked for."""
    if not in_country:
        return users_cover_sql(condition)
    return country_cover_sql("user_id, meter", _WITHIN, condition)
