
SELECT
    sums.hour, '',
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM (
    SELECT
        hour, meter, country, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END AS count,
        quantity, cost
    FROM events
    WHERE organization_id = :number AND user_id = :user
        AND day BETWEEN :first_day AND :last_day
    UNION ALL
    SELECT hour, meter, country, count, quantity, cost
    FROM archived_sums
    WHERE organization_id = :number AND user_id = :user
        AND month BETWEEN :first_day / 100 AND :last_day / 100
        AND day BETWEEN :first_day AND :last_day
) AS sums
WHERE (:country = '' OR sums.country = :country)
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2
