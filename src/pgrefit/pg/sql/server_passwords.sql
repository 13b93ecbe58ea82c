-- How the passwords of roles that log in are stored; for superusers. It is compared and forgotten, never kept.
SELECT
    r.rolname AS role,
    r.rolpassword AS stored
FROM pg_authid AS r
WHERE r.rolcanlogin AND r.rolpassword IS NOT NULL
ORDER BY r.rolname
