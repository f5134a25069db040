-- users
SELECT
    users.id, users.name,
    COALESCE(usage.sms_sent, 0),
    COALESCE(usage.sms_received, 0),
    COALESCE(usage.mms_sent, 0),
    COALESCE(usage.mms_received, 0),
    COALESCE(usage.calls, 0),
    COALESCE(usage.seconds, 0),
    COALESCE(usage.requests, 0),
    COALESCE(usage.rentals, 0),
    COALESCE(usage.purchases, 0),
    COALESCE(usage.kb_seconds, 0),
    COALESCE(usage.messaging_cost, 0),
    COALESCE(usage.voice_cost, 0),
    COALESCE(usage.request_cost, 0),
    COALESCE(usage.storage_cost, 0),
    COALESCE(usage.rental_cost, 0),
    COALESCE(usage.purchase_cost, 0),
    COALESCE(usage.kb_cost, 0),
    COALESCE(bases.knowledge_bases, 0)
FROM users
LEFT JOIN (
    SELECT
        user_id,
        CAST(SUM(count) FILTER (WHERE meter = 1) AS BIGINT) AS sms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 2) AS BIGINT) AS sms_received,
        CAST(SUM(count) FILTER (WHERE meter = 3) AS BIGINT) AS mms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 4) AS BIGINT) AS mms_received,
        CAST(SUM(count) FILTER (WHERE meter = 5) AS BIGINT) AS calls,
        CAST(SUM(quantity) FILTER (WHERE meter = 5) AS BIGINT) AS seconds,
        CAST(SUM(quantity) FILTER (WHERE meter = 6) AS BIGINT) AS requests,
        CAST(SUM(count) FILTER (WHERE meter = 8) AS BIGINT) AS rentals,
        CAST(SUM(quantity) FILTER (WHERE meter = 9) AS BIGINT) AS purchases,
        CAST(SUM(quantity) FILTER (WHERE meter = 11) AS BIGINT) AS kb_seconds,
        CAST(SUM(cost) FILTER (WHERE meter IN (1, 2, 3, 4)) AS BIGINT) AS messaging_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 5) AS BIGINT) AS voice_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 6) AS BIGINT) AS request_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 7) AS BIGINT) AS storage_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 8) AS BIGINT) AS rental_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 9) AS BIGINT) AS purchase_cost,
        CAST(SUM(cost) FILTER (WHERE meter IN (10, 11)) AS BIGINT) AS kb_cost
    FROM (
        SELECT user_id, meter, count, quantity, cost
        FROM usage_monthly
        WHERE organization_id = :organization
            AND month BETWEEN :first_month AND :last_month
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :head_sign AS BIGINT),
            CAST(SUM(quantity) * :head_sign AS BIGINT),
            CAST(SUM(cost) * :head_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :head_month
            AND day BETWEEN :head_first AND :head_last
        GROUP BY user_id, meter
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :tail_sign AS BIGINT),
            CAST(SUM(quantity) * :tail_sign AS BIGINT),
            CAST(SUM(cost) * :tail_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :tail_month
            AND day BETWEEN :tail_first AND :tail_last
        GROUP BY user_id, meter
    ) AS legs
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
    COALESCE(usage.sms_sent, 0),
    COALESCE(usage.sms_received, 0),
    COALESCE(usage.mms_sent, 0),
    COALESCE(usage.mms_received, 0),
    COALESCE(usage.calls, 0),
    COALESCE(usage.seconds, 0),
    COALESCE(usage.requests, 0),
    COALESCE(usage.rentals, 0),
    COALESCE(usage.purchases, 0),
    COALESCE(usage.kb_seconds, 0),
    COALESCE(usage.messaging_cost, 0),
    COALESCE(usage.voice_cost, 0),
    COALESCE(usage.request_cost, 0),
    COALESCE(usage.storage_cost, 0),
    COALESCE(usage.rental_cost, 0),
    COALESCE(usage.purchase_cost, 0),
    COALESCE(usage.kb_cost, 0),
    COALESCE(bases.knowledge_bases, 0)
FROM users
LEFT JOIN (
    SELECT
        user_id,
        CAST(SUM(count) FILTER (WHERE meter = 1) AS BIGINT) AS sms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 2) AS BIGINT) AS sms_received,
        CAST(SUM(count) FILTER (WHERE meter = 3) AS BIGINT) AS mms_sent,
        CAST(SUM(count) FILTER (WHERE meter = 4) AS BIGINT) AS mms_received,
        CAST(SUM(count) FILTER (WHERE meter = 5) AS BIGINT) AS calls,
        CAST(SUM(quantity) FILTER (WHERE meter = 5) AS BIGINT) AS seconds,
        CAST(SUM(quantity) FILTER (WHERE meter = 6) AS BIGINT) AS requests,
        CAST(SUM(count) FILTER (WHERE meter = 8) AS BIGINT) AS rentals,
        CAST(SUM(quantity) FILTER (WHERE meter = 9) AS BIGINT) AS purchases,
        CAST(SUM(quantity) FILTER (WHERE meter = 11) AS BIGINT) AS kb_seconds,
        CAST(SUM(cost) FILTER (WHERE meter IN (1, 2, 3, 4)) AS BIGINT) AS messaging_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 5) AS BIGINT) AS voice_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 6) AS BIGINT) AS request_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 7) AS BIGINT) AS storage_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 8) AS BIGINT) AS rental_cost,
        CAST(SUM(cost) FILTER (WHERE meter = 9) AS BIGINT) AS purchase_cost,
        CAST(SUM(cost) FILTER (WHERE meter IN (10, 11)) AS BIGINT) AS kb_cost
    FROM (
        SELECT user_id, meter, count, quantity, cost
        FROM usage_monthly
        WHERE organization_id = :organization
            AND month BETWEEN :first_month AND :last_month AND user_id = :user
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :head_sign AS BIGINT),
            CAST(SUM(quantity) * :head_sign AS BIGINT),
            CAST(SUM(cost) * :head_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :head_month AND user_id = :user
            AND day BETWEEN :head_first AND :head_last
        GROUP BY user_id, meter
        UNION ALL
        SELECT
            user_id, meter,
            CAST(SUM(count) * :tail_sign AS BIGINT),
            CAST(SUM(quantity) * :tail_sign AS BIGINT),
            CAST(SUM(cost) * :tail_sign AS BIGINT)
        FROM usage_daily
        WHERE organization_id = :organization AND month = :tail_month AND user_id = :user
            AND day BETWEEN :tail_first AND :tail_last
        GROUP BY user_id, meter
    ) AS legs
    GROUP BY user_id
) AS usage ON usage.user_id = users.id
LEFT JOIN (
    SELECT user_id, COUNT(*) AS knowledge_bases
    FROM (
        SELECT DISTINCT user_id, resource_id
        FROM resources_daily
        WHERE organization_id = :organization
            AND month BETWEEN :start_month AND :end_month AND user_id = :user
            AND day BETWEEN :start_day AND :end_day
            AND count > 0
            AND meter IN (10, 11)
    ) AS seen
    GROUP BY user_id
) AS bases ON bases.user_id = users.id
WHERE users.organization_id = :organization AND users.id = :user
