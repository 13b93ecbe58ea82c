-- What depends on a table as a whole, or on the type of its rows, and is not a part of the table itself.
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
),
found AS (
    SELECT u.relation, 'row type' AS kind, NULL::oid AS holder, '' AS member,
           pg_describe_object(u.classid, u.objid, u.objsubid) AS signature
    FROM used AS u
    WHERE u.by_type
    UNION ALL
    SELECT u.relation, CASE r.rulename WHEN '_RETURN' THEN 'view' ELSE 'rule' END, r.ev_class,
           CASE r.rulename WHEN '_RETURN' THEN '' ELSE r.rulename END, ''
    FROM used AS u JOIN pg_rewrite AS r ON r.oid = u.objid
    WHERE NOT u.by_type AND u.classid = 'pg_rewrite'::regclass
    UNION ALL
    SELECT u.relation, 'policy', p.polrelid, p.polname, ''
    FROM used AS u JOIN pg_policy AS p ON p.oid = u.objid
    WHERE NOT u.by_type AND u.classid = 'pg_policy'::regclass AND p.polrelid <> u.relation
    UNION ALL
    SELECT u.relation, 'function', NULL, '', format(
        '%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)
    )
    FROM used AS u JOIN pg_proc AS p ON p.oid = u.objid JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE NOT u.by_type AND u.classid = 'pg_proc'::regclass
    UNION ALL
    SELECT u.relation, 'default', d.adrelid, a.attname, ''
    FROM used AS u
    JOIN pg_attrdef AS d ON d.oid = u.objid
    JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    WHERE NOT u.by_type AND u.classid = 'pg_attrdef'::regclass
    UNION ALL
    SELECT u.relation, 'constraint', k.conrelid, k.conname, ''
    FROM used AS u JOIN pg_constraint AS k ON k.oid = u.objid
    WHERE NOT u.by_type AND u.classid = 'pg_constraint'::regclass AND k.conrelid <> u.relation
)
SELECT DISTINCT
    tn.nspname AS table_schema,
    t.relname AS table_name,
    '' AS "column",
    f.kind COLLATE "C" AS kind,
    hn.nspname AS holder_schema,
    h.relname AS holder_name,
    f.member COLLATE "C" AS member,
    f.signature COLLATE "C" AS signature
FROM found AS f
JOIN pg_class AS t ON t.oid = f.relation
JOIN pg_namespace AS tn ON tn.oid = t.relnamespace
LEFT JOIN pg_class AS h ON h.oid = f.holder
LEFT JOIN pg_namespace AS hn ON hn.oid = h.relnamespace
ORDER BY table_schema, table_name, kind, holder_schema, holder_name, member, signature
