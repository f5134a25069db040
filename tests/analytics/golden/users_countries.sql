
SELECT
    user_id, country,
    CAST(SUM(count) AS BIGINT),
    0,
    CAST(SUM(cost) AS BIGINT)
FROM usage_daily
WHERE organization_id = :organization
    AND month BETWEEN :start_month AND :end_month AND user_id <> ''
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
    AND day BETWEEN :start_day AND :end_day
GROUP BY user_id, country
