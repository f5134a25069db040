
SELECT DISTINCT month FROM organization_monthly
WHERE organization_id = :organization AND month BETWEEN :first AND :last
ORDER BY month DESC
