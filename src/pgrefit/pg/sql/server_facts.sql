-- The server and this database: version, recovery, age of the oldest rows, counters.
SELECT
    current_setting('server_version_num')::integer AS version_num,
    current_setting('server_version') AS version,
    pg_is_in_recovery() AS in_recovery,
    statement_timestamp() AS observed_at,
    pg_postmaster_start_time() AS started_at,
    pg_encoding_to_char(d.encoding) AS encoding,
    age(d.datfrozenxid) AS xid_age,
    mxid_age(d.datminmxid) AS mxid_age,
    coalesce(s.xact_commit, 0) AS commits,
    coalesce(s.xact_rollback, 0) AS rollbacks,
    coalesce(s.blks_read, 0) AS blocks_read,
    coalesce(s.blks_hit, 0) AS blocks_hit,
    coalesce(s.temp_files, 0) AS temporary_files,
    coalesce(s.temp_bytes, 0) AS temporary_bytes,
    coalesce(s.deadlocks, 0) AS deadlocks,
    coalesce(s.conflicts, 0) AS conflicts,
    coalesce(s.checksum_failures, 0) AS checksum_failures
FROM pg_database AS d
LEFT JOIN pg_stat_database AS s ON s.datid = d.oid
WHERE d.datname = current_database()
