"""Count the distinct knowledge bases of a period, which sums of days and months cannot."""

from tollbook.analytics.period_cover import match_any
from tollbook.domain.meters import Category, codes_of
from tollbook.domain.periods import Period

_EVERY_DAY = 2**32 - 2
"""Bits 1 to 31."""


def resource_parameters(period: Period) -> dict[str, int]:
    """Return the days of the period in its first and in its last month, as bits."""
    return {
        "start_days": _EVERY_DAY - (2**period.start.day - 2),
        "end_days": 2 ** (period.end.day + 1) - 2,
    }


def _within(month: str) -> str:
    return f"CASE WHEN month = :{month}_month THEN :{month}_days ELSE {_EVERY_DAY} END"


def _seen(condition: str = "") -> str:
    return f"""\
        SELECT DISTINCT organization_id, resource_id
        FROM organization_resources
        WHERE organization_id IN :numbers
            AND month BETWEEN :start_month AND :end_month{condition}
            AND meter {match_any(codes_of(Category.KNOWLEDGE_BASE))}
            AND days
                & {_within("start")}
                & {_within("end")} <> 0"""


def knowledge_bases_by_organization(condition: str = "") -> str:
    """Return the SQL that counts those of each organization."""
    return f"""\
    SELECT organization_id, COUNT(*) AS knowledge_bases
    FROM (
{_seen(condition)}
    ) AS seen
    GROUP BY organization_id"""


KNOWLEDGE_BASES = f"""
SELECT COUNT(*)
FROM (
{_seen()}
    ) AS seen
"""
"""Knowledge bases of two organizations are two, even with the same id."""
