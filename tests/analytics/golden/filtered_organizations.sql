-- organizations_filtered
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
        SELECT organization_id, meter, count, quantity, cost
        FROM organization_monthly
        WHERE organization_id IN :numbers
            AND month BETWEEN :first_month AND :last_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
        UNION ALL
        SELECT
            organization_id, meter,
            CAST(SUM(count) * :first_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :first_edge_sign AS BIGINT),
            CAST(SUM(cost) * :first_edge_sign AS BIGINT)
        FROM organization_daily
        WHERE organization_id IN :numbers AND month = :first_edge_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
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
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
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
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND meter IN (10, 11)
            AND days
                & CASE WHEN month = :start_month THEN :start_days ELSE 4294967294 END
                & CASE WHEN month = :end_month THEN :end_days ELSE 4294967294 END <> 0
    ) AS seen
    GROUP BY organization_id
) AS bases ON bases.organization_id = organizations.organization_id
WHERE organizations.organization_id IN :numbers

-- organizations_filtered_in_country
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
    ) AS period_cover
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
        UNION ALL
        SELECT organization_id, resource_id
        FROM archived_sums
            WHERE organization_id IN :numbers
                AND month BETWEEN :start_month AND :end_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
                AND day BETWEEN :start_day AND :end_day
                AND country = :country
                AND meter IN (10, 11)
        GROUP BY organization_id, meter, day, resource_id
        HAVING SUM(count) > 0
    ) AS used
    GROUP BY organization_id
) AS bases ON bases.organization_id = organizations.organization_id
WHERE organizations.organization_id IN :numbers

-- organizations_meters
SELECT
    organization_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
FROM (
        SELECT organization_id, meter, count, quantity, cost
        FROM organization_monthly
        WHERE organization_id IN :numbers
            AND month BETWEEN :first_month AND :last_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
        UNION ALL
        SELECT
            organization_id, meter,
            CAST(SUM(count) * :first_edge_sign AS BIGINT),
            CAST(SUM(quantity) * :first_edge_sign AS BIGINT),
            CAST(SUM(cost) * :first_edge_sign AS BIGINT)
        FROM organization_daily
        WHERE organization_id IN :numbers AND month = :first_edge_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
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
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
            AND day BETWEEN :last_edge_start AND :last_edge_end
        GROUP BY organization_id, meter
) AS period_cover
GROUP BY organization_id, meter

-- organizations_meters_in_country
SELECT
    organization_id, meter,
    CAST(SUM(count) AS BIGINT),
    CAST(SUM(quantity) AS BIGINT),
    CAST(SUM(cost) AS BIGINT)
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
) AS period_cover
GROUP BY organization_id, meter

-- organizations_countries
SELECT
    organization_id, country,
    CAST(SUM(count) AS BIGINT),
    0,
    CAST(SUM(cost) AS BIGINT)
FROM usage_daily
WHERE organization_id IN :numbers
    AND month BETWEEN :start_month AND :end_month
            AND ((CAST(:meters AS BIGINT) >> meter) & 1) = 1
    AND day BETWEEN :start_day AND :end_day
GROUP BY organization_id, country

-- organization_level
SELECT
    COALESCE(CAST(SUM(count) AS BIGINT), 0),
    COALESCE(CAST(SUM(quantity) FILTER (WHERE meter = 12) AS BIGINT), 0),
    COALESCE(CAST(SUM(cost) FILTER (WHERE meter = 12) AS BIGINT), 0),
    COALESCE(CAST(SUM(cost) AS BIGINT), 0)
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

-- organization_level_in_country
SELECT
    COALESCE(CAST(SUM(count) AS BIGINT), 0),
    COALESCE(CAST(SUM(quantity) FILTER (WHERE meter = 12) AS BIGINT), 0),
    COALESCE(CAST(SUM(cost) FILTER (WHERE meter = 12) AS BIGINT), 0),
    COALESCE(CAST(SUM(cost) AS BIGINT), 0)
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
