-- What pg_stat_statements, from its version 1.8 on, has counted of this database; run after statements_path.
SELECT
    s.queryid AS query_id,
    CASE WHEN s.queryid IS NULL THEN '' ELSE s.query END AS text,
    coalesce(r.rolname, '') AS role,
    s.calls,
    s.total_exec_time AS total_ms,
    s.mean_exec_time AS mean_ms,
    s.stddev_exec_time AS deviation_ms,
    s.rows,
    s.shared_blks_hit AS blocks_hit,
    s.shared_blks_read AS blocks_read,
    s.shared_blks_dirtied AS blocks_dirtied,
    s.temp_blks_read + s.temp_blks_written AS temporary_blocks,
    s.wal_bytes::bigint AS wal_bytes
FROM pg_stat_statements AS s
JOIN pg_catalog.pg_database AS d ON d.oid = s.dbid
LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = s.userid
WHERE d.datname = pg_catalog.current_database() AND s.calls > 0 AND s.query NOT LIKE '%%pgrefit_question%%'
ORDER BY s.total_exec_time DESC, s.queryid, s.userid
LIMIT 5000
