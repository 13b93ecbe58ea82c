-- What keeps vacuum from removing dead rows of this database, and how old it is, in transactions and seconds.
SELECT
    'session' AS kind,
    coalesce(a.usename, '') || ' (pid ' || a.pid || coalesce(', ' || nullif(a.application_name, ''), '') || ')' AS name,
    greatest(age(a.backend_xmin), age(a.backend_xid)) AS age,
    extract(epoch FROM statement_timestamp() - a.xact_start)::float8 AS seconds
FROM pg_stat_activity AS a
WHERE
    (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL) AND a.pid <> pg_backend_pid()
    AND a.backend_type = 'client backend' AND a.datname = current_database()
UNION ALL
SELECT
    'prepared transaction', p.gid, age(p.transaction), extract(epoch FROM statement_timestamp() - p.prepared)::float8
FROM pg_prepared_xacts AS p
WHERE p.database = current_database()
UNION ALL
SELECT 'slot', s.slot_name, greatest(age(s.xmin), age(s.catalog_xmin)), NULL
FROM pg_replication_slots AS s
WHERE s.xmin IS NOT NULL OR s.catalog_xmin IS NOT NULL
UNION ALL
SELECT 'replica', coalesce(nullif(r.application_name, ''), r.pid::text), age(r.backend_xmin), NULL
FROM pg_stat_replication AS r
WHERE r.backend_xmin IS NOT NULL
ORDER BY 3 DESC, 1, 2
