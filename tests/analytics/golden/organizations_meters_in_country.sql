
SELECT
    organization_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
        SELECT
            organization_id, meter,
            CAST(SUM(count) AS BIGINT) AS count,
            CAST(SUM(quantity) AS BIGINT) AS quantity,
            CAST(SUM(cost) AS BIGINT) AS cost
        FROM usage_daily
        WHERE organization_id IN :numbers
            AND month BETWEEN :start_month AND :end_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :start_day AND :end_day
            AND country = :country
        GROUP BY month, organization_id, meter
) AS legs
GROUP BY organization_id, meter
