-- Subscriptions of this database and their errors.
SELECT s.subname AS name, s.subenabled AS enabled,
       coalesce(e.apply_error_count, 0) AS apply_errors, coalesce(e.sync_error_count, 0) AS sync_errors
FROM pg_subscription AS s
LEFT JOIN pg_stat_subscription_stats AS e ON e.subid = s.oid
WHERE s.subdbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
ORDER BY s.subname
