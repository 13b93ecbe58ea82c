-- Tables and their indexes with the files that hold them, to tell what a step has written anew or built.
SELECT c.oid::int8 AS oid, n.nspname AS schema, c.relname AS name, i.indrelid::int8 AS of, c.relfilenode::int8 AS file,
       CASE c.relkind WHEN 'i' THEN 0 ELSE pg_catalog.pg_relation_size(c.oid) END AS bytes
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
WHERE c.relkind IN ('r', 'p', 'm', 'i')
  AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'pgrefit')
