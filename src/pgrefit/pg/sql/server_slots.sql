-- Replication slots, and the bytes of WAL that each keeps.
SELECT
    s.slot_name AS name,
    s.slot_type AS kind,
    s.active,
    s.temporary,
    coalesce((to_jsonb(s) ->> 'synced')::boolean, false) AS synced,
    coalesce(s.database, '') AS database,
    pg_wal_lsn_diff(
        CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END, s.restart_lsn
    )::bigint AS retained_bytes,
    coalesce(s.wal_status, '') AS wal_status,
    (to_jsonb(s) ->> 'inactive_since')::timestamptz AS inactive_since
FROM pg_replication_slots AS s
ORDER BY s.slot_name
