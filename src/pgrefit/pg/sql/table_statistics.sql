-- Sizes in bytes, estimated rows and usage counters of each table; sizes of a partitioned table are those of its partitions.
WITH locked AS MATERIALIZED (
    -- To ask for the size of one of these would be to wait: it is taken from the last VACUUM or ANALYZE. What is queued
    -- for is as good as locked; a table goes with its index, for that is read to size what is stored beside a table.
    SELECT l.relation FROM pg_locks AS l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
    UNION
    SELECT i.indrelid FROM pg_locks AS l JOIN pg_index AS i ON i.indexrelid = l.relation
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid IS DISTINCT FROM pg_backend_pid()
)
SELECT
    c.oid,
    n.nspname AS schema,
    c.relname AS name,
    c.reltuples::bigint AS rows,
    greatest(c.relpages, 0) AS pages,
    CASE
        WHEN c.relkind NOT IN ('r', 'm') THEN 0
        WHEN c.oid IN (SELECT relation FROM locked) THEN greatest(c.relpages, 0)::bigint * current_setting('block_size')::int
        ELSE coalesce(pg_relation_size(c.oid), 0)
    END AS heap_bytes,
    CASE
        WHEN c.reltoastrelid = 0 OR c.reltoastrelid IN (SELECT relation FROM locked) THEN 0
        WHEN pg_relation_size(c.reltoastrelid) = 0 THEN 0  -- its index alone: most are empty, and the rest is slow to ask for
        ELSE coalesce(pg_total_relation_size(c.reltoastrelid), 0)
    END AS toast_bytes,
    pg_stat_get_dead_tuples(c.oid) AS dead_rows,
    pg_stat_get_numscans(c.oid) AS sequential_scans,
    pg_stat_get_tuples_inserted(c.oid) AS inserted,
    pg_stat_get_tuples_updated(c.oid) AS updated,
    pg_stat_get_tuples_deleted(c.oid) AS deleted,
    pg_stat_get_tuples_hot_updated(c.oid) AS hot_updated,
    pg_stat_get_mod_since_analyze(c.oid) AS modified_since_analyze,
    greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid)) AS vacuumed_at,
    greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid)) AS analyzed_at,
    CASE WHEN c.relfrozenxid <> '0' THEN age(c.relfrozenxid) ELSE 0 END AS xid_age,
    CASE WHEN c.relminmxid <> '0' THEN mxid_age(c.relminmxid) ELSE 0 END AS mxid_age,
    pg_stat_get_blocks_fetched(c.oid) AS blocks_fetched,
    pg_stat_get_blocks_hit(c.oid) AS blocks_hit
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE
    c.relkind IN ('r', 'p', 'f', 'm')
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY n.nspname, c.relname
