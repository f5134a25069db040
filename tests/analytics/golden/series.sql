-- organization_day_nothing
SELECT
    sums.day, '',
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organization_daily AS sums
WHERE sums.organization_id = :number AND sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first_day AND :last_day
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- organization_day_meter
SELECT
    sums.day, sums.meter,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organization_daily AS sums
WHERE sums.organization_id = :number AND sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first_day AND :last_day
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- organization_month_nothing
SELECT
    sums.month, '',
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organization_monthly AS sums
WHERE sums.organization_id = :number AND sums.month BETWEEN :first_month AND :last_month
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- organization_month_meter
SELECT
    sums.month, sums.meter,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organization_monthly AS sums
WHERE sums.organization_id = :number AND sums.month BETWEEN :first_month AND :last_month
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- organization_hour_nothing
SELECT
    (sums.hour - :origin) / :step, '',
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organization_hourly AS sums
WHERE sums.organization_id = :number AND sums.month BETWEEN :first_month AND :last_month
    AND sums.hour BETWEEN :first_hour AND :last_hour
    AND sums.country BETWEEN :country AND :last_country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- organization_hour_meter
SELECT
    (sums.hour - :origin) / :step, sums.meter,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organization_hourly AS sums
WHERE sums.organization_id = :number AND sums.month BETWEEN :first_month AND :last_month
    AND sums.hour BETWEEN :first_hour AND :last_hour
    AND sums.country BETWEEN :country AND :last_country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- organization_hour_country
SELECT
    (sums.hour - :origin) / :step, sums.country,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organization_hourly AS sums
WHERE sums.organization_id = :number AND sums.month BETWEEN :first_month AND :last_month
    AND sums.hour BETWEEN :first_hour AND :last_hour
    AND sums.country BETWEEN :country AND :last_country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- tenant_day_nothing
SELECT
    sums.day, '',
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organizations
JOIN organization_daily AS sums ON sums.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first_day AND :last_day
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- tenant_day_meter
SELECT
    sums.day, sums.meter,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organizations
JOIN organization_daily AS sums ON sums.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first_day AND :last_day
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- tenant_month_nothing
SELECT
    sums.month, '',
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organizations
JOIN organization_monthly AS sums ON sums.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND sums.month BETWEEN :first_month AND :last_month
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- tenant_month_meter
SELECT
    sums.month, sums.meter,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organizations
JOIN organization_monthly AS sums ON sums.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND sums.month BETWEEN :first_month AND :last_month
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- tenant_hour_nothing
SELECT
    (sums.hour - :origin) / :step, '',
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organizations
JOIN organization_hourly AS sums ON sums.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND organizations.timezone = :timezone
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.hour BETWEEN :first_hour AND :last_hour
    AND sums.country BETWEEN :country AND :last_country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- tenant_hour_meter
SELECT
    (sums.hour - :origin) / :step, sums.meter,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organizations
JOIN organization_hourly AS sums ON sums.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND organizations.timezone = :timezone
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.hour BETWEEN :first_hour AND :last_hour
    AND sums.country BETWEEN :country AND :last_country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- tenant_hour_country
SELECT
    (sums.hour - :origin) / :step, sums.country,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organizations
JOIN organization_hourly AS sums ON sums.organization_id = organizations.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND organizations.timezone = :timezone
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.hour BETWEEN :first_hour AND :last_hour
    AND sums.country BETWEEN :country AND :last_country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- user_day_nothing
WITH RECURSIVE months AS (
    SELECT CAST(:first_month AS INTEGER) AS month
    UNION ALL
    SELECT CASE WHEN month % 100 < 12 THEN month + 1 ELSE month + 89 END
    FROM months WHERE month < :last_month
)
SELECT
    sums.day, '',
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM months
CROSS JOIN usage_daily AS sums
WHERE sums.organization_id = :number AND sums.month = months.month AND sums.user_id = :user
    AND sums.day BETWEEN :first_day AND :last_day
    AND sums.country BETWEEN :country AND :last_country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- user_day_meter
WITH RECURSIVE months AS (
    SELECT CAST(:first_month AS INTEGER) AS month
    UNION ALL
    SELECT CASE WHEN month % 100 < 12 THEN month + 1 ELSE month + 89 END
    FROM months WHERE month < :last_month
)
SELECT
    sums.day, sums.meter,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM months
CROSS JOIN usage_daily AS sums
WHERE sums.organization_id = :number AND sums.month = months.month AND sums.user_id = :user
    AND sums.day BETWEEN :first_day AND :last_day
    AND sums.country BETWEEN :country AND :last_country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- user_month_nothing
WITH RECURSIVE months AS (
    SELECT CAST(:first_month AS INTEGER) AS month
    UNION ALL
    SELECT CASE WHEN month % 100 < 12 THEN month + 1 ELSE month + 89 END
    FROM months WHERE month < :last_month
)
SELECT
    sums.month, '',
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM months
CROSS JOIN usage_monthly AS sums
WHERE sums.organization_id = :number AND sums.month = months.month AND sums.user_id = :user
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- user_month_meter
WITH RECURSIVE months AS (
    SELECT CAST(:first_month AS INTEGER) AS month
    UNION ALL
    SELECT CASE WHEN month % 100 < 12 THEN month + 1 ELSE month + 89 END
    FROM months WHERE month < :last_month
)
SELECT
    sums.month, sums.meter,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM months
CROSS JOIN usage_monthly AS sums
WHERE sums.organization_id = :number AND sums.month = months.month AND sums.user_id = :user
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- user_day_country
WITH RECURSIVE months AS (
    SELECT CAST(:first_month AS INTEGER) AS month
    UNION ALL
    SELECT CASE WHEN month % 100 < 12 THEN month + 1 ELSE month + 89 END
    FROM months WHERE month < :last_month
)
SELECT
    sums.day, sums.country,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM months
CROSS JOIN usage_daily AS sums
WHERE sums.organization_id = :number AND sums.month = months.month AND sums.user_id = :user
    AND sums.day BETWEEN :first_day AND :last_day
    AND sums.country BETWEEN :country AND :last_country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- user_hour_nothing
WITH RECURSIVE months AS (
    SELECT CAST(:first_month AS INTEGER) AS month
    UNION ALL
    SELECT CASE WHEN month % 100 < 12 THEN month + 1 ELSE month + 89 END
    FROM months WHERE month < :last_month
)
SELECT
    sums.hour, '',
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM (
    SELECT
        hour, meter, country, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END AS count,
        quantity, cost
    FROM events /* by ix_events_by_user */
    WHERE organization_id = :number AND user_id = :user
        AND day BETWEEN :first_day AND :last_day
    UNION ALL
    SELECT hour, meter, country, count, quantity, cost
    FROM months
    CROSS JOIN archived_sums
    WHERE organization_id = :number AND archived_sums.month = months.month AND user_id = :user
        AND day BETWEEN :first_day AND :last_day
) AS sums
WHERE sums.country BETWEEN :country AND :last_country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- user_hour_meter
WITH RECURSIVE months AS (
    SELECT CAST(:first_month AS INTEGER) AS month
    UNION ALL
    SELECT CASE WHEN month % 100 < 12 THEN month + 1 ELSE month + 89 END
    FROM months WHERE month < :last_month
)
SELECT
    sums.hour, sums.meter,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM (
    SELECT
        hour, meter, country, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END AS count,
        quantity, cost
    FROM events /* by ix_events_by_user */
    WHERE organization_id = :number AND user_id = :user
        AND day BETWEEN :first_day AND :last_day
    UNION ALL
    SELECT hour, meter, country, count, quantity, cost
    FROM months
    CROSS JOIN archived_sums
    WHERE organization_id = :number AND archived_sums.month = months.month AND user_id = :user
        AND day BETWEEN :first_day AND :last_day
) AS sums
WHERE sums.country BETWEEN :country AND :last_country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- user_hour_country
WITH RECURSIVE months AS (
    SELECT CAST(:first_month AS INTEGER) AS month
    UNION ALL
    SELECT CASE WHEN month % 100 < 12 THEN month + 1 ELSE month + 89 END
    FROM months WHERE month < :last_month
)
SELECT
    sums.hour, sums.country,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM (
    SELECT
        hour, meter, country, CASE WHEN reverses IS NULL THEN 1 ELSE -1 END AS count,
        quantity, cost
    FROM events /* by ix_events_by_user */
    WHERE organization_id = :number AND user_id = :user
        AND day BETWEEN :first_day AND :last_day
    UNION ALL
    SELECT hour, meter, country, count, quantity, cost
    FROM months
    CROSS JOIN archived_sums
    WHERE organization_id = :number AND archived_sums.month = months.month AND user_id = :user
        AND day BETWEEN :first_day AND :last_day
) AS sums
WHERE sums.country BETWEEN :country AND :last_country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY 1, 2

-- users
SELECT
    sums.id,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM (
    SELECT
        sums.user_id AS id,
        CAST(SUM(sums.count) AS BIGINT) AS count,
        CAST(SUM(sums.quantity) AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) AS BIGINT) AS cost
    FROM usage_monthly AS sums
    WHERE sums.organization_id = :number
        AND sums.month BETWEEN :first_month AND :last_month
        AND ((:meters >> sums.meter) & 1) = 1
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS id,
        CAST(SUM(sums.count) * :first_edge_sign AS BIGINT) AS count,
        CAST(SUM(sums.quantity) * :first_edge_sign AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) * :first_edge_sign AS BIGINT) AS cost
    FROM usage_daily AS sums
    WHERE sums.organization_id = :number
        AND sums.month = :first_edge_month AND sums.day BETWEEN :first_edge_start AND :first_edge_end
        AND ((:meters >> sums.meter) & 1) = 1
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS id,
        CAST(SUM(sums.count) * :last_edge_sign AS BIGINT) AS count,
        CAST(SUM(sums.quantity) * :last_edge_sign AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) * :last_edge_sign AS BIGINT) AS cost
    FROM usage_daily AS sums
    WHERE sums.organization_id = :number
        AND sums.month = :last_edge_month AND sums.day BETWEEN :last_edge_start AND :last_edge_end
        AND ((:meters >> sums.meter) & 1) = 1
    GROUP BY sums.user_id
) AS sums
GROUP BY sums.id

-- users_in_country
SELECT
    sums.user_id,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM usage_daily AS sums
WHERE sums.organization_id = :number
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.day BETWEEN :first_day AND :last_day
    AND sums.country = :country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY sums.user_id

-- organizations
SELECT
    sums.id,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM (
    SELECT
        sums.organization_id AS id,
        CAST(SUM(sums.count) AS BIGINT) AS count,
        CAST(SUM(sums.quantity) AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) AS BIGINT) AS cost
    FROM organization_monthly AS sums
    JOIN organizations ON organizations.organization_id = sums.organization_id
    WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
        AND sums.month BETWEEN :first_month AND :last_month
        AND ((:meters >> sums.meter) & 1) = 1
    GROUP BY sums.organization_id
    UNION ALL
    SELECT
        sums.organization_id AS id,
        CAST(SUM(sums.count) * :first_edge_sign AS BIGINT) AS count,
        CAST(SUM(sums.quantity) * :first_edge_sign AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) * :first_edge_sign AS BIGINT) AS cost
    FROM organization_daily AS sums
    JOIN organizations ON organizations.organization_id = sums.organization_id
    WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
        AND sums.month = :first_edge_month AND sums.day BETWEEN :first_edge_start AND :first_edge_end
        AND ((:meters >> sums.meter) & 1) = 1
    GROUP BY sums.organization_id
    UNION ALL
    SELECT
        sums.organization_id AS id,
        CAST(SUM(sums.count) * :last_edge_sign AS BIGINT) AS count,
        CAST(SUM(sums.quantity) * :last_edge_sign AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) * :last_edge_sign AS BIGINT) AS cost
    FROM organization_daily AS sums
    JOIN organizations ON organizations.organization_id = sums.organization_id
    WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
        AND sums.month = :last_edge_month AND sums.day BETWEEN :last_edge_start AND :last_edge_end
        AND ((:meters >> sums.meter) & 1) = 1
    GROUP BY sums.organization_id
) AS sums
GROUP BY sums.id

-- organizations_in_country
SELECT
    sums.organization_id,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM organization_hourly AS sums
JOIN organizations ON organizations.organization_id = sums.organization_id
WHERE organizations.tenant_id = :tenant AND organizations.currency = :currency
    AND organizations.timezone = :timezone
    AND sums.month BETWEEN :first_month AND :last_month
    AND sums.hour BETWEEN :first_hour AND :last_hour
    AND sums.country = :country
    AND ((:meters >> sums.meter) & 1) = 1
GROUP BY sums.organization_id

-- timezones
SELECT DISTINCT timezone FROM organizations
WHERE tenant_id = :tenant AND currency = :currency AND status <> :unknown
ORDER BY timezone

-- users_of_all_meters
SELECT
    sums.id,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM (
    SELECT
        sums.user_id AS id,
        CAST(SUM(sums.count) AS BIGINT) AS count,
        CAST(SUM(sums.quantity) AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) AS BIGINT) AS cost
    FROM usage_monthly AS sums
    WHERE sums.organization_id = :number
        AND sums.month BETWEEN :first_month AND :last_month
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS id,
        CAST(SUM(sums.count) * :first_edge_sign AS BIGINT) AS count,
        CAST(SUM(sums.quantity) * :first_edge_sign AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) * :first_edge_sign AS BIGINT) AS cost
    FROM usage_daily AS sums
    WHERE sums.organization_id = :number
        AND sums.month = :first_edge_month AND sums.day BETWEEN :first_edge_start AND :first_edge_end
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS id,
        CAST(SUM(sums.count) * :last_edge_sign AS BIGINT) AS count,
        CAST(SUM(sums.quantity) * :last_edge_sign AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) * :last_edge_sign AS BIGINT) AS cost
    FROM usage_daily AS sums
    WHERE sums.organization_id = :number
        AND sums.month = :last_edge_month AND sums.day BETWEEN :last_edge_start AND :last_edge_end
    GROUP BY sums.user_id
) AS sums
GROUP BY sums.id

-- users_of_own_meters
SELECT
    sums.id,
    CAST(SUM(sums.count) AS BIGINT),
    CAST(SUM(sums.quantity) AS BIGINT),
    CAST(SUM(sums.cost) AS BIGINT)
FROM (
    SELECT
        sums.user_id AS id,
        CAST(SUM(sums.count) AS BIGINT) AS count,
        CAST(SUM(sums.quantity) AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) AS BIGINT) AS cost
    FROM usage_monthly AS sums
    WHERE sums.organization_id = :number
        AND sums.month BETWEEN :first_month AND :last_month
        AND sums.meter IN :codes
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS id,
        CAST(SUM(sums.count) * :first_edge_sign AS BIGINT) AS count,
        CAST(SUM(sums.quantity) * :first_edge_sign AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) * :first_edge_sign AS BIGINT) AS cost
    FROM usage_daily AS sums
    WHERE sums.organization_id = :number
        AND sums.month = :first_edge_month AND sums.day BETWEEN :first_edge_start AND :first_edge_end
        AND sums.meter IN :codes
    GROUP BY sums.user_id
    UNION ALL
    SELECT
        sums.user_id AS id,
        CAST(SUM(sums.count) * :last_edge_sign AS BIGINT) AS count,
        CAST(SUM(sums.quantity) * :last_edge_sign AS BIGINT) AS quantity,
        CAST(SUM(sums.cost) * :last_edge_sign AS BIGINT) AS cost
    FROM usage_daily AS sums
    WHERE sums.organization_id = :number
        AND sums.month = :last_edge_month AND sums.day BETWEEN :last_edge_start AND :last_edge_end
        AND sums.meter IN :codes
    GROUP BY sums.user_id
) AS sums
GROUP BY sums.id
