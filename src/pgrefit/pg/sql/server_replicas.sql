-- Replicas that stream from this server, and how far behind each is.
SELECT
    coalesce(nullif(r.application_name, ''), r.client_addr::text, r.pid::text) AS name,
    coalesce(r.state, '') AS state,
    coalesce(r.sync_state, '') AS sync,
    pg_wal_lsn_diff(
        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, r.replay_lsn
    )::bigint AS bytes_behind,
    extract(epoch FROM r.replay_lag)::float8 AS seconds_behind
FROM pg_stat_replication AS r
ORDER BY 1
