
SELECT
    sums.day,
    CAST(SUM(sums.cost) AS BIGINT),
    CAST(COALESCE(
        SUM(sums.cost) FILTER (WHERE sums.meter NOT IN (8, 9, 10, 12)), 0
    ) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 8), 0) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 10), 0) AS BIGINT)
FROM organizations
CROSS JOIN organization_daily AS sums
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND sums.organization_id = organizations.organization_id
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first AND :last
GROUP BY sums.day
