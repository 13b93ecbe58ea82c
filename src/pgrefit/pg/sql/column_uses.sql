-- What depends on each column. `holder` is the relation that the dependent object is or hangs on; in no order, and
-- relations by their oid: joined and sorted here, the names of 10,000 tables would be written to disk twice.
WITH used AS MATERIALIZED (
    SELECT DISTINCT d.refobjid AS relation, d.refobjsubid AS number, d.classid, d.objid, d.objsubid
    FROM pg_depend AS d
    JOIN pg_class AS c ON c.oid = d.refobjid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE
        d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND c.relkind IN ('r', 'p', 'f', 'v', 'm')
        AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
)
SELECT u.relation, u.number, 'view' AS kind, r.ev_class AS holder, ''::name AS member, '' AS signature
FROM used AS u JOIN pg_rewrite AS r ON r.oid = u.objid
WHERE u.classid = 'pg_rewrite'::regclass AND r.rulename = '_RETURN' AND r.ev_class <> u.relation
UNION ALL
SELECT u.relation, u.number, 'rule', r.ev_class, r.rulename, ''
FROM used AS u JOIN pg_rewrite AS r ON r.oid = u.objid
WHERE u.classid = 'pg_rewrite'::regclass AND r.rulename <> '_RETURN'
UNION ALL
SELECT u.relation, u.number, 'policy', p.polrelid, p.polname, ''
FROM used AS u JOIN pg_policy AS p ON p.oid = u.objid
WHERE u.classid = 'pg_policy'::regclass
UNION ALL
SELECT u.relation, u.number, 'trigger', g.tgrelid, g.tgname, ''
FROM used AS u JOIN pg_trigger AS g ON g.oid = u.objid
WHERE u.classid = 'pg_trigger'::regclass AND NOT g.tgisinternal
UNION ALL
SELECT u.relation, u.number, 'generated column', d.adrelid, a.attname, ''
FROM used AS u
JOIN pg_attrdef AS d ON d.oid = u.objid
JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE u.classid = 'pg_attrdef'::regclass AND (d.adrelid, d.adnum) <> (u.relation, u.number)
UNION ALL
SELECT u.relation, u.number, 'index', i.indrelid, c.relname, ''
FROM used AS u JOIN pg_index AS i ON i.indexrelid = u.objid JOIN pg_class AS c ON c.oid = i.indexrelid
WHERE u.classid = 'pg_class'::regclass
UNION ALL
SELECT u.relation, u.number, 'sequence', c.oid, '', ''
FROM used AS u JOIN pg_class AS c ON c.oid = u.objid
WHERE u.classid = 'pg_class'::regclass AND c.relkind = 'S'
UNION ALL
SELECT u.relation, u.number, 'partition key', u.relation, '', ''
FROM used AS u
WHERE u.classid = 'pg_class'::regclass AND u.objid = u.relation AND u.objsubid = 0
UNION ALL
SELECT p.partrelid, k.number, 'partition key', p.partrelid, '', ''
FROM pg_partitioned_table AS p
JOIN pg_class AS c ON c.oid = p.partrelid
JOIN pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL unnest(p.partattrs) AS k (number)
WHERE k.number > 0 AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
UNION ALL
SELECT u.relation, u.number, 'constraint', k.conrelid, k.conname, ''
FROM used AS u JOIN pg_constraint AS k ON k.oid = u.objid
WHERE u.classid = 'pg_constraint'::regclass
UNION ALL
SELECT u.relation, u.number, 'publication', r.prrelid, p.pubname, ''
FROM used AS u JOIN pg_publication_rel AS r ON r.oid = u.objid JOIN pg_publication AS p ON p.oid = r.prpubid
WHERE u.classid = 'pg_publication_rel'::regclass
UNION ALL
SELECT u.relation, u.number, 'statistics', s.stxrelid, s.stxname, ''
FROM used AS u JOIN pg_statistic_ext AS s ON s.oid = u.objid
WHERE u.classid = 'pg_statistic_ext'::regclass
UNION ALL
SELECT u.relation, u.number, 'function', NULL, '', format(
    '%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)
)
FROM used AS u JOIN pg_proc AS p ON p.oid = u.objid JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE u.classid = 'pg_proc'::regclass
