
SELECT COUNT(*)
FROM (
        SELECT DISTINCT organization_id, resource_id
        FROM resources_daily
        WHERE organization_id IN :numbers
            AND month BETWEEN :start_month AND :end_month
            AND day BETWEEN :start_day AND :end_day
            AND count > 0
            AND meter IN (10, 11)
    ) AS seen
