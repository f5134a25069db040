"""Usage and cost by user: the question behind GET /v1/analytics/users."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

import msgspec

from tollbook.analytics.closed_rows import read_closed_rows
from tollbook.analytics.figures import AnswerKind
from tollbook.analytics.groups import Group
from tollbook.analytics.period_cover import (
    OF_USER,
    match_any,
    month_by_month,
    period_cover_sql,
    period_parameters,
    user_parameters,
    with_unused_days,
)
from tollbook.analytics.row_details import DETAIL_FIELDS
from tollbook.analytics.rows import RowLayout, define
from tollbook.domain.meters import Category, codes_of
from tollbook.domain.periods import Period
from tollbook.store.database import Snapshot
from tollbook.store.engine import Row

USER_ROW = RowLayout(AnswerKind.USER, "user_id", "user_name")
COLUMNS = USER_ROW.width - 1
"""The statement returns all columns of a row but the total."""
AMOUNTS = USER_ROW.amounts - {COLUMNS}
"""The places of its quantities and costs."""

COSTS = USER_ROW.costs

CostBreakdown = USER_ROW.breakdown_type(
    "CostBreakdown",
    "A user's costs by category, with the counts behind them. Amounts are exact JSON numbers.",
)
UserUsage = define(
    "UserUsage",
    "One user's usage and cost; `groups` are present if requested.",
    [
        ("user_id", str),
        ("user_name", str),
        *USER_ROW.fields(CostBreakdown),
        ("groups", list[Group] | msgspec.UnsetType, msgspec.UNSET),
        *DETAIL_FIELDS,
    ],
)
UsersReport = define(
    "UsersReport",
    "The answer, in the documented field order.",
    [
        ("success", bool),
        ("organization_id", str),
        ("organization_name", str),
        ("period", dict[str, str]),
        ("users", list[UserUsage]),  # type: ignore[valid-type]
    ],
)


def users_report(
    snapshot: Snapshot,
    number: int,
    organization_id: str,
    organization_name: str,
    period: Period,
    user_id: str | None = None,
) -> msgspec.Struct:
    """Return the answer for all users of an organization, or for one.

    `number` is the organization's number in the tables.
    """
    rows = read_rows(snapshot, number, period, user_id)
    return write_users_report(organization_id, organization_name, period, write_users(rows))


def write_users_report(
    organization_id: str, organization_name: str, period: Period, users: list[Any]
) -> msgspec.Struct:
    """Return the answer with these users."""
    return UsersReport(True, organization_id, organization_name, period.to_json(), users)


def read_rows(
    snapshot: Snapshot, number: int, period: Period, user_id: str | None, *, own: bool = False
) -> list[Row]:
    """Read the sums of every user as `USER_ROW` lays them out, the highest cost first.

    A user without usage has zeros. `own` is whether the tenant has meters of its own.
    """
    if user_id is None:
        period = with_unused_days(snapshot, number, period)
    bound = parameters(number, period)
    if user_id is None:
        read = read_closed_rows(snapshot, bound, USER_ROW, KNOWLEDGE_BASES, own=own)
        if read is None:
            read = snapshot.sums(OWN_USERS if own else USERS, bound, COLUMNS, AMOUNTS)
    else:
        sql = OWN_ONE_USER if own else ONE_USER
        read = snapshot.sums(sql, bound | user_parameters(user_id, bound), COLUMNS, AMOUNTS)
    rows = [(*row, sum(row[COSTS])) for row in read]
    rows.sort(key=itemgetter(USER_ROW.place["user_id"]))
    rows.sort(key=itemgetter(USER_ROW.place["total_cost"]), reverse=True)
    return rows


def write_users(rows: list[Row]) -> list[Any]:
    """Return rows as they are answered."""
    return list(map(UserUsage, *USER_ROW.cells(rows, CostBreakdown)))


def parameters(number: int, period: Period) -> dict[str, Any]:
    """Return the parameters of the statement for a period."""
    return {"organization": number, **period_parameters(period)}


def users_sql(
    cover: str,
    bases: str,
    more_sums: Mapping[str, str],
    last: str = "",
    *,
    one_user: bool = False,
    own: bool = False,
) -> str:
    """Return the statement: every user with the sums of a period's cover and knowledge bases.

    `more_sums` are added up too, for `last`: more columns at the end. With `own`, costs include
    those of the tenant's own meters.
    """
    own_or_built_in = USER_ROW.own_sums if own else USER_ROW.sums
    sums = ",\n        ".join(
        f"CAST({sql} AS BIGINT) AS {name}" for name, sql in {**own_or_built_in, **more_sums}.items()
    )
    sums_or_zeros = ",\n    ".join(f"COALESCE(usage.{name}, 0)" for name in USER_ROW.sums)
    return f"""
SELECT
    users.id, users.name,
    {sums_or_zeros},
    COALESCE(bases.knowledge_bases, 0){last}
FROM users
LEFT JOIN (
    SELECT
        user_id,
        {sums}
    FROM (
{cover}
    ) AS period_cover
    GROUP BY user_id
) AS usage ON usage.user_id = users.id
LEFT JOIN (
{bases}
) AS bases ON bases.user_id = users.id
WHERE users.organization_id = :organization{" AND users.id = :user" if one_user else ""}
"""


def users_cover_sql(condition: str) -> str:
    """Return the SQL of the sums of users that cover a period, with a condition on their rows."""
    return period_cover_sql("usage", "user_id, meter", "organization_id = :organization", condition)


def knowledge_bases_sql(condition: str) -> str:
    """Return the SQL that counts distinct knowledge bases: `DISTINCT` before counting is faster."""
    return f"""\
    SELECT user_id, COUNT(*) AS knowledge_bases
    FROM (
{used_sql(condition)}
    ) AS seen
    GROUP BY user_id"""


def used_sql(condition: str) -> str:
    """Return the SQL of the distinct knowledge bases of each user.

    A day on which all events of a knowledge base were reversed has a row with a count of 0.
    """
    return f"""\
        SELECT DISTINCT user_id, resource_id
        FROM resources_daily
        WHERE organization_id = :organization
            AND month BETWEEN :start_month AND :end_month{condition}
            AND day BETWEEN :start_day AND :end_day
            AND count > 0
            AND meter {match_any(codes_of(Category.KNOWLEDGE_BASE))}"""


KNOWLEDGE_BASES = knowledge_bases_sql("")
USERS = users_sql(users_cover_sql(""), KNOWLEDGE_BASES, {})
OWN_USERS = users_sql(users_cover_sql(""), KNOWLEDGE_BASES, {}, own=True)
_COVER_OF_USER, _BASES_OF_USER = users_cover_sql(OF_USER), knowledge_bases_sql(OF_USER)
ONE_USER = month_by_month(users_sql(_COVER_OF_USER, _BASES_OF_USER, {}, one_user=True))
OWN_ONE_USER = month_by_month(
    users_sql(_COVER_OF_USER, _BASES_OF_USER, {}, one_user=True, own=True)
)
