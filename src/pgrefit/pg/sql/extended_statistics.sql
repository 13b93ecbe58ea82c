-- Statistics objects made by CREATE STATISTICS; no definition where the table is locked.
SELECT
    n.nspname AS schema,
    s.stxname AS name,
    tn.nspname AS table_schema,
    c.relname AS table_name,
    CASE WHEN s.stxrelid <> ALL(%(locked)s::oid[]) THEN pg_get_statisticsobjdef(s.oid) END AS definition,
    nullif(s.stxstattarget, -1) AS target
FROM pg_statistic_ext AS s
JOIN pg_namespace AS n ON n.oid = s.stxnamespace
JOIN pg_class AS c ON c.oid = s.stxrelid
JOIN pg_namespace AS tn ON tn.oid = c.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY n.nspname, s.stxname
