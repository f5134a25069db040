"""Distinct knowledge bases of a period: what cannot be added up from days or from months."""

from tollbook.analytics.legs import among
from tollbook.domain.meters import Category, codes_of

_SEEN = f"""\
        SELECT DISTINCT organization_id, resource_id
        FROM resources_daily
        WHERE organization_id IN :numbers
            AND month BETWEEN :start_month AND :end_month
            AND day BETWEEN :start_day AND :end_day
            AND count > 0
            AND meter {among(codes_of(Category.KNOWLEDGE_BASE))}"""
"""Whoever used them; a day on which all events of one were reversed is kept with a count of 0."""

KNOWLEDGE_BASES_BY_ORGANIZATION = f"""\
    SELECT organization_id, COUNT(*) AS knowledge_bases
    FROM (
{_SEEN}
    ) AS seen
    GROUP BY organization_id"""

KNOWLEDGE_BASES = f"""
SELECT COUNT(*)
FROM (
{_SEEN}
    ) AS seen
"""
"""Two organizations' are two, whatever they are called."""
