-- user_changes
WITH period_cover AS (
    SELECT
        sums.user_id AS whose,
        CAST(SUM(sums.count) AS BIGINT) AS count,
        CAST(SUM(sums.cost) AS BIGINT) AS cost,
        0 AS previous_cost
    FROM usage_monthly AS sums
    WHERE sums.organization_id = :organization
        AND sums.month BETWEEN :first_month AND :last_month
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS whose,
        CAST(SUM(sums.count) * :first_edge_sign AS BIGINT) AS count,
        CAST(SUM(sums.cost) * :first_edge_sign AS BIGINT) AS cost,
        0 AS previous_cost
    FROM usage_daily AS sums
    WHERE sums.organization_id = :organization
        AND sums.month = :first_edge_month
        AND sums.day BETWEEN :first_edge_start AND :first_edge_end
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS whose,
        CAST(SUM(sums.count) * :last_edge_sign AS BIGINT) AS count,
        CAST(SUM(sums.cost) * :last_edge_sign AS BIGINT) AS cost,
        0 AS previous_cost
    FROM usage_daily AS sums
    WHERE sums.organization_id = :organization
        AND sums.month = :last_edge_month
        AND sums.day BETWEEN :last_edge_start AND :last_edge_end
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS whose,
        0 AS count,
        0 AS cost,
        CAST(SUM(sums.cost) AS BIGINT) AS previous_cost
    FROM usage_monthly AS sums
    WHERE sums.organization_id = :organization
        AND sums.month BETWEEN :previous_first_month AND :previous_last_month
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS whose,
        0 AS count,
        0 AS cost,
        CAST(SUM(sums.cost) * :previous_first_edge_sign AS BIGINT) AS previous_cost
    FROM usage_daily AS sums
    WHERE sums.organization_id = :organization
        AND sums.month = :previous_first_edge_month
        AND sums.day BETWEEN :previous_first_edge_start AND :previous_first_edge_end
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS whose,
        0 AS count,
        0 AS cost,
        CAST(SUM(sums.cost) * :previous_last_edge_sign AS BIGINT) AS previous_cost
    FROM usage_daily AS sums
    WHERE sums.organization_id = :organization
        AND sums.month = :previous_last_edge_month
        AND sums.day BETWEEN :previous_last_edge_start AND :previous_last_edge_end
    GROUP BY sums.user_id
)
SELECT
    people.id, people.name,
    COALESCE(usage.count, 0), COALESCE(usage.cost, 0), COALESCE(usage.previous_cost, 0)
FROM (
    SELECT id, name, id AS whose FROM users WHERE organization_id = :organization
    UNION ALL
    SELECT '', '', ''
) AS people
LEFT JOIN (
    SELECT
        whose,
        CAST(SUM(count) AS BIGINT) AS count,
        CAST(SUM(cost) AS BIGINT) AS cost,
        CAST(SUM(previous_cost) AS BIGINT) AS previous_cost
    FROM period_cover
    GROUP BY whose
) AS usage ON usage.whose = people.whose

-- organization_changes
WITH period_cover AS (
    SELECT
        sums.organization_id AS whose,
        CAST(SUM(sums.count) AS BIGINT) AS count,
        CAST(SUM(sums.cost) AS BIGINT) AS cost,
        0 AS previous_cost
    FROM organizations
    JOIN organization_monthly AS sums ON sums.organization_id = organizations.organization_id
    WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
        AND sums.month BETWEEN :first_month AND :last_month
    GROUP BY sums.organization_id
    UNION ALL
    SELECT
        sums.organization_id AS whose,
        CAST(SUM(sums.count) * :first_edge_sign AS BIGINT) AS count,
        CAST(SUM(sums.cost) * :first_edge_sign AS BIGINT) AS cost,
        0 AS previous_cost
    FROM organizations
    JOIN organization_daily AS sums ON sums.organization_id = organizations.organization_id
    WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
        AND sums.month = :first_edge_month
        AND sums.day BETWEEN :first_edge_start AND :first_edge_end
    GROUP BY sums.organization_id
    UNION ALL
    SELECT
        sums.organization_id AS whose,
        CAST(SUM(sums.count) * :last_edge_sign AS BIGINT) AS count,
        CAST(SUM(sums.cost) * :last_edge_sign AS BIGINT) AS cost,
        0 AS previous_cost
    FROM organizations
    JOIN organization_daily AS sums ON sums.organization_id = organizations.organization_id
    WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
        AND sums.month = :last_edge_month
        AND sums.day BETWEEN :last_edge_start AND :last_edge_end
    GROUP BY sums.organization_id
    UNION ALL
    SELECT
        sums.organization_id AS whose,
        0 AS count,
        0 AS cost,
        CAST(SUM(sums.cost) AS BIGINT) AS previous_cost
    FROM organizations
    JOIN organization_monthly AS sums ON sums.organization_id = organizations.organization_id
    WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
        AND sums.month BETWEEN :previous_first_month AND :previous_last_month
    GROUP BY sums.organization_id
    UNION ALL
    SELECT
        sums.organization_id AS whose,
        0 AS count,
        0 AS cost,
        CAST(SUM(sums.cost) * :previous_first_edge_sign AS BIGINT) AS previous_cost
    FROM organizations
    JOIN organization_daily AS sums ON sums.organization_id = organizations.organization_id
    WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
        AND sums.month = :previous_first_edge_month
        AND sums.day BETWEEN :previous_first_edge_start AND :previous_first_edge_end
    GROUP BY sums.organization_id
    UNION ALL
    SELECT
        sums.organization_id AS whose,
        0 AS count,
        0 AS cost,
        CAST(SUM(sums.cost) * :previous_last_edge_sign AS BIGINT) AS previous_cost
    FROM organizations
    JOIN organization_daily AS sums ON sums.organization_id = organizations.organization_id
    WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
        AND sums.month = :previous_last_edge_month
        AND sums.day BETWEEN :previous_last_edge_start AND :previous_last_edge_end
    GROUP BY sums.organization_id
)
SELECT
    people.id, people.name,
    COALESCE(usage.count, 0), COALESCE(usage.cost, 0), COALESCE(usage.previous_cost, 0)
FROM (
    SELECT id, name, organization_id AS whose
    FROM organizations
    WHERE tenant_id = :tenant AND currency = :currency AND status <> :unknown
) AS people
LEFT JOIN (
    SELECT
        whose,
        CAST(SUM(count) AS BIGINT) AS count,
        CAST(SUM(cost) AS BIGINT) AS cost,
        CAST(SUM(previous_cost) AS BIGINT) AS previous_cost
    FROM period_cover
    GROUP BY whose
) AS usage ON usage.whose = people.whose
