"""The days on which an organization used a resource: a month of days is the bits of one number.

Distinct resources cannot be added up. To count an organization's knowledge bases, one row for each
of them and month is read, instead of one for each user and day.
"""

from tollbook.domain.meters import CATALOG

COUNTED = ", ".join(str(meter.code) for meter in CATALOG if meter.needs_resource)
_BIT = "CAST(1 AS BIGINT) << (day % 100)"
BITS = f"CAST(SUM(DISTINCT {_BIT}) AS BIGINT)"
"""The bits of days, each set once."""

STAGED = f"FROM staging WHERE code = '' AND resource_id <> '' AND meter IN ({COUNTED})"
"""The events of resources that are counted; others, such as numbers, are stored by user only."""

ADD_DAYS = f"""
INSERT INTO organization_resources (organization_id, month, meter, resource_id, days)
SELECT organization_id, day / 100, meter, resource_id, {BITS}
{STAGED}
GROUP BY organization_id, day / 100, meter, resource_id
ORDER BY organization_id, day / 100, meter, resource_id
ON CONFLICT (organization_id, month, meter, resource_id) DO UPDATE SET
    days = organization_resources.days | excluded.days
"""

# A reversal may reverse the last use of a day: the days of its resource are computed again.
FIND_DAYS = f"""
UPDATE organization_resources SET days = COALESCE((
    SELECT {BITS} FROM resources_daily
    WHERE resources_daily.organization_id = organization_resources.organization_id
        AND resources_daily.month = organization_resources.month
        AND resources_daily.meter = organization_resources.meter
        AND resources_daily.resource_id = organization_resources.resource_id
        AND resources_daily.count > 0
), 0)
WHERE (organization_id, month, meter, resource_id) IN (
    SELECT organization_id, day / 100, meter, resource_id
    {STAGED}
)
"""


def from_ledger(ledger: str) -> str:
    """Return the statement that computes the days from the rows of a ledger."""
    return f"""
SELECT organization_id, month, meter, resource_id, {BITS}
FROM (
    SELECT organization_id, month, meter, resource_id, day FROM ({ledger}) AS ledger
    WHERE resource_id <> '' AND meter IN ({COUNTED})
    GROUP BY organization_id, month, meter, resource_id, day
    HAVING SUM(count) > 0
) AS used
GROUP BY organization_id, month, meter, resource_id
"""
