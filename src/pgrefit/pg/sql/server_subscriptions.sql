-- Subscriptions of this database and their errors.
SELECT s.subname AS name, s.subenabled AS enabled,
       coalesce(e.apply_error_count, 0) AS apply_errors, coalesce(e.sync_error_count, 0) AS sync_errors,
       EXISTS (
           SELECT FROM pg_stat_subscription AS w
           WHERE w.subid = s.oid AND w.pid IS NOT NULL AND w.last_msg_receipt_time IS NOT NULL
       ) AS working,
       (SELECT count(*) FROM pg_subscription_rel AS r WHERE r.srsubid = s.oid AND r.srsubstate NOT IN ('r', 's'))
           AS waiting_tables
FROM pg_subscription AS s
LEFT JOIN pg_stat_subscription_stats AS e ON e.subid = s.oid
WHERE s.subdbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
ORDER BY s.subname
