-- Installed extensions.
SELECT x.extname AS name, x.extversion AS version, n.nspname AS schema
FROM pg_extension AS x
JOIN pg_namespace AS n ON n.oid = x.extnamespace
ORDER BY x.extname
