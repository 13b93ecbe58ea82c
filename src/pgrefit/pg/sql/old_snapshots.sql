-- Transactions, older than so many seconds, that a CONCURRENTLY statement on some tables would have to wait for.
WITH ours AS (
    SELECT c.oid
    FROM unnest(%(schemas)s::text[], %(names)s::text[]) AS r (schema, name)
    JOIN pg_namespace AS n ON n.nspname = r.schema
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.name
)
SELECT
    a.pid,
    coalesce(a.usename::text, '') AS "user",
    coalesce(nullif(a.application_name, ''), a.backend_type, '') AS application,
    extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS since_seconds,
    coalesce(a.query, '') AS query
FROM pg_stat_activity AS a
WHERE a.datname = current_database()
  AND a.pid <> ALL (%(own)s::int[])
  AND a.xact_start < clock_timestamp() - make_interval(secs => %(older)s)
  AND CASE WHEN a.backend_type = 'autovacuum worker'
           -- Any other autovacuum gives way.
           THEN a.query LIKE '%%(to prevent wraparound)'
                AND EXISTS (SELECT FROM pg_locks AS l JOIN ours AS o ON o.oid = l.relation WHERE l.pid = a.pid)
           ELSE (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
                AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum AS v WHERE v.pid = a.pid)
      END
UNION ALL
SELECT 0, p.owner::text, 'prepared transaction', extract(epoch FROM clock_timestamp() - p.prepared)::float8, p.gid
FROM pg_prepared_xacts AS p
WHERE p.database = current_database()
  AND EXISTS (SELECT FROM pg_locks AS l JOIN ours AS o ON o.oid = l.relation
              WHERE l.pid IS NULL AND l.virtualtransaction = '-1/' || p.transaction)
ORDER BY since_seconds DESC
