-- Columns of tables and views, with what a role may do with each; `may` is a list of privileges.
SELECT
    n.nspname AS schema,
    c.relname AS name,
    a.attname AS "column",
    array_remove(ARRAY[
        CASE WHEN has_column_privilege(r.oid, c.oid, a.attnum, 'SELECT') THEN 'select' END,
        CASE WHEN has_column_privilege(r.oid, c.oid, a.attnum, 'INSERT') THEN 'insert' END,
        CASE WHEN has_column_privilege(r.oid, c.oid, a.attnum, 'UPDATE') THEN 'update' END
    ], NULL) AS may
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
CROSS JOIN pg_roles AS r
WHERE r.rolname = %(role)s AND c.relkind IN ('r', 'p', 'v', 'm')
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY n.nspname, c.relname, a.attnum
