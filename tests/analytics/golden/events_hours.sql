
SELECT DISTINCT hour FROM organization_hourly
WHERE organization_id = :organization AND month = :month
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
