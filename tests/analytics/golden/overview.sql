-- overview
SELECT
    meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
        SELECT meter, count, quantity, cost
        FROM organization_monthly
        WHERE organization_id IN :numbers
            AND month BETWEEN :first_month AND :last_month
        UNION ALL
        SELECT
            meter,
            CAST(SUM(count) * :first_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :first_edge_sign AS BIGINT),
            CAST(SUM(cost) * :first_edge_sign AS BIGINT)
        FROM organization_daily
        WHERE organization_id IN :numbers AND month = :first_edge_month
            AND day BETWEEN :first_edge_start AND :first_edge_end
        GROUP BY meter
        UNION ALL
        SELECT
            meter,
            CAST(SUM(count) * :last_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :last_edge_sign AS BIGINT),
            CAST(SUM(cost) * :last_edge_sign AS BIGINT)
        FROM organization_daily
        WHERE organization_id IN :numbers AND month = :last_edge_month
            AND day BETWEEN :last_edge_start AND :last_edge_end
        GROUP BY meter
) AS period_cover
GROUP BY meter

-- users_of_all
SELECT COUNT(*) FROM users WHERE organization_id IN :numbers

-- knowledge_bases
SELECT COUNT(*)
FROM (
        SELECT DISTINCT organization_id, resource_id
        FROM organization_resources
        WHERE organization_id IN :numbers
            AND month BETWEEN :start_month AND :end_month
            AND meter IN (10, 11)
            AND days
                & CASE WHEN month = :start_month THEN :start_days ELSE 4294967294 END
                & CASE WHEN month = :end_month THEN :end_days ELSE 4294967294 END <> 0
    ) AS seen

-- organizations
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
    COALESCE(usage.total_cost, 0)
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
        CAST(SUM(cost) AS BIGINT) AS total_cost
    FROM (
        SELECT organization_id, meter, count, quantity, cost
        FROM organization_monthly
        WHERE organization_id IN :numbers
            AND month BETWEEN :first_month AND :last_month
        UNION ALL
        SELECT
            organization_id, meter,
            CAST(SUM(count) * :first_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :first_edge_sign AS BIGINT),
            CAST(SUM(cost) * :first_edge_sign AS BIGINT)
        FROM organization_daily
        WHERE organization_id IN :numbers AND month = :first_edge_month
            AND day BETWEEN :first_edge_start AND :first_edge_end
        GROUP BY organization_id, meter
        UNION ALL
        SELECT
            organization_id, meter,
            CAST(SUM(count) * :last_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :last_edge_sign AS BIGINT),
            CAST(SUM(cost) * :last_edge_sign AS BIGINT)
        FROM organization_daily
        WHERE organization_id IN :numbers AND month = :last_edge_month
            AND day BETWEEN :last_edge_start AND :last_edge_end
        GROUP BY organization_id, meter
    ) AS period_cover
    GROUP BY organization_id
) AS usage ON usage.organization_id = organizations.organization_id
LEFT JOIN (
    SELECT organization_id, COUNT(*) AS knowledge_bases
    FROM (
        SELECT DISTINCT organization_id, resource_id
        FROM organization_resources
        WHERE organization_id IN :numbers
            AND month BETWEEN :start_month AND :end_month
            AND meter IN (10, 11)
            AND days
                & CASE WHEN month = :start_month THEN :start_days ELSE 4294967294 END
                & CASE WHEN month = :end_month THEN :end_days ELSE 4294967294 END <> 0
    ) AS seen
    GROUP BY organization_id
) AS bases ON bases.organization_id = organizations.organization_id
WHERE organizations.organization_id IN :numbers
