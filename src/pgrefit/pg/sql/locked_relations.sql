-- Relations of this database that nobody may look at now, for someone holds or is queued for the strongest lock, and who.
SELECT DISTINCT ON (l.relation)
    l.relation AS oid,
    n.nspname AS schema,
    c.relname AS name,
    l.granted,
    coalesce(l.pid, 0) AS pid,
    coalesce(a.usename::text, '') AS "user",
    coalesce(x.gid, nullif(a.application_name, ''), a.backend_type, '') AS application,
    to_char(coalesce(a.query_start, x.prepared), 'YYYY-MM-DD HH24:MI:SS TZ') AS since
FROM pg_locks AS l
JOIN pg_class AS c ON c.oid = l.relation
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid
LEFT JOIN pg_locks AS t
    ON l.pid IS NULL AND t.pid IS NULL AND t.locktype = 'transactionid' AND t.virtualtransaction = l.virtualtransaction
LEFT JOIN pg_prepared_xacts AS x ON x.transaction = t.transactionid
WHERE
    l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
    AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
    AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY l.relation, l.granted DESC, a.xact_start
