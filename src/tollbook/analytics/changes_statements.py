"""The statements of changes: the cover of two periods, by user or by organization."""

from tollbook.analytics.period_cover import EDGES


def _changes_sql(people: str, by: str, months: str, days: str, where: str) -> str:
    """Return the statement: every user or organization with the sums of both periods."""
    parts = "\n    UNION ALL\n".join(
        part
        for prefix in ("", "previous_")
        for part in (
            _part_sql(by, months, where + _MONTHS.format(prefix), prefix),
            *(
                _part_sql(by, days, where + _DAYS.format(prefix + edge), prefix, prefix + edge)
                for edge in EDGES
            ),
        )
    )
    return f"""
WITH period_cover AS (
{parts}
)
SELECT
    people.id, people.name,
    COALESCE(usage.count, 0), COALESCE(usage.cost, 0), COALESCE(usage.previous_cost, 0)
FROM (
{people}
) AS people
LEFT JOIN (
    SELECT
        whose,
        CAST(SUM(count) AS BIGINT) AS count,
        CAST(SUM(cost) AS BIGINT) AS cost,
        CAST(SUM(previous_cost) AS BIGINT) AS previous_cost
    FROM period_cover
    GROUP BY whose
) AS usage ON usage.whose = people.whose
"""


_FIGURES = ("count", "cost", "previous_cost")
_MONTHS = "sums.month BETWEEN :{0}first_month AND :{0}last_month"
_DAYS = "sums.month = :{0}_month\n        AND sums.day BETWEEN :{0}_start AND :{0}_end"


def _part_sql(by: str, table: str, where: str, prefix: str, edge: str = "") -> str:
    """Return the SQL of one part of the cover. Only the later period has a count."""
    sign = f" * :{edge}_sign" if edge else ""
    count, cost = f"CAST(SUM(sums.count){sign} AS BIGINT)", f"CAST(SUM(sums.cost){sign} AS BIGINT)"
    figures = ("0", "0", cost) if prefix else (count, cost, "0")
    columns = zip(("whose", *_FIGURES), (by, *figures), strict=True)
    selected = ",\n        ".join(f"{value} AS {name}" for name, value in columns)
    return f"""\
    SELECT
        {selected}
    FROM {table}
    WHERE {where}
    GROUP BY {by}"""


_EVERY_USER = """\
    SELECT id, name, id AS whose FROM users WHERE organization_id = :organization
    UNION ALL
    SELECT '', '', ''"""
_EVERY_ORGANIZATION = """\
    SELECT id, name, organization_id AS whose
    FROM organizations
    WHERE tenant_id = :tenant AND currency = :currency AND status <> :unknown"""
_JOINED = """\
organizations
    JOIN {0} AS sums ON sums.organization_id = organizations.organization_id"""

USER_CHANGES = _changes_sql(
    _EVERY_USER,
    "sums.user_id",
    "usage_monthly AS sums",
    "usage_daily AS sums",
    "sums.organization_id = :organization\n        AND ",
)
ORGANIZATION_CHANGES = _changes_sql(
    _EVERY_ORGANIZATION,
    "sums.organization_id",
    _JOINED.format("organization_monthly"),
    _JOINED.format("organization_daily"),
    "organizations.tenant_id = :tenant AND organizations.currency = :currency\n        AND ",
)
