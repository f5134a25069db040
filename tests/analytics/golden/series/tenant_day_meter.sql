
SELECT
    sums.day, sums.meter,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organizations
JOIN organization_daily AS sums ON sums.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first_day AND :last_day
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2
