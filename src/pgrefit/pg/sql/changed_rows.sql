-- How many rows of each table this session has changed and not yet reported, rolled back or not.
SELECT n.nspname AS schema, c.relname AS name, x.rows
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
    SELECT
        pg_stat_get_xact_tuples_inserted(c.oid) + pg_stat_get_xact_tuples_updated(c.oid)
        + pg_stat_get_xact_tuples_deleted(c.oid) AS rows
) AS x
WHERE c.relkind = 'r' AND x.rows > 0 AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY n.nspname, c.relname
