-- Functions, procedures and aggregates, without a body where it waits for a lock; not the constructors of range types.
SELECT
    p.oid,
    n.nspname AS schema,
    p.proname AS name,
    pg_get_function_identity_arguments(p.oid) AS arguments,
    coalesce(pg_get_function_result(p.oid), '') AS returns,
    CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window' ELSE 'function' END AS kind,
    l.lanname AS language,
    CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END AS volatility,
    p.prosecdef AS security_definer,
    p.proleakproof AS leakproof,
    p.proisstrict AS strict,
    CASE p.proparallel WHEN 's' THEN 'safe' WHEN 'r' THEN 'restricted' ELSE 'unsafe' END AS parallel,
    p.proconfig AS settings,
    CASE
        WHEN p.prokind <> 'a' AND p.oid <> ALL(%(locked_functions)s::oid[]) THEN pg_get_functiondef(p.oid)
    END AS body,
    pg_get_userbyid(p.proowner) AS owner
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_language AS l ON l.oid = p.prolang
WHERE
    n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i'
    )
ORDER BY n.nspname, p.proname, pg_get_function_identity_arguments(p.oid) COLLATE "C"
