
SELECT DISTINCT day FROM organization_daily
WHERE organization_id = :organization AND month = :month AND day BETWEEN :first AND :last
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
ORDER BY day DESC
