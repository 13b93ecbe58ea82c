-- What else cannot be printed while some relations are locked, for its text names one of them: views, tables by their
-- policies, functions.
WITH named AS MATERIALIZED (
    SELECT d.classid, d.objid, min(d.refobjid::bigint)::oid AS locked
    FROM pg_depend AS d
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY(%(locked)s::oid[])
    GROUP BY d.classid, d.objid
)
SELECT 'pg_class' AS kind, r.ev_class AS oid, n.locked
FROM named AS n JOIN pg_rewrite AS r ON r.oid = n.objid
WHERE n.classid = 'pg_rewrite'::regclass AND r.rulename = '_RETURN' AND r.ev_class <> ALL(%(locked)s::oid[])
UNION ALL
SELECT 'pg_class', p.polrelid, n.locked
FROM named AS n JOIN pg_policy AS p ON p.oid = n.objid
WHERE n.classid = 'pg_policy'::regclass AND p.polrelid <> ALL(%(locked)s::oid[])
UNION ALL
SELECT 'pg_proc', p.oid, n.locked
FROM named AS n JOIN pg_proc AS p ON p.oid = n.objid
WHERE n.classid = 'pg_proc'::regclass AND p.prosqlbody IS NOT NULL
