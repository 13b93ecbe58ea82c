-- Views and materialized views.
SELECT
    c.oid,
    n.nspname AS schema,
    c.relname AS name,
    c.relkind = 'm' AS materialized,
    pg_get_userbyid(c.relowner) AS owner,
    pg_get_viewdef(c.oid) AS definition,
    c.reloptions AS options
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE
    c.relkind IN ('v', 'm')
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY n.nspname, c.relname
