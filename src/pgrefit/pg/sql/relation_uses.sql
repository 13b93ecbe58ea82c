-- What depends on a table as a whole, or on the type of its rows, and is not a part of the table itself; as column_uses.
WITH used AS MATERIALIZED (
    SELECT d.refobjid AS relation, false AS by_type, d.classid, d.objid, d.objsubid
    FROM pg_depend AS d
    JOIN pg_class AS c ON c.oid = d.refobjid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE
        d.refclassid = 'pg_class'::regclass AND d.refobjsubid = 0 AND c.relkind IN ('r', 'p', 'f')
        AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
    UNION
    SELECT c.oid, true, d.classid, d.objid, d.objsubid
    FROM pg_depend AS d
    JOIN pg_type AS t ON t.oid = d.refobjid
    JOIN pg_type AS r ON r.oid = CASE WHEN t.typelem <> 0 AND t.typcategory = 'A' THEN t.typelem ELSE t.oid END
    JOIN pg_class AS c ON c.oid = r.typrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE
        d.refclassid = 'pg_type'::regclass AND d.deptype <> 'i' AND c.relkind IN ('r', 'p', 'f')
        AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
)
SELECT u.relation, 0 AS number, 'row type' AS kind, NULL::oid AS holder, ''::name AS member,
       pg_describe_object(u.classid, u.objid, u.objsubid) AS signature
FROM used AS u
WHERE u.by_type
UNION ALL
SELECT u.relation, 0, CASE r.rulename WHEN '_RETURN' THEN 'view' ELSE 'rule' END, r.ev_class,
       CASE r.rulename WHEN '_RETURN' THEN '' ELSE r.rulename END, ''
FROM used AS u JOIN pg_rewrite AS r ON r.oid = u.objid
WHERE NOT u.by_type AND u.classid = 'pg_rewrite'::regclass
UNION ALL
SELECT u.relation, 0, 'policy', p.polrelid, p.polname, ''
FROM used AS u JOIN pg_policy AS p ON p.oid = u.objid
WHERE NOT u.by_type AND u.classid = 'pg_policy'::regclass AND p.polrelid <> u.relation
UNION ALL
SELECT u.relation, 0, 'function', NULL, '', format(
    '%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)
)
FROM used AS u JOIN pg_proc AS p ON p.oid = u.objid JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE NOT u.by_type AND u.classid = 'pg_proc'::regclass
UNION ALL
SELECT u.relation, 0, 'default', d.adrelid, a.attname, ''
FROM used AS u
JOIN pg_attrdef AS d ON d.oid = u.objid
JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE NOT u.by_type AND u.classid = 'pg_attrdef'::regclass
UNION ALL
SELECT u.relation, 0, 'constraint', k.conrelid, k.conname, ''
FROM used AS u JOIN pg_constraint AS k ON k.oid = u.objid
WHERE NOT u.by_type AND u.classid = 'pg_constraint'::regclass AND k.conrelid <> u.relation
