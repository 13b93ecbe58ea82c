-- How rows of a table are told apart (its primary key, may be empty) and a column that an UPDATE may set.
SELECT coalesce(k.columns, '{}') AS key,
       (SELECT a.attname::pg_catalog.text
        FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attidentity <> 'a' AND a.attgenerated = ''
        ORDER BY coalesce(a.attname::pg_catalog.text = ANY (k.columns), false) DESC, a.attnum
        LIMIT 1) AS settable
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN LATERAL (
    SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY column_of.position) AS columns
    FROM pg_catalog.pg_index AS i
    CROSS JOIN LATERAL pg_catalog.unnest(i.indkey) WITH ORDINALITY AS column_of (number, position)
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = column_of.number
    WHERE i.indrelid = c.oid AND i.indisprimary
) AS k ON true
WHERE n.nspname = %(schema)s AND c.relname = %(table)s
