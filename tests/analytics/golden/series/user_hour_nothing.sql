
SELECT
    sums.hour, '',
    CAST(SUM(CASE WHEN sums.reverses IS NULL THEN 1 ELSE -1 END) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM events AS sums
WHERE sums.organization_id = :number AND sums.user_id = :user
    AND sums.day BETWEEN :first_day AND :last_day
    AND (:country = '' OR sums.country = :country)
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2
