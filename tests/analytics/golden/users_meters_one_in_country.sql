
SELECT
    user_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
        SELECT
            user_id, meter,
            CAST(SUM(count) AS BIGINT) AS count,
            CAST(SUM(quantity) AS BIGINT) AS quantity,
            CAST(SUM(cost) AS BIGINT) AS cost
        FROM usage_daily
        WHERE organization_id = :organization
            AND month BETWEEN :start_month AND :end_month AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :start_day AND :end_day
            AND country = :country
        GROUP BY month, user_id, meter
) AS legs
WHERE user_id <> ''
GROUP BY user_id, meter
