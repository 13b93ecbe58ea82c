-- Who holds, or is queued for, a lock on a relation of this database that lets nobody even look at it.
SELECT
    a.pid,
    coalesce(a.usename::text, '') AS "user",
    coalesce(nullif(a.application_name, ''), a.backend_type, '') AS application,
    coalesce(extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.backend_start)), 0)::float8
        AS since_seconds,
    coalesce(a.query, '') AS query
FROM pg_stat_activity AS a
WHERE a.pid IN (
    SELECT l.pid FROM pg_locks AS l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
)
ORDER BY since_seconds DESC
