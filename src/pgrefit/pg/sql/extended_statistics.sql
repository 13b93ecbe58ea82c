-- Statistics objects made by CREATE STATISTICS.
SELECT
    n.nspname AS schema,
    s.stxname AS name,
    tn.nspname AS table_schema,
    c.relname AS table_name,
    pg_get_statisticsobjdef(s.oid) AS definition,
    nullif(s.stxstattarget, -1) AS target
FROM pg_statistic_ext AS s
JOIN pg_namespace AS n ON n.oid = s.stxnamespace
JOIN pg_class AS c ON c.oid = s.stxrelid
JOIN pg_namespace AS tn ON tn.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY n.nspname, s.stxname
