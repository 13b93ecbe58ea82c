-- Which table is a part of which, by partitioning and by inheritance.
SELECT h.inhrelid AS child, h.inhparent AS parent
FROM pg_inherits AS h
JOIN pg_class AS c ON c.oid = h.inhrelid
WHERE c.relkind IN ('r', 'p', 'f')
