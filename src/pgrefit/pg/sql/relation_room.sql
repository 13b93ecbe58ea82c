-- How much some tables hold, those in the database's own tablespace; rows as the server estimates them.
SELECT n.nspname AS schema, c.relname AS name, pg_relation_size(c.oid) AS heap_bytes,
       pg_indexes_size(c.oid) AS index_bytes, greatest(c.reltuples, 0)::bigint AS rows,
       ARRAY(SELECT a.attname::text FROM pg_attribute AS a
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
FROM unnest(%(schemas)s::text[], %(names)s::text[]) AS wanted (schema, name)
JOIN pg_namespace AS n ON n.nspname = wanted.schema
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = wanted.name
    AND c.relkind IN ('r', 'm') AND c.reltablespace = 0
