-- users_filtered
SELECT
    users.id, users.name,
    COALESCE(usage.total_sms_sent, 0),
    COALESCE(usage.total_sms_received, 0),
    COALESCE(usage.total_mms_sent, 0),
    COALESCE(usage.total_mms_received, 0),
    COALESCE(usage.total_voice_calls, 0),
    COALESCE(usage.total_voice_seconds, 0),
    COALESCE(usage.api_requests_count, 0),
    COALESCE(usage.phone_rental_count, 0),
    COALESCE(usage.phone_purchase_count, 0),
    COALESCE(usage.kb_minutes, 0),
    COALESCE(usage.messaging_cost, 0),
    COALESCE(usage.voice_cost, 0),
    COALESCE(usage.api_request_cost, 0),
    COALESCE(usage.api_storage_cost, 0),
    COALESCE(usage.phone_rental_cost, 0),
    COALESCE(usage.phone_purchase_cost, 0),
    COALESCE(usage.kb_cost, 0),
    COALESCE(bases.knowledge_bases, 0),
    COALESCE(usage.events, 0), users.status
FROM users
LEFT JOIN (
    SELECT
        user_id,
        CAST(SUM(count) FILTER (WHERE meter = 1) AS BIGINT) AS total_sms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 2) AS BIGINT) AS total_sms_received,
        CAST(SUM(count) FILTER (WHERE meter = 3) AS BIGINT) AS total_mms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 4) AS BIGINT) AS total_mms_received,
        CAST(SUM(count) FILTER (WHERE meter = 5) AS BIGINT) AS total_voice_calls,
        CAST(SUM(quantity) FILTER (WHERE meter = 5) AS BIGINT) AS total_voice_seconds,
        CAST(SUM(quantity) FILTER (WHERE meter = 6) AS BIGINT) AS api_requests_count,
        CAST(SUM(count) FILTER (WHERE meter = 8) AS BIGINT) AS phone_rental_count,
        CAST(SUM(quantity) FILTER (WHERE meter = 9) AS BIGINT) AS phone_purchase_count,
        CAST(SUM(quantity) FILTER (WHERE meter = 11) AS BIGINT) AS kb_minutes,
        CAST(SUM(cost) FILTER (WHERE meter IN (1, 2, 3, 4)) AS BIGINT) AS messaging_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 5) AS BIGINT) AS voice_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 6) AS BIGINT) AS api_request_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 7) AS BIGINT) AS api_storage_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 8) AS BIGINT) AS phone_rental_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 9) AS BIGINT) AS phone_purchase_cost,
        CAST(SUM(cost) FILTER (WHERE meter IN (10, 11)) AS BIGINT) AS kb_cost,
        CAST(SUM(count) AS BIGINT) AS events
    FROM (
        SELECT user_id, meter, count, quantity, cost
        FROM usage_monthly
        WHERE organization_id = :organization
            AND month BETWEEN :first_month AND :last_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :first_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :first_edge_sign AS BIGINT),
            CAST(SUM(cost) * :first_edge_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :first_edge_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :first_edge_start AND :first_edge_end
        GROUP BY user_id, meter
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :last_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :last_edge_sign AS BIGINT),
            CAST(SUM(cost) * :last_edge_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :last_edge_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :last_edge_start AND :last_edge_end
        GROUP BY user_id, meter
    ) AS period_cover
    GROUP BY user_id
) AS usage ON usage.user_id = users.id
LEFT JOIN (
    SELECT user_id, COUNT(*) AS knowledge_bases
    FROM (
        SELECT DISTINCT user_id, resource_id
        FROM resources_daily
        WHERE organization_id = :organization
            AND month BETWEEN :start_month AND :end_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :start_day AND :end_day
            AND count > 0
            AND meter IN (10, 11)
    ) AS seen
    GROUP BY user_id
) AS bases ON bases.user_id = users.id
WHERE users.organization_id = :organization

-- users_filtered_one
SELECT
    users.id, users.name,
    COALESCE(usage.total_sms_sent, 0),
    COALESCE(usage.total_sms_received, 0),
    COALESCE(usage.total_mms_sent, 0),
    COALESCE(usage.total_mms_received, 0),
    COALESCE(usage.total_voice_calls, 0),
    COALESCE(usage.total_voice_seconds, 0),
    COALESCE(usage.api_requests_count, 0),
    COALESCE(usage.phone_rental_count, 0),
    COALESCE(usage.phone_purchase_count, 0),
    COALESCE(usage.kb_minutes, 0),
    COALESCE(usage.messaging_cost, 0),
    COALESCE(usage.voice_cost, 0),
    COALESCE(usage.api_request_cost, 0),
    COALESCE(usage.api_storage_cost, 0),
    COALESCE(usage.phone_rental_cost, 0),
    COALESCE(usage.phone_purchase_cost, 0),
    COALESCE(usage.kb_cost, 0),
    COALESCE(bases.knowledge_bases, 0),
    COALESCE(usage.events, 0), users.status
FROM users
LEFT JOIN (
    SELECT
        user_id,
        CAST(SUM(count) FILTER (WHERE meter = 1) AS BIGINT) AS total_sms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 2) AS BIGINT) AS total_sms_received,
        CAST(SUM(count) FILTER (WHERE meter = 3) AS BIGINT) AS total_mms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 4) AS BIGINT) AS total_mms_received,
        CAST(SUM(count) FILTER (WHERE meter = 5) AS BIGINT) AS total_voice_calls,
        CAST(SUM(quantity) FILTER (WHERE meter = 5) AS BIGINT) AS total_voice_seconds,
        CAST(SUM(quantity) FILTER (WHERE meter = 6) AS BIGINT) AS api_requests_count,
        CAST(SUM(count) FILTER (WHERE meter = 8) AS BIGINT) AS phone_rental_count,
        CAST(SUM(quantity) FILTER (WHERE meter = 9) AS BIGINT) AS phone_purchase_count,
        CAST(SUM(quantity) FILTER (WHERE meter = 11) AS BIGINT) AS kb_minutes,
        CAST(SUM(cost) FILTER (WHERE meter IN (1, 2, 3, 4)) AS BIGINT) AS messaging_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 5) AS BIGINT) AS voice_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 6) AS BIGINT) AS api_request_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 7) AS BIGINT) AS api_storage_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 8) AS BIGINT) AS phone_rental_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 9) AS BIGINT) AS phone_purchase_cost,
        CAST(SUM(cost) FILTER (WHERE meter IN (10, 11)) AS BIGINT) AS kb_cost,
        CAST(SUM(count) AS BIGINT) AS events
    FROM (
        SELECT user_id, meter, count, quantity, cost
        FROM usage_monthly
        WHERE organization_id = :organization
            AND month IN :whole_months AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :first_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :first_edge_sign AS BIGINT),
            CAST(SUM(cost) * :first_edge_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :first_edge_month AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :first_edge_start AND :first_edge_end
        GROUP BY user_id, meter
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :last_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :last_edge_sign AS BIGINT),
            CAST(SUM(cost) * :last_edge_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :last_edge_month AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :last_edge_start AND :last_edge_end
        GROUP BY user_id, meter
    ) AS period_cover
    GROUP BY user_id
) AS usage ON usage.user_id = users.id
LEFT JOIN (
    SELECT user_id, COUNT(*) AS knowledge_bases
    FROM (
        SELECT DISTINCT user_id, resource_id
        FROM resources_daily
        WHERE organization_id = :organization
            AND month IN :months AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :start_day AND :end_day
            AND count > 0
            AND meter IN (10, 11)
    ) AS seen
    GROUP BY user_id
) AS bases ON bases.user_id = users.id
WHERE users.organization_id = :organization AND users.id = :user

-- users_filtered_in_country
SELECT
    users.id, users.name,
    COALESCE(usage.total_sms_sent, 0),
    COALESCE(usage.total_sms_received, 0),
    COALESCE(usage.total_mms_sent, 0),
    COALESCE(usage.total_mms_received, 0),
    COALESCE(usage.total_voice_calls, 0),
    COALESCE(usage.total_voice_seconds, 0),
    COALESCE(usage.api_requests_count, 0),
    COALESCE(usage.phone_rental_count, 0),
    COALESCE(usage.phone_purchase_count, 0),
    COALESCE(usage.kb_minutes, 0),
    COALESCE(usage.messaging_cost, 0),
    COALESCE(usage.voice_cost, 0),
    COALESCE(usage.api_request_cost, 0),
    COALESCE(usage.api_storage_cost, 0),
    COALESCE(usage.phone_rental_cost, 0),
    COALESCE(usage.phone_purchase_cost, 0),
    COALESCE(usage.kb_cost, 0),
    COALESCE(bases.knowledge_bases, 0),
    COALESCE(usage.events, 0), users.status
FROM users
LEFT JOIN (
    SELECT
        user_id,
        CAST(SUM(count) FILTER (WHERE meter = 1) AS BIGINT) AS total_sms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 2) AS BIGINT) AS total_sms_received,
        CAST(SUM(count) FILTER (WHERE meter = 3) AS BIGINT) AS total_mms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 4) AS BIGINT) AS total_mms_received,
        CAST(SUM(count) FILTER (WHERE meter = 5) AS BIGINT) AS total_voice_calls,
        CAST(SUM(quantity) FILTER (WHERE meter = 5) AS BIGINT) AS total_voice_seconds,
        CAST(SUM(quantity) FILTER (WHERE meter = 6) AS BIGINT) AS api_requests_count,
        CAST(SUM(count) FILTER (WHERE meter = 8) AS BIGINT) AS phone_rental_count,
        CAST(SUM(quantity) FILTER (WHERE meter = 9) AS BIGINT) AS phone_purchase_count,
        CAST(SUM(quantity) FILTER (WHERE meter = 11) AS BIGINT) AS kb_minutes,
        CAST(SUM(cost) FILTER (WHERE meter IN (1, 2, 3, 4)) AS BIGINT) AS messaging_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 5) AS BIGINT) AS voice_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 6) AS BIGINT) AS api_request_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 7) AS BIGINT) AS api_storage_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 8) AS BIGINT) AS phone_rental_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 9) AS BIGINT) AS phone_purchase_cost,
        CAST(SUM(cost) FILTER (WHERE meter IN (10, 11)) AS BIGINT) AS kb_cost,
        CAST(SUM(count) AS BIGINT) AS events
    FROM (
        SELECT
            user_id, meter,
            CAST(SUM(count) AS BIGINT) AS count,
            CAST(SUM(quantity) AS BIGINT) AS quantity,
            CAST(SUM(cost) AS BIGINT) AS cost
        FROM usage_daily
        WHERE organization_id = :organization
            AND month BETWEEN :start_month AND :end_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :start_day AND :end_day
            AND country = :country
        GROUP BY month, user_id, meter
    ) AS period_cover
    GROUP BY user_id
) AS usage ON usage.user_id = users.id
LEFT JOIN (
    SELECT user_id, COUNT(DISTINCT resource_id) AS knowledge_bases
    FROM (
        SELECT events.user_id, events.resource_id
        FROM (
            SELECT organization_id, user_id, meter, day
            FROM usage_daily
            WHERE organization_id = :organization
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
        GROUP BY events.user_id, events.meter, events.day, events.resource_id
        HAVING SUM(CASE WHEN events.reverses IS NULL THEN 1 ELSE -1 END) > 0
        UNION ALL
        SELECT user_id, resource_id
        FROM archived_sums
            WHERE organization_id = :organization
                AND month BETWEEN :start_month AND :end_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
                AND day BETWEEN :start_day AND :end_day
                AND country = :country
                AND meter IN (10, 11)
        GROUP BY user_id, meter, day, resource_id
        HAVING SUM(count) > 0
    ) AS used
    GROUP BY user_id
) AS bases ON bases.user_id = users.id
WHERE users.organization_id = :organization

-- users_filtered_one_in_country
SELECT
    users.id, users.name,
    COALESCE(usage.total_sms_sent, 0),
    COALESCE(usage.total_sms_received, 0),
    COALESCE(usage.total_mms_sent, 0),
    COALESCE(usage.total_mms_received, 0),
    COALESCE(usage.total_voice_calls, 0),
    COALESCE(usage.total_voice_seconds, 0),
    COALESCE(usage.api_requests_count, 0),
    COALESCE(usage.phone_rental_count, 0),
    COALESCE(usage.phone_purchase_count, 0),
    COALESCE(usage.kb_minutes, 0),
    COALESCE(usage.messaging_cost, 0),
    COALESCE(usage.voice_cost, 0),
    COALESCE(usage.api_request_cost, 0),
    COALESCE(usage.api_storage_cost, 0),
    COALESCE(usage.phone_rental_cost, 0),
    COALESCE(usage.phone_purchase_cost, 0),
    COALESCE(usage.kb_cost, 0),
    COALESCE(bases.knowledge_bases, 0),
    COALESCE(usage.events, 0), users.status
FROM users
LEFT JOIN (
    SELECT
        user_id,
        CAST(SUM(count) FILTER (WHERE meter = 1) AS BIGINT) AS total_sms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 2) AS BIGINT) AS total_sms_received,
        CAST(SUM(count) FILTER (WHERE meter = 3) AS BIGINT) AS total_mms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 4) AS BIGINT) AS total_mms_received,
        CAST(SUM(count) FILTER (WHERE meter = 5) AS BIGINT) AS total_voice_calls,
        CAST(SUM(quantity) FILTER (WHERE meter = 5) AS BIGINT) AS total_voice_seconds,
        CAST(SUM(quantity) FILTER (WHERE meter = 6) AS BIGINT) AS api_requests_count,
        CAST(SUM(count) FILTER (WHERE meter = 8) AS BIGINT) AS phone_rental_count,
        CAST(SUM(quantity) FILTER (WHERE meter = 9) AS BIGINT) AS phone_purchase_count,
        CAST(SUM(quantity) FILTER (WHERE meter = 11) AS BIGINT) AS kb_minutes,
        CAST(SUM(cost) FILTER (WHERE meter IN (1, 2, 3, 4)) AS BIGINT) AS messaging_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 5) AS BIGINT) AS voice_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 6) AS BIGINT) AS api_request_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 7) AS BIGINT) AS api_storage_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 8) AS BIGINT) AS phone_rental_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 9) AS BIGINT) AS phone_purchase_cost,
        CAST(SUM(cost) FILTER (WHERE meter IN (10, 11)) AS BIGINT) AS kb_cost,
        CAST(SUM(count) AS BIGINT) AS events
    FROM (
        SELECT
            user_id, meter,
            CAST(SUM(count) AS BIGINT) AS count,
            CAST(SUM(quantity) AS BIGINT) AS quantity,
            CAST(SUM(cost) AS BIGINT) AS cost
        FROM usage_daily
        WHERE organization_id = :organization
            AND month IN :months AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :start_day AND :end_day
            AND country = :country
        GROUP BY month, user_id, meter
    ) AS period_cover
    GROUP BY user_id
) AS usage ON usage.user_id = users.id
LEFT JOIN (
    SELECT user_id, COUNT(DISTINCT resource_id) AS knowledge_bases
    FROM (
        SELECT events.user_id, events.resource_id
        FROM (
            SELECT organization_id, user_id, meter, day
            FROM usage_daily
            WHERE organization_id = :organization
                AND month IN :months AND user_id = :user
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
        GROUP BY events.user_id, events.meter, events.day, events.resource_id
        HAVING SUM(CASE WHEN events.reverses IS NULL THEN 1 ELSE -1 END) > 0
        UNION ALL
        SELECT user_id, resource_id
        FROM archived_sums
            WHERE organization_id = :organization
                AND month IN :months AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
                AND day BETWEEN :start_day AND :end_day
                AND country = :country
                AND meter IN (10, 11)
        GROUP BY user_id, meter, day, resource_id
        HAVING SUM(count) > 0
    ) AS used
    GROUP BY user_id
) AS bases ON bases.user_id = users.id
WHERE users.organization_id = :organization AND users.id = :user

-- users_shared_knowledge_bases
SELECT COUNT(DISTINCT resource_id)
FROM (
        SELECT DISTINCT user_id, resource_id
        FROM resources_daily
        WHERE organization_id = :organization
            AND month BETWEEN :start_month AND :end_month AND user_id IN :users
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :start_day AND :end_day
            AND count > 0
            AND meter IN (10, 11)
) AS used

-- users_shared_knowledge_bases_in_country
SELECT COUNT(DISTINCT resource_id)
FROM (
        SELECT events.user_id, events.resource_id
        FROM (
            SELECT organization_id, user_id, meter, day
            FROM usage_daily
            WHERE organization_id = :organization
                AND month BETWEEN :start_month AND :end_month AND user_id IN :users
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
        GROUP BY events.user_id, events.meter, events.day, events.resource_id
        HAVING SUM(CASE WHEN events.reverses IS NULL THEN 1 ELSE -1 END) > 0
        UNION ALL
        SELECT user_id, resource_id
        FROM archived_sums
            WHERE organization_id = :organization
                AND month BETWEEN :start_month AND :end_month AND user_id IN :users
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
                AND day BETWEEN :start_day AND :end_day
                AND country = :country
                AND meter IN (10, 11)
        GROUP BY user_id, meter, day, resource_id
        HAVING SUM(count) > 0
) AS used

-- users_meters
SELECT
    user_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
        SELECT user_id, meter, count, quantity, cost
        FROM usage_monthly
        WHERE organization_id = :organization
            AND month BETWEEN :first_month AND :last_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :first_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :first_edge_sign AS BIGINT),
            CAST(SUM(cost) * :first_edge_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :first_edge_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :first_edge_start AND :first_edge_end
        GROUP BY user_id, meter
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :last_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :last_edge_sign AS BIGINT),
            CAST(SUM(cost) * :last_edge_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :last_edge_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :last_edge_start AND :last_edge_end
        GROUP BY user_id, meter
) AS period_cover
WHERE user_id <> ''
GROUP BY user_id, meter

-- users_meters_one
SELECT
    user_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
        SELECT user_id, meter, count, quantity, cost
        FROM usage_monthly
        WHERE organization_id = :organization
            AND month IN :whole_months AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :first_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :first_edge_sign AS BIGINT),
            CAST(SUM(cost) * :first_edge_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :first_edge_month AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :first_edge_start AND :first_edge_end
        GROUP BY user_id, meter
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :last_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :last_edge_sign AS BIGINT),
            CAST(SUM(cost) * :last_edge_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :last_edge_month AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :last_edge_start AND :last_edge_end
        GROUP BY user_id, meter
) AS period_cover
WHERE user_id <> ''
GROUP BY user_id, meter

-- users_meters_in_country
SELECT
    user_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
        SELECT
            user_id, meter,
            CAST(SUM(count) AS BIGINT) AS count,
            CAST(SUM(quantity) AS BIGINT) AS quantity,
            CAST(SUM(cost) AS BIGINT) AS cost
        FROM usage_daily
        WHERE organization_id = :organization
            AND month BETWEEN :start_month AND :end_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :start_day AND :end_day
            AND country = :country
        GROUP BY month, user_id, meter
) AS period_cover
WHERE user_id <> ''
GROUP BY user_id, meter

-- users_meters_one_in_country
SELECT
    user_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
        SELECT
            user_id, meter,
            CAST(SUM(count) AS BIGINT) AS count,
            CAST(SUM(quantity) AS BIGINT) AS quantity,
            CAST(SUM(cost) AS BIGINT) AS cost
        FROM usage_daily
        WHERE organization_id = :organization
            AND month IN :months AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :start_day AND :end_day
            AND country = :country
        GROUP BY month, user_id, meter
) AS period_cover
WHERE user_id <> ''
GROUP BY user_id, meter

-- users_countries
SELECT
    user_id, country,
    CAST(SUM(count) AS BIGINT),
    0,
    CAST(SUM(cost) AS BIGINT)
FROM usage_daily
WHERE organization_id = :organization
    AND month BETWEEN :start_month AND :end_month AND user_id <> ''
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
    AND day BETWEEN :start_day AND :end_day
GROUP BY user_id, country

-- users_countries_one
SELECT
    user_id, country,
    CAST(SUM(count) AS BIGINT),
    0,
    CAST(SUM(cost) AS BIGINT)
FROM usage_daily
WHERE organization_id = :organization
    AND month IN :months AND user_id <> '' AND user_id = :user
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
    AND day BETWEEN :start_day AND :end_day
GROUP BY user_id, country
