-- Whether the journal is installed, and what the role may do towards installing it.
SELECT
    (SELECT count(*) FROM unnest(%(tables)s::text[]) AS t (name)
     WHERE to_regclass('pgrefit.' || t.name) IS NULL) = 0 AS complete,
    to_regnamespace('pgrefit') IS NOT NULL AS schema_there,
    has_database_privilege(current_database(), 'CREATE') AS may_create_schema,
    coalesce(has_schema_privilege(to_regnamespace('pgrefit')::oid, 'CREATE'), false) AS may_create_tables,
    current_user::text AS role,
    current_database()::text AS database
