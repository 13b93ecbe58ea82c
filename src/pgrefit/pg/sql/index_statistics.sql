-- Size in bytes and scans of each index; those of a partitioned index are its partitions'.
WITH locked AS MATERIALIZED (
    -- Those that nobody may look at now, or that someone is queued for: their size is what the last VACUUM or ANALYZE saw.
    SELECT l.relation FROM pg_locks AS l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
)
SELECT
    i.indrelid AS relation,
    n.nspname AS schema,
    c.relname AS name,
    tn.nspname AS table_schema,
    t.relname AS table_name,
    CASE
        WHEN c.relkind <> 'i' THEN 0
        WHEN c.oid IN (SELECT relation FROM locked) THEN greatest(c.relpages, 0)::bigint * current_setting('block_size')::int
        ELSE coalesce(pg_relation_size(c.oid), 0)
    END AS bytes,
    pg_stat_get_numscans(c.oid) AS scans,
    greatest(c.relpages, 0) AS pages,
    c.reltuples::bigint AS rows,
    pg_stat_get_blocks_fetched(c.oid) AS blocks_fetched,
    pg_stat_get_blocks_hit(c.oid) AS blocks_hit
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_class AS t ON t.oid = i.indrelid
JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY n.nspname, c.relname
