-- How busy the server is: WAL written, replicas behind, files to archive, a vacuum on one table, active sessions.
WITH now AS (SELECT pg_catalog.pg_current_wal_lsn() AS lsn),
rights AS (
    SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS all_stats
),
replica AS (
    SELECT 'replica ' || coalesce(nullif(r.application_name, ''), r.client_addr::text, r.pid::text) AS name,
           pg_catalog.pg_wal_lsn_diff(now.lsn, coalesce(r.replay_lsn, r.flush_lsn, r.sent_lsn)) AS bytes,
           coalesce(extract(epoch FROM r.replay_lag), 0) AS seconds
    FROM pg_catalog.pg_stat_replication AS r, now
    WHERE r.state IN ('catchup', 'streaming')
    UNION ALL
    -- A slot tells of the replica that is gone, too.
    SELECT CASE WHEN s.active THEN 'slot ' ELSE 'unused slot ' END || s.slot_name,
           pg_catalog.pg_wal_lsn_diff(now.lsn, coalesce(s.confirmed_flush_lsn, s.restart_lsn)),
           0
    FROM pg_catalog.pg_replication_slots AS s, now
    WHERE s.restart_lsn IS NOT NULL AND s.wal_status <> 'lost'
),
archive AS (
    -- Of every time line, a file's name holds its number: 8 digits each of time line, high half, low half.
    SELECT a.last_failed_time > coalesce(a.last_archived_time, '-infinity') AS failing,
           CASE WHEN a.last_archived_wal ~ '^[0-9A-F]{24}$' THEN
               floor(pg_catalog.pg_wal_lsn_diff(now.lsn, '0/0') / file.bytes)
               - ('x' || substr(a.last_archived_wal, 9, 8))::bit(32)::bigint * (4294967296 / file.bytes)
               - ('x' || substr(a.last_archived_wal, 17, 8))::bit(32)::bigint - 1
           END AS files
    FROM pg_catalog.pg_stat_archiver AS a, now,
         (SELECT pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')) AS bytes) AS file
    WHERE pg_catalog.current_setting('archive_mode') <> 'off'
)
SELECT
    rights.all_stats,
    pg_catalog.pg_wal_lsn_diff(now.lsn, '0/0')::float8 AS wal_bytes,
    coalesce((SELECT jsonb_agg(jsonb_build_array(r.name, r.bytes, r.seconds)) FROM replica AS r WHERE r.bytes IS NOT NULL),
             '[]') AS replicas,
    (SELECT files::bigint FROM archive) AS archive_files,
    coalesce((SELECT failing FROM archive), false) AS archive_fails,
    (SELECT v.pid FROM pg_catalog.pg_stat_progress_vacuum AS v
     WHERE v.datname = pg_catalog.current_database() AND v.relid = pg_catalog.to_regclass(%(table)s) LIMIT 1) AS vacuum,
    CASE WHEN rights.all_stats THEN (
        SELECT count(*) FROM pg_catalog.pg_stat_activity AS a
        WHERE a.state = 'active' AND a.backend_type = 'client backend' AND a.application_name NOT LIKE 'pgrefit/%%'
    ) END AS active
FROM now, rights
