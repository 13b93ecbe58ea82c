-- The search_path for statements that fire an application's triggers: the catalog first, then what the role's sessions
-- begin with, then where the extensions live, so that each type finds its own operators.
SELECT array_to_string(
    ARRAY['pg_catalog', nullif(nullif(s.reset_val, ''), '""')]
    || ARRAY(SELECT DISTINCT quote_ident(n.nspname) FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
             WHERE n.nspname <> 'pg_catalog'), ', ') AS path
FROM pg_settings AS s
WHERE s.name = 'search_path'
