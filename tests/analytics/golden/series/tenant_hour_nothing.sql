
SELECT
    (sums.hour - :origin) / :step, '',
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organizations
JOIN organization_hourly AS sums ON sums.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND organizations.timezone = :timezone
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.hour BETWEEN :first_hour AND :last_hour
    AND (:country = '' OR sums.country = :country)
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2
