-- Extensions that a dump of the connected database creates.
SELECT extname::text AS name
FROM pg_extension
WHERE extname <> 'plpgsql'
ORDER BY 1
