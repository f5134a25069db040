
SELECT
    user_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
        SELECT user_id, meter, count, quantity, cost
        FROM usage_monthly
        WHERE organization_id = :organization
            AND month BETWEEN :first_month AND :last_month AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :head_sign AS BIGINT),
            CAST(SUM(quantity) * :head_sign AS BIGINT),
            CAST(SUM(cost) * :head_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :head_month AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :head_first AND :head_last
        GROUP BY user_id, meter
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :tail_sign AS BIGINT),
            CAST(SUM(quantity) * :tail_sign AS BIGINT),
            CAST(SUM(cost) * :tail_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :tail_month AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :tail_first AND :tail_last
        GROUP BY user_id, meter
) AS legs
WHERE user_id <> ''
GROUP BY user_id, meter
