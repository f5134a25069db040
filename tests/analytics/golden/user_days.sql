
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
