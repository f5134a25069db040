
SELECT
    (sums.hour - :origin) / :step, sums.meter,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organization_hourly AS sums
WHERE sums.organization_id = :number AND sums.month BETWEEN :first_month AND :last_month
    AND sums.hour BETWEEN :first_hour AND :last_hour
    AND (:country = '' OR sums.country = :country)
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2
