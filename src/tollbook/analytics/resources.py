"""Distinct knowledge bases of a period: what cannot be added up from days or from months."""

from tollbook.analytics.period_cover import match_any
from tollbook.domain.meters import Category, codes_of
from tollbook.domain.periods import Period

_EVERY_DAY = 2**32 - 2
"""Bits 1 to 31."""


def bits(period: Period) -> dict[str, int]:
    """Give the days of the first and of the last month, as far as they reach into those."""
    return {
        "start_days": _EVERY_DAY - (2**period.start.day - 2),
        "end_days": 2 ** (period.end.day + 1) - 2,
    }


def _within(month: str) -> str:
    return f"CASE WHEN month = :{month}_month THEN :{month}_days ELSE {_EVERY_DAY} END"


def _seen(besides: str = "") -> str:
    return f"""\
        SELECT DISTINCT organization_id, resource_id
        FROM organization_resources
        WHERE organization_id IN :numbers
            AND month BETWEEN :start_month AND :end_month{besides}
            AND meter {match_any(codes_of(Category.KNOWLEDGE_BASE))}
            AND days
                & {_within("start")}
                & {_within("end")} <> 0"""


def knowledge_bases_by_organization(besides: str = "") -> str:
    """Write the count of each organization; `besides` is one more condition."""
    return f"""\
    SELECT organization_id, COUNT(*) AS knowledge_bases
    FROM (
{_seen(besides)}
    ) AS seen
    GROUP BY organization_id"""


KNOWLEDGE_BASES = f"""
SELECT COUNT(*)
FROM (
{_seen()}
    ) AS seen
"""
"""Two organizations' are two, whatever they are called."""
