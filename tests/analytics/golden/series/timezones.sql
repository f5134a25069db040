
SELECT DISTINCT timezone FROM organizations
WHERE tenant_id = :tenant AND currency = :currency AND status <> :unknown
ORDER BY timezone
