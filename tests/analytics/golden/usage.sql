-- organization
SELECT
    meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
        SELECT meter, count, quantity, cost
        FROM organization_monthly
        WHERE organization_id = :organization
            AND month BETWEEN :first_month AND :last_month
        UNION ALL
        SELECT
            meter,
            CAST(SUM(count) * :head_sign AS BIGINT),
            CAST(SUM(quantity) * :head_sign AS BIGINT),
            CAST(SUM(cost) * :head_sign AS BIGINT)
        FROM organization_daily
        WHERE organization_id = :organization AND month = :head_month
            AND day BETWEEN :head_first AND :head_last
        GROUP BY meter
        UNION ALL
        SELECT
            meter,
            CAST(SUM(count) * :tail_sign AS BIGINT),
            CAST(SUM(quantity) * :tail_sign AS BIGINT),
            CAST(SUM(cost) * :tail_sign AS BIGINT)
        FROM organization_daily
        WHERE organization_id = :organization AND month = :tail_month
            AND day BETWEEN :tail_first AND :tail_last
        GROUP BY meter
        UNION ALL
        SELECT meter, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END, quantity, cost
        FROM events
        WHERE organization_id = :organization AND day = :head_day
            AND time >= :first AND time < :end
        UNION ALL
        SELECT meter, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END, quantity, cost
        FROM events
        WHERE organization_id = :organization AND day = :tail_day
            AND time >= :first AND time < :end
) AS legs
GROUP BY meter

-- user
SELECT
    meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
        SELECT meter, count, quantity, cost
        FROM usage_monthly
        WHERE organization_id = :organization
            AND month BETWEEN :first_month AND :last_month AND user_id = :user
        UNION ALL
        SELECT
            meter,
            CAST(SUM(count) * :head_sign AS BIGINT),
            CAST(SUM(quantity) * :head_sign AS BIGINT),
            CAST(SUM(cost) * :head_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :head_month AND user_id = :user
            AND day BETWEEN :head_first AND :head_last
        GROUP BY meter
        UNION ALL
        SELECT
            meter,
            CAST(SUM(count) * :tail_sign AS BIGINT),
            CAST(SUM(quantity) * :tail_sign AS BIGINT),
            CAST(SUM(cost) * :tail_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :tail_month AND user_id = :user
            AND day BETWEEN :tail_first AND :tail_last
        GROUP BY meter
        UNION ALL
        SELECT meter, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END, quantity, cost
        FROM events
        WHERE organization_id = :organization AND day = :head_day AND user_id = :user
            AND time >= :first AND time < :end
        UNION ALL
        SELECT meter, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END, quantity, cost
        FROM events
        WHERE organization_id = :organization AND day = :tail_day AND user_id = :user
            AND time >= :first AND time < :end
) AS legs
GROUP BY meter
