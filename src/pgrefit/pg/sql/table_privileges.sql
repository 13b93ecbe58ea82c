-- What a role may do with each table and view: 'table', 'some columns' or 'none', by command.
SELECT
    n.nspname AS schema,
    c.relname AS name,
    has_schema_privilege(r.oid, n.oid, 'USAGE') AS enters,
    CASE WHEN has_table_privilege(r.oid, c.oid, 'SELECT') THEN 'table'
         WHEN has_any_column_privilege(r.oid, c.oid, 'SELECT') THEN 'some columns' ELSE 'none' END AS "select",
    CASE WHEN has_table_privilege(r.oid, c.oid, 'INSERT') THEN 'table'
         WHEN has_any_column_privilege(r.oid, c.oid, 'INSERT') THEN 'some columns' ELSE 'none' END AS "insert",
    CASE WHEN has_table_privilege(r.oid, c.oid, 'UPDATE') THEN 'table'
         WHEN has_any_column_privilege(r.oid, c.oid, 'UPDATE') THEN 'some columns' ELSE 'none' END AS "update",
    CASE WHEN has_table_privilege(r.oid, c.oid, 'DELETE') THEN 'table' ELSE 'none' END AS "delete",
    (c.relrowsecurity AND NOT r.rolsuper AND NOT r.rolbypassrls
     AND (c.relforcerowsecurity OR NOT pg_has_role(r.oid, c.relowner, 'USAGE'))) AS bound
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN pg_roles AS r
WHERE r.rolname = %(role)s AND c.relkind IN ('r', 'p', 'v', 'm')
      AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY n.nspname, c.relname
