
SELECT
    sums.organization_id,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organization_hourly AS sums
JOIN organizations ON organizations.organization_id = sums.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND organizations.timezone = :timezone
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.hour BETWEEN :first_hour AND :last_hour
    AND sums.country = :country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY sums.organization_id
