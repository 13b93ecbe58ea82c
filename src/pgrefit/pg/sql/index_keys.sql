-- Keys of indexes: a row for each column or expression, included columns left out; not of tables that are locked.
SELECT
    i.indexrelid AS index,
    b.attname AS "column",
    coalesce(quote_ident(b.attname), pg_get_indexdef(i.indexrelid, a.attnum, false)) AS expression,
    format('%%I.%%I', pn.nspname, p.opcname) || coalesce(' (' || array_to_string(a.attoptions, ', ') || ')', '') AS opclass,
    p.opcdefault AND a.attoptions IS NULL AS default_opclass,
    CASE WHEN l.oid IS NULL THEN '' ELSE format('%%I.%%I', ln.nspname, l.collname) END AS collation,
    i.indoption[a.attnum - 1] & 1 <> 0 AS descending,
    i.indoption[a.attnum - 1] & 2 <> 0 AS nulls_first,
    nullif(a.attstattarget, -1) AS statistics_target
FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = i.indexrelid AND a.attnum <= i.indnkeyatts
JOIN pg_type AS t ON t.oid = a.atttypid
JOIN pg_opclass AS p ON p.oid = i.indclass[a.attnum - 1]
JOIN pg_namespace AS pn ON pn.oid = p.opcnamespace
LEFT JOIN pg_attribute AS b ON b.attrelid = i.indrelid AND b.attnum = i.indkey[a.attnum - 1] AND b.attnum <> 0
LEFT JOIN pg_collation AS l ON l.oid = i.indcollation[a.attnum - 1] AND l.oid <> t.typcollation
LEFT JOIN pg_namespace AS ln ON ln.oid = l.collnamespace
WHERE
    i.indislive AND i.indrelid <> ALL(%(locked)s::oid[])
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY i.indexrelid, a.attnum
