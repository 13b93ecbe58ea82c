-- Views and materialized views; a SELECT of nothing stands for what waits for a lock.
SELECT
    c.oid,
    n.nspname AS schema,
    c.relname AS name,
    c.relkind = 'm' AS materialized,
    pg_get_userbyid(c.relowner) AS owner,
    CASE WHEN c.oid <> ALL(%(locked)s::oid[]) THEN pg_get_viewdef(c.oid) ELSE 'SELECT' END AS definition,
    c.reloptions AS options
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE
    c.relkind IN ('v', 'm')
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY n.nspname, c.relname
