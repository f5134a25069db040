
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
    COALESCE(usage.kb_cost, 0)
FROM users
LEFT JOIN (
    SELECT
        user_id,
        CAST(SUM(CASE WHEN meter = 1 THEN count ELSE 0 END) AS BIGINT) AS sms_sent,
        CAST(SUM(CASE WHEN meter = 2 THEN count ELSE 0 END) AS BIGINT) AS sms_received,
        CAST(SUM(CASE WHEN meter = 3 THEN count ELSE 0 END) AS BIGINT) AS mms_sent,
        CAST(SUM(CASE WHEN meter = 4 THEN count ELSE 0 END) AS BIGINT) AS mms_received,
        CAST(SUM(CASE WHEN meter = 5 THEN count ELSE 0 END) AS BIGINT) AS calls,
        CAST(SUM(CASE WHEN meter = 5 THEN quantity ELSE 0 END) AS BIGINT) AS seconds,
        CAST(SUM(CASE WHEN meter = 6 THEN quantity ELSE 0 END) AS BIGINT) AS requests,
        CAST(SUM(CASE WHEN meter = 8 THEN count ELSE 0 END) AS BIGINT) AS rentals,
        CAST(SUM(CASE WHEN meter = 9 THEN quantity ELSE 0 END) AS BIGINT) AS purchases,
        CAST(SUM(CASE WHEN meter = 11 THEN quantity ELSE 0 END) AS BIGINT) AS kb_seconds,
        CAST(SUM(CASE WHEN meter IN (1, 2, 3, 4) THEN cost ELSE 0 END) AS BIGINT) AS messaging_cost,
        CAST(SUM(CASE WHEN meter IN (5) THEN cost ELSE 0 END) AS BIGINT) AS voice_cost,
        CAST(SUM(CASE WHEN meter IN (6) THEN cost ELSE 0 END) AS BIGINT) AS request_cost,
        CAST(SUM(CASE WHEN meter IN (7) THEN cost ELSE 0 END) AS BIGINT) AS storage_cost,
        CAST(SUM(CASE WHEN meter IN (8) THEN cost ELSE 0 END) AS BIGINT) AS rental_cost,
        CAST(SUM(CASE WHEN meter IN (9) THEN cost ELSE 0 END) AS BIGINT) AS purchase_cost,
        CAST(SUM(CASE WHEN meter IN (10, 11) THEN cost ELSE 0 END) AS BIGINT) AS kb_cost
    FROM (
        SELECT user_id, meter, count, quantity, cost
        FROM usage_monthly
        WHERE organization_id = :organization
            AND month BETWEEN :first_month AND :last_month
        UNION ALL
        SELECT user_id, meter, count * :head_sign, quantity * :head_sign, cost * :head_sign
        FROM usage_daily
        WHERE organization_id = :organization AND month = :head_month
            AND day BETWEEN :head_first AND :head_last
        UNION ALL
        SELECT user_id, meter, count * :tail_sign, quantity * :tail_sign, cost * :tail_sign
        FROM usage_daily
        WHERE organization_id = :organization AND month = :tail_month
            AND day BETWEEN :tail_first AND :tail_last
    ) AS legs
    GROUP BY user_id
) AS usage ON usage.user_id = users.id
WHERE users.organization_id = :organization
