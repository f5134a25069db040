
SELECT
    sums.month, sums.meter,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organization_monthly AS sums
WHERE sums.organization_id = :number AND sums.month BETWEEN :first_month AND :last_month
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2
