-- Functions with their owner's rights that a role may call without an argument.
SELECT n.nspname AS schema, p.proname AS name, p.proretset AS returns_rows
FROM pg_proc AS p
JOIN pg_namespace AS n ON n.oid = p.pronamespace
JOIN pg_language AS l ON l.oid = p.prolang
CROSS JOIN pg_roles AS r
WHERE
    r.rolname = %(role)s AND p.prosecdef AND p.prokind = 'f' AND p.pronargs = p.pronargdefaults
    AND l.lanname IN ('sql', 'plpgsql')
    AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
    AND has_function_privilege(r.oid, p.oid, 'EXECUTE') AND has_schema_privilege(r.oid, n.oid, 'USAGE')
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    )
ORDER BY n.nspname, p.proname
