-- users
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
    COALESCE(bases.knowledge_bases, 0)
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
        CAST(SUM(cost) FILTER (WHERE meter IN (10, 11)) AS BIGINT) AS kb_cost
    FROM (
        SELECT user_id, meter, count, quantity, cost
        FROM usage_monthly
        WHERE organization_id = :organization
            AND month BETWEEN :first_month AND :last_month
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :first_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :first_edge_sign AS BIGINT),
            CAST(SUM(cost) * :first_edge_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :first_edge_month
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
            AND day BETWEEN :start_day AND :end_day
            AND count > 0
            AND meter IN (10, 11)
    ) AS seen
    GROUP BY user_id
) AS bases ON bases.user_id = users.id
WHERE users.organization_id = :organization

-- one_user
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
    COALESCE(bases.knowledge_bases, 0)
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
        CAST(SUM(cost) FILTER (WHERE meter IN (10, 11)) AS BIGINT) AS kb_cost
    FROM (
        SELECT user_id, meter, count, quantity, cost
        FROM usage_monthly
        WHERE organization_id = :organization
            AND month IN :whole_months AND user_id = :user
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :first_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :first_edge_sign AS BIGINT),
            CAST(SUM(cost) * :first_edge_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :first_edge_month AND user_id = :user
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
            AND day BETWEEN :start_day AND :end_day
            AND count > 0
            AND meter IN (10, 11)
    ) AS seen
    GROUP BY user_id
) AS bases ON bases.user_id = users.id
WHERE users.organization_id = :organization AND users.id = :user

-- knowledge_bases
    SELECT user_id, COUNT(*) AS knowledge_bases
    FROM (
        SELECT DISTINCT user_id, resource_id
        FROM resources_daily
        WHERE organization_id = :organization
            AND month BETWEEN :start_month AND :end_month
            AND day BETWEEN :start_day AND :end_day
            AND count > 0
            AND meter IN (10, 11)
    ) AS seen
    GROUP BY user_id

-- people
SELECT id, name FROM users WHERE organization_id = :organization

-- open_months
SELECT user_id, meter, count, quantity, cost FROM usage_monthly
WHERE organization_id = :organization AND month BETWEEN :first AND :last AND user_id <> ''

-- part_of_month
SELECT
    user_id, meter,
    CAST(SUM(count) AS BIGINT), CAST(SUM(quantity) AS BIGINT), CAST(SUM(cost) AS BIGINT)
FROM usage_daily
WHERE organization_id = :organization AND month = :month
    AND day > :before AND day <= :last AND user_id <> ''
GROUP BY user_id, meter

-- valid_months
SELECT month, through FROM closed_months
WHERE organization_id = :organization AND month BETWEEN :start_month AND :end_month

-- last_closed_day
SELECT users, sums FROM closed_days
WHERE organization_id = :organization AND day BETWEEN :first AND :last
ORDER BY day DESC LIMIT 1
