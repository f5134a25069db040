
WITH RECURSIVE months(month) AS (
    SELECT CAST(:first_month AS INTEGER)
    UNION ALL
    SELECT CASE WHEN month % 100 < 12 THEN month + 1 ELSE month + 89 END
    FROM months WHERE month < :last_month
)
SELECT
    sums.month, '',
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM months
CROSS JOIN usage_monthly AS sums
WHERE sums.organization_id = :number AND sums.month = months.month AND sums.user_id = :user
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2
