-- Who holds, or is queued before us for, the lock that a session waits for. pid 0: a prepared transaction.
SELECT
    b.pid,
    coalesce(a.usename::text, '') AS "user",
    CASE WHEN b.pid = 0 THEN 'prepared transaction'
         ELSE coalesce(nullif(a.application_name, ''), a.backend_type, '') END AS application,
    coalesce(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start, p.prepared)), 0)::float8
        AS since_seconds,
    coalesce(a.query, p.gid, '') AS query
FROM (SELECT DISTINCT unnest(pg_blocking_pids(%(pid)s::int)) AS pid) AS b
LEFT JOIN pg_stat_activity AS a ON a.pid = b.pid
LEFT JOIN LATERAL (
    SELECT x.gid, x.prepared FROM pg_prepared_xacts AS x
    WHERE b.pid = 0 AND x.database = current_database()
    ORDER BY x.prepared LIMIT 1
) AS p ON true
WHERE b.pid = 0 OR a.pid IS NOT NULL
ORDER BY since_seconds DESC
