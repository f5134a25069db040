-- page_all
SELECT
    id_text(id), meter, NULLIF(user_id, ''), resource_id, time, day, quantity, billed, meter, cost,
    NULLIF(country, ''), attributes, received_at,
    id_text(reverses)
FROM events
WHERE organization_id = :organization AND day = :day
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
    AND (CAST(:resource AS TEXT) IS NULL OR resource_id = :resource)
    AND time >= :start AND time < :end
    AND received_at <= :as_of
    AND (time < :before OR (time = :before AND id < :before_id))
ORDER BY time DESC, id DESC LIMIT :limit

-- page_user
SELECT
    id_text(id), meter, NULLIF(user_id, ''), resource_id, time, day, quantity, billed, meter, cost,
    NULLIF(country, ''), attributes, received_at,
    id_text(reverses)
FROM events
WHERE organization_id = :organization AND day = :day
    AND id IN (
        SELECT mine.id FROM events AS mine
        WHERE mine.organization_id = :organization AND mine.user_id = :user AND mine.day = :day
    )
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
    AND (CAST(:resource AS TEXT) IS NULL OR resource_id = :resource)
    AND time >= :start AND time < :end
    AND received_at <= :as_of
    AND (time < :before OR (time = :before AND id < :before_id))
ORDER BY time DESC, id DESC LIMIT :limit

-- page_nobody
SELECT
    id_text(id), meter, NULLIF(user_id, ''), resource_id, time, day, quantity, billed, meter, cost,
    NULLIF(country, ''), attributes, received_at,
    id_text(reverses)
FROM events
WHERE organization_id = :organization AND day = :day AND (user_id = '' OR meter IN (12))
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
    AND (CAST(:resource AS TEXT) IS NULL OR resource_id = :resource)
    AND time >= :start AND time < :end
    AND received_at <= :as_of
    AND (time < :before OR (time = :before AND id < :before_id))
ORDER BY time DESC, id DESC LIMIT :limit

-- first_all
SELECT
    id_text(id), meter, NULLIF(user_id, ''), resource_id, time, day, quantity, billed, meter, cost,
    NULLIF(country, ''), attributes, received_at,
    id_text(reverses)
FROM events
WHERE organization_id = :organization AND day = :day
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
    AND (CAST(:resource AS TEXT) IS NULL OR resource_id = :resource)
    AND time >= :start AND time < :end
    AND received_at <= :as_of
ORDER BY id LIMIT :limit

-- first_user
SELECT
    id_text(id), meter, NULLIF(user_id, ''), resource_id, time, day, quantity, billed, meter, cost,
    NULLIF(country, ''), attributes, received_at,
    id_text(reverses)
FROM events
WHERE organization_id = :organization AND day = :day
    AND id IN (
        SELECT mine.id FROM events AS mine
        WHERE mine.organization_id = :organization AND mine.user_id = :user AND mine.day = :day
    )
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
    AND (CAST(:resource AS TEXT) IS NULL OR resource_id = :resource)
    AND time >= :start AND time < :end
    AND received_at <= :as_of
ORDER BY id LIMIT :limit

-- first_nobody
SELECT
    id_text(id), meter, NULLIF(user_id, ''), resource_id, time, day, quantity, billed, meter, cost,
    NULLIF(country, ''), attributes, received_at,
    id_text(reverses)
FROM events
WHERE organization_id = :organization AND day = :day AND (user_id = '' OR meter IN (12))
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
    AND (CAST(:resource AS TEXT) IS NULL OR resource_id = :resource)
    AND time >= :start AND time < :end
    AND received_at <= :as_of
ORDER BY id LIMIT :limit

-- chunk_all
SELECT
    id_text(id), meter, NULLIF(user_id, ''), resource_id, time, day, quantity, billed, meter, cost,
    NULLIF(country, ''), attributes, received_at,
    id_text(reverses)
FROM events
WHERE organization_id = :organization AND day = :day
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
    AND (CAST(:resource AS TEXT) IS NULL OR resource_id = :resource)
    AND time >= :start AND time < :end
    AND received_at <= :as_of
    AND id > :after
ORDER BY id LIMIT :limit

-- chunk_user
SELECT
    id_text(id), meter, NULLIF(user_id, ''), resource_id, time, day, quantity, billed, meter, cost,
    NULLIF(country, ''), attributes, received_at,
    id_text(reverses)
FROM events
WHERE organization_id = :organization AND day = :day AND user_id = :user
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
    AND (CAST(:resource AS TEXT) IS NULL OR resource_id = :resource)
    AND time >= :start AND time < :end
    AND received_at <= :as_of
    AND id > :after
ORDER BY id LIMIT :limit

-- chunk_nobody
SELECT
    id_text(id), meter, NULLIF(user_id, ''), resource_id, time, day, quantity, billed, meter, cost,
    NULLIF(country, ''), attributes, received_at,
    id_text(reverses)
FROM events
WHERE organization_id = :organization AND day = :day AND (user_id = '' OR meter IN (12))
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
    AND (CAST(:resource AS TEXT) IS NULL OR resource_id = :resource)
    AND time >= :start AND time < :end
    AND received_at <= :as_of
    AND id > :after
ORDER BY id LIMIT :limit

-- months
SELECT DISTINCT month FROM organization_monthly
WHERE organization_id = :organization AND month BETWEEN :first AND :last
ORDER BY month DESC

-- days
SELECT DISTINCT day FROM organization_daily
WHERE organization_id = :organization AND month = :month AND day BETWEEN :first AND :last
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
ORDER BY day DESC

-- user_days
SELECT DISTINCT day FROM usage_daily
WHERE organization_id = :organization AND month = :month AND user_id = :user
    AND day BETWEEN :first AND :last
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
ORDER BY day DESC

-- resource_days
SELECT DISTINCT day FROM resources_daily
WHERE organization_id = :organization AND month = :month AND day BETWEEN :first AND :last
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND resource_id = :resource
ORDER BY day DESC

-- hours
SELECT DISTINCT hour FROM organization_hourly
WHERE organization_id = :organization AND month = :month
    AND (CAST(:meters AS BIGINT) >> meter) & 1 = 1
    AND country BETWEEN :country AND :last_country
