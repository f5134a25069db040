
SELECT
    sums.id,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM (
    SELECT
        sums.user_id AS id,
        CAST(SUM(sums.count) AS BIGINT) AS count,
        CAST(SUM(sums.quantity) AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) AS BIGINT) AS cost
    FROM usage_monthly AS sums
    WHERE sums.organization_id = :number
        AND sums.month BETWEEN :first_month AND :last_month
        AND ((:meters >> sums.meter) & 1) = 1
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS id,
        CAST(SUM(sums.count) * :head_sign AS BIGINT) AS count,
        CAST(SUM(sums.quantity) * :head_sign AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) * :head_sign AS BIGINT) AS cost
    FROM usage_daily AS sums
    WHERE sums.organization_id = :number
        AND sums.month = :head_month AND sums.day BETWEEN :head_first AND :head_last
        AND ((:meters >> sums.meter) & 1) = 1
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS id,
        CAST(SUM(sums.count) * :tail_sign AS BIGINT) AS count,
        CAST(SUM(sums.quantity) * :tail_sign AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) * :tail_sign AS BIGINT) AS cost
    FROM usage_daily AS sums
    WHERE sums.organization_id = :number
        AND sums.month = :tail_month AND sums.day BETWEEN :tail_first AND :tail_last
        AND ((:meters >> sums.meter) & 1) = 1
    GROUP BY sums.user_id
) AS sums
GROUP BY sums.id
