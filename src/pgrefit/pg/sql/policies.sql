-- Row security policies; not of tables that are locked.
SELECT
    p.oid,
    p.polrelid AS relation,
    p.polname AS name,
    CASE p.polcmd
        WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update' WHEN 'd' THEN 'delete' ELSE 'all'
    END AS command,
    p.polpermissive AS permissive,
    ARRAY(SELECT r.rolname FROM pg_roles AS r WHERE r.oid = ANY(p.polroles) ORDER BY r.rolname) AS roles,
    pg_get_expr(p.polqual, p.polrelid) AS "using",
    pg_get_expr(p.polwithcheck, p.polrelid) AS "check"
FROM pg_policy AS p
JOIN pg_class AS c ON c.oid = p.polrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE
    p.polrelid <> ALL(%(locked)s::oid[])
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY p.polrelid, p.polname
