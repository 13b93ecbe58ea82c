-- Parents of tables and of indexes, by inheritance and by partitioning, in the order of their declaration.
SELECT h.inhrelid AS child, n.nspname AS schema, c.relname AS name
FROM pg_inherits AS h
JOIN pg_class AS c ON c.oid = h.inhparent
JOIN pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY h.inhrelid, h.inhseqno
