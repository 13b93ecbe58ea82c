-- Which of some privileges the role lacks, on what is there already; kind is a table's privilege or one of four words.
SELECT n.kind, n.schema, n.name, coalesce(o.rolname, '')::text AS owner
FROM unnest(%(kinds)s::text[], %(schemas)s::text[], %(names)s::text[]) AS n (kind, schema, name)
LEFT JOIN pg_namespace AS s ON s.nspname = n.schema
LEFT JOIN pg_class AS c ON c.relnamespace = s.oid AND c.relname = n.name
LEFT JOIN pg_roles AS o ON o.oid = c.relowner
WHERE NOT coalesce(CASE n.kind
    WHEN 'database' THEN has_database_privilege(current_database(), 'CREATE')
    WHEN 'schema' THEN has_schema_privilege(s.oid, 'CREATE')
    WHEN 'ownership' THEN pg_has_role(c.relowner, 'USAGE')
    WHEN 'all rows' THEN NOT row_security_active(c.oid)
    WHEN 'DELETE' THEN has_table_privilege(c.oid, n.kind)
    WHEN 'TRIGGER' THEN has_table_privilege(c.oid, n.kind)
    ELSE has_any_column_privilege(c.oid, n.kind)
END, true)
