
SELECT
    id, meter, NULLIF(user_id, ''), resource_id, time, day, quantity, billed, meter, cost,
    NULLIF(country, ''), attributes, received_at, reverses
FROM events
WHERE organization_id = :organization AND day = :day AND (user_id = '' OR meter IN (12))
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
    AND received_at <= :as_of
ORDER BY id LIMIT :limit
