
SELECT COUNT(*) FROM users WHERE organization_id IN :numbers
