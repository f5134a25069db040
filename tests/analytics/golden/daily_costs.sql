-- organization_days
SELECT
    sums.day,
    CAST(SUM(sums.cost) AS BIGINT),
    CAST(COALESCE(
        SUM(sums.cost) FILTER (WHERE sums.meter NOT IN (8, 9, 10, 12)), 0
    ) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 8), 0) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 10), 0) AS BIGINT)
FROM organization_daily AS sums
WHERE sums.organization_id = :organization
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first AND :last
GROUP BY sums.day

-- user_days
SELECT
    sums.day,
    CAST(SUM(sums.cost) AS BIGINT),
    CAST(COALESCE(
        SUM(sums.cost) FILTER (WHERE sums.meter NOT IN (8, 9, 10, 12)), 0
    ) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 8), 0) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 10), 0) AS BIGINT)
FROM usage_daily AS sums
WHERE sums.organization_id = :organization AND sums.user_id = :user
    AND sums.month IN (:month_a, :month_b, :month_c, :month_d, :month_e, :month_f, :month_g)
    AND sums.day BETWEEN :first AND :last
GROUP BY sums.day

-- tenant_days
SELECT
    sums.day,
    CAST(SUM(sums.cost) AS BIGINT),
    CAST(COALESCE(
        SUM(sums.cost) FILTER (WHERE sums.meter NOT IN (8, 9, 10, 12)), 0
    ) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 8), 0) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 10), 0) AS BIGINT)
FROM organizations
CROSS JOIN organization_daily AS sums
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND sums.organization_id = organizations.organization_id
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first AND :last
GROUP BY sums.day

-- budgeted_users
SELECT
    budgets.organization_id, budgets.user_id, sums.day,
    CAST(SUM(sums.cost) AS BIGINT),
    CAST(COALESCE(
        SUM(sums.cost) FILTER (WHERE sums.meter NOT IN (8, 9, 10, 12)), 0
    ) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 8), 0) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 10), 0) AS BIGINT)
FROM budgets
CROSS JOIN usage_daily AS sums
WHERE budgets.organization_id = :organization
    AND NOT EXISTS (
        SELECT 1 FROM budgets AS others
        WHERE others.organization_id = budgets.organization_id
            AND others.user_id = budgets.user_id AND others.period < budgets.period
    )
    AND sums.organization_id = budgets.organization_id
    AND budgets.user_id <> '' AND sums.user_id = budgets.user_id
    AND sums.month IN (:month_a, :month_b, :month_c, :month_d, :month_e, :month_f, :month_g)
    AND sums.day BETWEEN :first AND :last
GROUP BY budgets.organization_id, budgets.user_id, sums.day

-- all_budgeted_users
SELECT
    budgets.organization_id, budgets.user_id, sums.day,
    CAST(SUM(sums.cost) AS BIGINT),
    CAST(COALESCE(
        SUM(sums.cost) FILTER (WHERE sums.meter NOT IN (8, 9, 10, 12)), 0
    ) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 8), 0) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 10), 0) AS BIGINT)
FROM organizations
CROSS JOIN budgets
CROSS JOIN usage_daily AS sums
WHERE organizations.tenant_id = :tenant
    AND budgets.organization_id = organizations.organization_id
    AND sums.organization_id = budgets.organization_id
    AND NOT EXISTS (
        SELECT 1 FROM budgets AS others
        WHERE others.organization_id = budgets.organization_id
            AND others.user_id = budgets.user_id AND others.period < budgets.period
    )
    AND budgets.user_id <> '' AND sums.user_id = budgets.user_id
    AND sums.month IN (:month_a, :month_b, :month_c, :month_d, :month_e, :month_f, :month_g)
    AND sums.day BETWEEN :first AND :last
GROUP BY budgets.organization_id, budgets.user_id, sums.day

-- budgeted_organizations
SELECT
    budgets.organization_id, budgets.user_id, sums.day,
    CAST(SUM(sums.cost) AS BIGINT),
    CAST(COALESCE(
        SUM(sums.cost) FILTER (WHERE sums.meter NOT IN (8, 9, 10, 12)), 0
    ) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 8), 0) AS BIGINT),
    CAST(COALESCE(SUM(sums.cost) FILTER (WHERE sums.meter = 10), 0) AS BIGINT)
FROM organizations
CROSS JOIN budgets
CROSS JOIN organization_daily AS sums
WHERE organizations.tenant_id = :tenant
    AND budgets.organization_id = organizations.organization_id
    AND sums.organization_id = budgets.organization_id
    AND NOT EXISTS (
        SELECT 1 FROM budgets AS others
        WHERE others.organization_id = budgets.organization_id
            AND others.user_id = budgets.user_id AND others.period < budgets.period
    )
    AND budgets.user_id = ''
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first AND :last
GROUP BY budgets.organization_id, budgets.user_id, sums.day
