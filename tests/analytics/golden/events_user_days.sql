
SELECT DISTINCT day FROM usage_daily
WHERE organization_id = :organization AND month = :month AND user_id = :user
    AND day BETWEEN :first AND :last
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
ORDER BY day DESC
