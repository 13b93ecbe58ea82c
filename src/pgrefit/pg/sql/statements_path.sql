-- Makes this transaction find pg_stat_statements, in whatever schema it is; no row where it is not installed.
SELECT set_config('search_path', quote_ident(n.nspname), true) AS search_path
FROM pg_catalog.pg_extension AS e
JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = 'pg_stat_statements' AND has_schema_privilege(n.oid, 'USAGE')
