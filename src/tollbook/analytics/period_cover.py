"""The legs of a period: whole months and two edges, added up as every question needs them."""

from typing import Any

from tollbook.domain.periods import Period, cover, day_number


def days(period: Period) -> dict[str, Any]:
    """Give the arguments of the legs, and the first and last month and day of the period."""
    start, end = day_number(period.start), day_number(period.end)
    return covering(period) | {
        "start_month": start // 100,
        "end_month": end // 100,
        "start_day": start,
        "end_day": end,
    }


def covering(period: Period, prefix: str = "") -> dict[str, int]:
    """Give the months and edges that cover a period; `prefix` begins the name of each."""
    covered = cover(period)
    bound = {"first_month": covered.first_month, "last_month": covered.last_month}
    for name, edge in zip(("head", "tail"), covered.edges, strict=True):
        bound |= {
            f"{name}_month": edge.month,
            f"{name}_first": edge.first_day,
            f"{name}_last": edge.last_day,
            f"{name}_sign": edge.sign,
        }
    return {prefix + name: it for name, it in bound.items()}


def legs(tables: str, by: str, within: str, besides: str = "") -> str:
    """Write the rows that add up to a period, of the monthly and the daily table of a name.

    `within` says of which organizations, `besides` is one more condition. What a leg gives is to be
    added up once more: months are as they are stored, the days of an edge added up by `by`.
    """
    edges = "\n        UNION ALL\n".join(
        _edge(edge, tables, by, within, besides) for edge in ("head", "tail")
    )
    return f"""\
        SELECT {by}, count, quantity, cost
        FROM {tables}_monthly
        WHERE {within}
            AND month BETWEEN :first_month AND :last_month{besides}
        UNION ALL
{edges}"""


def _edge(edge: str, tables: str, by: str, within: str, besides: str) -> str:
    """Write the days of an edge month, added or taken off.

    Days are added up in the order of their key, without sorting, before what asks for them is.
    """
    return f"""\
        SELECT
            {by},
            CAST(SUM(count) * :{edge}_sign AS BIGINT),
            CAST(SUM(quantity) * :{edge}_sign AS BIGINT),
            CAST(SUM(cost) * :{edge}_sign AS BIGINT)
        FROM {tables}_daily
        WHERE {within} AND month = :{edge}_month{besides}
            AND day BETWEEN :{edge}_first AND :{edge}_last
        GROUP BY {by}"""


def among(codes: tuple[int, ...]) -> str:
    """Compare with a list of one as with a number: it is tested a hundred thousand times."""
    return f"= {codes[0]}" if len(codes) == 1 else f"IN ({', '.join(map(str, codes))})"
