-- Whether the journal is installed with all of its columns, and what the role may do towards that.
SELECT
    (SELECT count(*) FROM unnest(%(tables)s::text[]) AS t (name)
     WHERE to_regclass('pgrefit.' || t.name) IS NULL) = 0 AS there,
    (SELECT count(*) FROM unnest(%(tables)s::text[], %(newest)s::text[]) AS c (name, newest)
     WHERE NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = to_regclass('pgrefit.' || c.name)
                       AND a.attname = c.newest AND NOT a.attisdropped)) = 0 AS complete,
    to_regnamespace('pgrefit') IS NOT NULL AS schema_there,
    has_database_privilege(current_database(), 'CREATE') AS may_create_schema,
    coalesce(has_schema_privilege(to_regnamespace('pgrefit')::oid, 'CREATE'), false) AS may_create_tables,
    (SELECT o.rolname::text FROM pg_class AS c JOIN pg_roles AS o ON o.oid = c.relowner
     WHERE c.oid = ANY (SELECT to_regclass('pgrefit.' || t.name)::oid FROM unnest(%(tables)s::text[]) AS t (name))
       AND NOT pg_has_role(c.relowner, 'USAGE') LIMIT 1) AS foreign_owner,
    current_user::text AS role,
    current_database()::text AS database
