-- Collations whose library has changed since their version was recorded, where something was sorted by them.
SELECT
    '' AS name,
    d.datcollversion AS recorded,
    coalesce(pg_database_collation_actual_version(d.oid), '') AS actual
FROM pg_database AS d
WHERE
    d.datname = current_database()
    AND d.datcollversion IS NOT NULL
    AND d.datcollversion IS DISTINCT FROM pg_database_collation_actual_version(d.oid)
UNION ALL
SELECT format('%%I.%%I', n.nspname, c.collname), c.collversion, coalesce(pg_collation_actual_version(c.oid), '')
FROM pg_collation AS c
JOIN pg_namespace AS n ON n.oid = c.collnamespace
WHERE
    c.collversion IS NOT NULL AND c.collversion IS DISTINCT FROM pg_collation_actual_version(c.oid)
    AND EXISTS (
        SELECT FROM pg_attribute AS a JOIN pg_class AS t ON t.oid = a.attrelid
        WHERE a.attcollation = c.oid AND t.relkind IN ('r', 'p', 'm', 'i', 'I') AND t.oid >= 16384
    )
ORDER BY 1
