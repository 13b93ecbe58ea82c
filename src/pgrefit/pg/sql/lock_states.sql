-- Each lock on a table that some backends hold or wait for, in which transaction, and since when (ms); catalogs and
-- pgrefit's own tables left out.
SELECT n.nspname AS schema, c.relname AS name, l.mode, l.granted, l.virtualtransaction AS transaction,
       coalesce(1000 * extract(epoch FROM pg_catalog.clock_timestamp() - l.waitstart), 0)::float8 AS waited,
       coalesce(1000 * extract(epoch FROM pg_catalog.clock_timestamp() - a.xact_start), 0)::float8 AS age
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_class AS c ON c.oid = l.relation
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'relation'
  AND l.pid = ANY (%(pids)s::int[])
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
  AND c.relkind IN ('r', 'p')
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgrefit')
