
SELECT user_id, COUNT(DISTINCT resource_id)
FROM resources_daily
WHERE organization_id = :organization AND month BETWEEN :first_month AND :last_month AND user_id = :user
    AND day BETWEEN :first_day AND :last_day AND meter IN (10, 11)
GROUP BY user_id
