-- Lines of the configuration files that say otherwise than the running server; for superusers and whom they let.
-- Numbers with a unit are compared only where the server has no value from a file at all; a choice has several words:
-- wal_compression = on is shown as pglz.
SELECT
    f.name AS setting,
    coalesce(f.sourcefile, '') AS file,
    coalesce(f.sourceline, 0) AS line
FROM pg_file_settings AS f
JOIN pg_settings AS s ON s.name = f.name
WHERE
    f.applied AND f.error IS NULL AND s.context <> 'postmaster'
    AND CASE
        WHEN lower(f.setting) = lower(s.setting) THEN false
        WHEN s.vartype = 'enum' AND lower(f.setting) IN ('on', 'true', 'yes', '1') THEN
            lower(s.setting) IN ('off', 'false', 'no', '0')
        WHEN s.vartype = 'enum' AND lower(f.setting) IN ('off', 'false', 'no', '0') THEN
            lower(s.setting) NOT IN ('off', 'false', 'no', '0')
        WHEN s.vartype = 'enum' AND lower(f.setting) = 'debug' THEN lower(s.setting) <> 'debug2'
        WHEN s.source = 'default' THEN true
        WHEN s.source <> 'configuration file' THEN false
        WHEN s.vartype = 'bool' THEN lower(f.setting) IN ('on', 'true', 'yes', '1') <> (s.setting = 'on')
        WHEN s.vartype IN ('string', 'enum') THEN true
        WHEN f.setting ~ '^[0-9]+$' THEN f.setting::numeric <> s.setting::numeric
        ELSE false
    END
ORDER BY f.seqno
