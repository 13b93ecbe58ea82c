-- Constraints of some tables that are not validated, and indexes that are not valid.
WITH ours AS (
    SELECT c.oid, n.nspname::text AS schema, c.relname::text AS "table"
    FROM unnest(%(schemas)s::text[], %(names)s::text[]) AS r (schema, name)
    JOIN pg_namespace AS n ON n.nspname = r.schema
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.name
)
SELECT o.schema, o."table", k.conname::text AS name, 'constraint not validated' AS fault
FROM ours AS o
JOIN pg_constraint AS k ON k.conrelid = o.oid
WHERE NOT k.convalidated
UNION ALL
SELECT o.schema, o."table", c.relname::text, 'index not valid'
FROM ours AS o
JOIN pg_index AS i ON i.indrelid = o.oid
JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE NOT i.indisvalid
ORDER BY 1, 2, 3
