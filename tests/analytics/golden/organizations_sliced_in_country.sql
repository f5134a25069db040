
SELECT
    organizations.organization_id,
    COALESCE(people.users, 0),
    COALESCE(usage.total_sms_sent, 0),
    COALESCE(usage.total_sms_received, 0),
    COALESCE(usage.total_mms_sent, 0),
    COALESCE(usage.total_mms_received, 0),
    COALESCE(usage.total_voice_calls, 0),
    COALESCE(usage.total_voice_seconds, 0),
    COALESCE(usage.api_requests_count, 0),
    COALESCE(usage.phone_rental_count, 0),
    COALESCE(usage.phone_purchase_count, 0),
    COALESCE(usage.brand_registration_count, 0),
    COALESCE(usage.api_storage_cost, 0),
    COALESCE(bases.knowledge_bases, 0),
    COALESCE(usage.total_cost, 0),
    COALESCE(usage.events, 0)
FROM organizations
LEFT JOIN (
    SELECT organization_id, COUNT(*) AS users
    FROM users
    WHERE organization_id IN :numbers
    GROUP BY organization_id
) AS people ON people.organization_id = organizations.organization_id
LEFT JOIN (
    SELECT
        organization_id,
        CAST(SUM(count) FILTER (WHERE meter = 1) AS BIGINT) AS total_sms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 2) AS BIGINT) AS total_sms_received,
        CAST(SUM(count) FILTER (WHERE meter = 3) AS BIGINT) AS total_mms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 4) AS BIGINT) AS total_mms_received,
        CAST(SUM(count) FILTER (WHERE meter = 5) AS BIGINT) AS total_voice_calls,
        CAST(SUM(quantity) FILTER (WHERE meter = 5) AS BIGINT) AS total_voice_seconds,
        CAST(SUM(quantity) FILTER (WHERE meter = 6) AS BIGINT) AS api_requests_count,
        CAST(SUM(count) FILTER (WHERE meter = 8) AS BIGINT) AS phone_rental_count,
        CAST(SUM(quantity) FILTER (WHERE meter = 9) AS BIGINT) AS phone_purchase_count,
        CAST(SUM(quantity) FILTER (WHERE meter = 12) AS BIGINT) AS brand_registration_count,
        CAST(SUM(cost) FILTER (WHERE meter = 7) AS BIGINT) AS api_storage_cost,
        CAST(SUM(cost) AS BIGINT) AS total_cost,
        CAST(SUM(count) AS BIGINT) AS events
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
    GROUP BY organization_id
) AS usage ON usage.organization_id = organizations.organization_id
LEFT JOIN (
    SELECT organization_id, COUNT(DISTINCT resource_id) AS knowledge_bases
    FROM (
        SELECT events.organization_id, events.resource_id
        FROM (
            SELECT organization_id, user_id, meter, day
            FROM usage_daily
            WHERE organization_id IN :numbers
                AND month BETWEEN :start_month AND :end_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
                AND day BETWEEN :start_day AND :end_day
                AND country = :country
                AND meter IN (10, 11)
            GROUP BY organization_id, user_id, meter, day
            HAVING SUM(count) > 0
        ) AS days
        CROSS JOIN events AS mine
        CROSS JOIN events
        WHERE mine.organization_id = days.organization_id
            AND mine.user_id = days.user_id
            AND mine.day = days.day
            AND events.organization_id = mine.organization_id
            AND events.day = mine.day
            AND events.id = mine.id
            AND events.meter = days.meter
            AND events.country = :country
        GROUP BY events.organization_id, events.meter, events.day, events.resource_id
        HAVING SUM(CASE WHEN events.reverses IS NULL THEN 1 ELSE -1 END) > 0
    ) AS used
    GROUP BY organization_id
) AS bases ON bases.organization_id = organizations.organization_id
WHERE organizations.organization_id IN :numbers
