-- What the server cannot read in its configuration files; for superusers and whom they let.
-- A setting that only waits for a restart stands there as an error, too: it is left out.
SELECT
    coalesce(f.sourcefile, '') AS file,
    coalesce(f.sourceline, 0) AS line,
    coalesce(f.name, '') AS setting,
    f.error
FROM pg_file_settings AS f
LEFT JOIN pg_settings AS s ON s.name = f.name
WHERE f.error IS NOT NULL AND s.context IS DISTINCT FROM 'postmaster'
ORDER BY f.seqno
