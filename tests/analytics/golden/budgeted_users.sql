
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
    AND sums.organization_id = budgets.organization_id
    AND budgets.user_id <> '' AND sums.user_id = budgets.user_id
    AND sums.month IN (:month_a, :month_b, :month_c, :month_d, :month_e, :month_f, :month_g)
    AND sums.day BETWEEN :first AND :last
GROUP BY budgets.organization_id, budgets.user_id, sums.day
