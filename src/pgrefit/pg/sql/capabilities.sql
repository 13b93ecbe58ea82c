-- What this server is and what the connected role may do in this database.
SELECT
    current_setting('server_version_num')::integer AS server_version_num,
    current_setting('server_version') AS version,
    r.rolname::text AS role,
    r.rolsuper AS superuser,
    pg_has_role(r.oid, 'pg_read_all_stats', 'USAGE') AS reads_all_stats,
    pg_has_role(r.oid, 'pg_monitor', 'USAGE') AS monitors,
    r.rolcreatedb OR r.rolsuper AS creates_databases,
    has_database_privilege(current_database(), 'CREATE') AS creates_schemas,
    pg_is_in_recovery() AS in_recovery,
    EXISTS (
        SELECT FROM pg_attribute AS a, unnest(a.attoptions) AS o (option)
        WHERE a.attoptions IS NOT NULL AND starts_with(o.option, 'pg_attver=')
    ) AS attver,
    CASE
        WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'supabase_admin') THEN 'supabase'
        WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'neon_superuser') THEN 'neon'
        WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_superuser') THEN 'rds'
        WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'cloudsqlsuperuser') THEN 'cloudsql'
        WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = 'azure_pg_admin') THEN 'azure'
    END AS hosted,
    ARRAY(SELECT extname::text FROM pg_extension) AS extensions,
    ARRAY(SELECT name::text FROM pg_available_extensions) AS extensions_available
FROM pg_roles AS r
WHERE r.rolname = current_user
