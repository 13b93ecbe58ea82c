-- Size of the database, and since when the server counts. A role that may not connect may not ask the size.
SELECT
    CASE
        WHEN has_database_privilege(d.oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')
            THEN pg_database_size(d.oid)
        ELSE 0
    END AS database_bytes,
    statement_timestamp() AS taken_at,
    coalesce(
        pg_stat_get_db_stat_reset_time(d.oid),
        least(pg_stat_get_bgwriter_stat_reset_time(), (SELECT a.stats_reset FROM pg_stat_archiver AS a))
    ) AS reset_at,
    pg_stat_get_db_stat_reset_time(d.oid) IS NOT NULL AS was_reset
FROM pg_database AS d
WHERE d.datname = current_database()
