-- Roles that log in by a password that is stored as an MD5 hash; for superusers.
SELECT r.rolname AS role
FROM pg_authid AS r
WHERE r.rolcanlogin AND starts_with(r.rolpassword, 'md5')
ORDER BY r.rolname
