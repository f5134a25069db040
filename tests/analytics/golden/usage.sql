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
            CAST(SUM(count) * :first_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :first_edge_sign AS BIGINT),
            CAST(SUM(cost) * :first_edge_sign AS BIGINT)
        FROM organization_daily
        WHERE organization_id = :organization AND month = :first_edge_month
            AND day BETWEEN :first_edge_start AND :first_edge_end
        GROUP BY meter
        UNION ALL
        SELECT
            meter,
            CAST(SUM(count) * :last_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :last_edge_sign AS BIGINT),
            CAST(SUM(cost) * :last_edge_sign AS BIGINT)
        FROM organization_daily
        WHERE organization_id = :organization AND month = :last_edge_month
            AND day BETWEEN :last_edge_start AND :last_edge_end
        GROUP BY meter
        UNION ALL
        SELECT meter, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END, quantity, cost
        FROM events
        WHERE organization_id = :organization AND day = :first_edge_day
            AND time >= :first AND time < :end
        UNION ALL
        SELECT meter, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END, quantity, cost
        FROM events
        WHERE organization_id = :organization AND day = :last_edge_day
            AND time >= :first AND time < :end
) AS period_cover
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
            AND month IN :whole_months AND user_id = :user
        UNION ALL
        SELECT
            meter,
            CAST(SUM(count) * :first_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :first_edge_sign AS BIGINT),
            CAST(SUM(cost) * :first_edge_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :first_edge_month AND user_id = :user
            AND day BETWEEN :first_edge_start AND :first_edge_end
        GROUP BY meter
        UNION ALL
        SELECT
            meter,
            CAST(SUM(count) * :last_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :last_edge_sign AS BIGINT),
            CAST(SUM(cost) * :last_edge_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :last_edge_month AND user_id = :user
            AND day BETWEEN :last_edge_start AND :last_edge_end
        GROUP BY meter
        UNION ALL
        SELECT meter, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END, quantity, cost
        FROM events /* by ix_events_by_user */
        WHERE organization_id = :organization AND day = :first_edge_day AND user_id = :user
            AND time >= :first AND time < :end
        UNION ALL
        SELECT meter, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END, quantity, cost
        FROM events /* by ix_events_by_user */
        WHERE organization_id = :organization AND day = :last_edge_day AND user_id = :user
            AND time >= :first AND time < :end
) AS period_cover
GROUP BY meter
