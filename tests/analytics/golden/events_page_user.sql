
SELECT
    id, meter, NULLIF(user_id, ''), resource_id, time, day, quantity, billed, meter, cost,
    NULLIF(country, ''), attributes, received_at, reverses
FROM events
WHERE organization_id = :organization AND day = :day
    AND id IN (
        SELECT mine.id FROM events AS mine
        WHERE mine.organization_id = :organization AND mine.user_id = :user AND mine.day = :day
    )
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
    AND received_at <= :as_of
    AND (time < :before OR (time = :before AND id < :before_id))
ORDER BY time DESC, id DESC LIMIT :limit
