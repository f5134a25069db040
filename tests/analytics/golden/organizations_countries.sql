
SELECT
    organization_id, country,
    CAST(SUM(count) AS BIGINT),
    0,
    CAST(SUM(cost) AS BIGINT)
FROM usage_daily
WHERE organization_id IN :numbers
    AND month BETWEEN :start_month AND :end_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
    AND day BETWEEN :start_day AND :end_day
GROUP BY organization_id, country
