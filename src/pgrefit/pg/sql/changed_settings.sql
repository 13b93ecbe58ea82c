-- Settings that a new session finds changed from their built-in defaults; no file locations, nothing that can hold a secret.
SELECT s.name, s.reset_val AS value
FROM pg_settings AS s
WHERE
    s.reset_val IS DISTINCT FROM s.boot_val
    AND s.category <> 'File Locations'
    AND s.name NOT IN ('application_name', 'client_encoding', 'primary_conninfo')
    AND s.short_desc <> 'GUC placeholder variable'
ORDER BY s.name COLLATE "C"
