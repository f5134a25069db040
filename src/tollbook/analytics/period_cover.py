"""Cover a period with whole months and two edges, as SQL and its parameters."""

from collections.abc import Mapping
from typing import Any

from tollbook.domain.periods import NO_EDGE, Period, cover, day_number, whole_of_months
from tollbook.store.database import Snapshot

EDGES = ("first_edge", "last_edge")
OF_USER = " AND user_id = :user"
_RANGES = {
    "month BETWEEN :start_month AND :end_month": "month IN :months",
    "month BETWEEN :first_month AND :last_month": "month IN :whole_months",
}


_UNUSED = """
SELECT
    NOT EXISTS (
        SELECT 1 FROM organization_daily
        WHERE organization_id = :organization AND month = :start_month AND day < :start_day
    ),
    NOT EXISTS (
        SELECT 1 FROM organization_daily
        WHERE organization_id = :organization AND month = :end_month AND day > :end_day
    )
"""


def with_unused_days(snapshot: Snapshot, number: int, period: Period) -> Period:
    """Return a period with the days of its first and last month on which nothing was ever stored.

    Its sums are the same, and whole months are read faster than their days. The month of today is
    whole, as long as there are no events of later days. `number` is the organization's.
    """
    if cover(period).edges == (NO_EDGE, NO_EDGE):
        return period
    bound = {"organization": number, **period_parameters(period)}
    ((before, after),) = snapshot.table(_UNUSED, bound, 2)
    whole = whole_of_months(period)
    return Period(whole.start if before else period.start, whole.end if after else period.end)


def period_parameters(period: Period) -> dict[str, Any]:
    """Return the parameters of the cover, with the first and last month and day of the period."""
    start, end = day_number(period.start), day_number(period.end)
    return cover_parameters(period) | {
        "start_month": start // 100,
        "end_month": end // 100,
        "start_day": start,
        "end_day": end,
    }


def month_by_month(sql: str) -> str:
    """Return a statement about one user that looks up each month on its own.

    The user follows the month in the key: a range of months would read the rows of all users.
    """
    for between, each in _RANGES.items():
        sql = sql.replace(between, each)
    return sql


def user_parameters(user_id: str, bound: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters that `month_by_month` adds to those of a period, and the user."""
    return {
        "user": user_id,
        "months": _months(bound["start_month"], bound["end_month"]),
        "whole_months": _months(bound["first_month"], bound["last_month"]),
    }


def _months(first: int, last: int) -> list[int]:
    return [it for it in range(first, last + 1) if 1 <= it % 100 <= 12]


def cover_parameters(period: Period, prefix: str = "") -> dict[str, int]:
    """Return the months and edges that cover a period; `prefix` begins the name of each."""
    covered = cover(period)
    bound = {"first_month": covered.first_month, "last_month": covered.last_month}
    for name, edge in zip(EDGES, covered.edges, strict=True):
        bound |= {
            f"{name}_month": edge.month,
            f"{name}_start": edge.first_day,
            f"{name}_end": edge.last_day,
            f"{name}_sign": edge.sign,
        }
    return {prefix + name: value for name, value in bound.items()}


def period_cover_sql(tables: str, by: str, within: str, condition: str = "") -> str:
    """Return the SQL of rows that add up to a period, from a monthly and a daily table.

    `within` names the organizations, `condition` is appended to it. The result has several rows for
    each `by`: months are read as stored, and each edge has a sum of its own.
    """
    edges = "\n        UNION ALL\n".join(
        _edge_sql(edge, tables, by, within, condition) for edge in EDGES
    )
    return f"""\
        SELECT {by}, count, quantity, cost
        FROM {tables}_monthly
        WHERE {within}
            AND month BETWEEN :first_month AND :last_month{condition}
        UNION ALL
{edges}"""


def _edge_sql(edge: str, tables: str, by: str, within: str, condition: str) -> str:
    """Return the SQL that adds or subtracts the days of an edge month.

    The days are added up here, in the order of their key, so that the outer query sorts fewer rows.
    """
    return f"""\
        SELECT
            {by},
            CAST(SUM(count) * :{edge}_sign AS BIGINT),
            CAST(SUM(quantity) * :{edge}_sign AS BIGINT),
            CAST(SUM(cost) * :{edge}_sign AS BIGINT)
        FROM {tables}_daily
        WHERE {within} AND month = :{edge}_month{condition}
            AND day BETWEEN :{edge}_start AND :{edge}_end
        GROUP BY {by}"""


def match_any(codes: tuple[int, ...]) -> str:
    """Return the SQL that compares a column with codes.

    One code is compared with `=`: the condition is tested a hundred thousand times a query.
    """
    return f"= {codes[0]}" if len(codes) == 1 else f"IN ({', '.join(map(str, codes))})"
