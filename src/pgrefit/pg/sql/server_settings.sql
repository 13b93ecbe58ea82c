-- All settings as a new session finds them, but for those that can hold a secret.
SELECT
    s.name,
    coalesce(s.reset_val, s.setting, '') AS value,
    coalesce(s.boot_val, '') AS "default",
    coalesce(s.unit, '') AS unit,
    s.source,
    s.pending_restart
FROM pg_settings AS s
WHERE s.name <> 'primary_conninfo' AND s.short_desc <> 'GUC placeholder variable'
ORDER BY s.name COLLATE "C"
