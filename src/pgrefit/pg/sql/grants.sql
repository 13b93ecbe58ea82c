-- Privileges that were granted or revoked: objects that still have those which their owner gets by default are left out.
SELECT
    a.class,
    a.oid,
    a.number,
    CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee) END AS grantee,
    x.privilege_type AS privilege,
    bool_or(x.is_grantable) AS grantable
FROM (
    SELECT
        'pg_class' AS class,
        c.oid,
        0 AS number,
        c.relnamespace AS namespace,
        c.relacl AS acl,
        acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner) AS usual
    FROM pg_class AS c
    UNION ALL
    SELECT 'pg_class', c.oid, t.attnum, c.relnamespace, t.attacl, '{}'
    FROM pg_attribute AS t JOIN pg_class AS c ON c.oid = t.attrelid
    WHERE NOT t.attisdropped
    UNION ALL
    SELECT 'pg_proc', p.oid, 0, p.pronamespace, p.proacl, acldefault('f', p.proowner)
    FROM pg_proc AS p
    UNION ALL
    SELECT 'pg_namespace', n.oid, 0, n.oid, n.nspacl, acldefault('n', n.nspowner)
    FROM pg_namespace AS n
) AS a
JOIN pg_namespace AS n ON n.oid = a.namespace
CROSS JOIN LATERAL aclexplode(a.acl) AS x
WHERE
    a.acl IS NOT NULL
    AND NOT (a.acl @> a.usual AND a.usual @> a.acl)
    AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
GROUP BY a.class, a.oid, a.number, x.grantee, x.privilege_type
ORDER BY a.class, a.oid, a.number, grantee, privilege
