-- Passwords that end within a year, or have ended, of roles that log in.
SELECT r.rolname AS role, r.rolvaliduntil AS at
FROM pg_roles AS r
WHERE
    r.rolcanlogin AND isfinite(r.rolvaliduntil)
    AND r.rolvaliduntil BETWEEN '1970-01-01' AND statement_timestamp() + interval '1 year'
ORDER BY r.rolname
