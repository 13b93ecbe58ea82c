-- Columns of tables, views and composite types. A NOT NULL that was never validated promises nothing of the rows there are.
SELECT
    a.attrelid AS relation,
    a.attnum AS number,
    a.attname AS name,
    format_type(a.atttypid, a.atttypmod) AS type,
    a.attnotnull
    AND (a.attrelid, a.attnum) NOT IN (
        SELECT k.conrelid, k.conkey[1]
        FROM pg_constraint AS k
        WHERE k.contype = 'n' AND NOT k.convalidated AND k.conrelid <> 0
    ) AS not_null,
    CASE WHEN d.adrelid <> ALL(%(locked)s::oid[]) THEN pg_get_expr(d.adbin, d.adrelid) END AS "default",
    CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' ELSE '' END AS identity,
    CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' ELSE '' END AS generated,
    CASE WHEN l.oid IS NULL THEN '' ELSE format('%%I.%%I', ln.nspname, l.collname) END AS collation,
    CASE
        WHEN a.attstorage = t.typstorage THEN ''
        WHEN a.attstorage = 'p' THEN 'plain'
        WHEN a.attstorage = 'e' THEN 'external'
        WHEN a.attstorage = 'm' THEN 'main'
        ELSE 'extended'
    END AS storage,
    CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' ELSE '' END AS compression,
    nullif(a.attstattarget, -1) AS statistics_target,
    coalesce(a.attoptions, '{}') || coalesce(a.attfdwoptions, '{}') AS options
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_collation AS l ON l.oid = a.attcollation AND l.oid <> t.typcollation
LEFT JOIN pg_namespace AS ln ON ln.oid = l.collnamespace
WHERE
    c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c')
    AND a.attnum > 0 AND NOT a.attisdropped
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY a.attrelid, a.attnum
