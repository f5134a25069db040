
SELECT COUNT(*)
FROM (
        SELECT DISTINCT organization_id, resource_id
        FROM organization_resources
        WHERE organization_id IN :numbers
            AND month BETWEEN :start_month AND :end_month
            AND meter IN (10, 11)
            AND days
                & CASE WHEN month = :start_month THEN :start_days ELSE 4294967294 END
                & CASE WHEN month = :end_month THEN :end_days ELSE 4294967294 END <> 0
    ) AS seen
