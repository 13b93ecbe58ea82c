-- What roles grant on tables and sequences that they will make; '' is every schema, and as a grantee PUBLIC.
SELECT
    pg_get_userbyid(d.defaclrole) AS role,
    coalesce(n.nspname, '') AS schema,
    CASE d.defaclobjtype WHEN 'r' THEN 'table' ELSE 'sequence' END AS kind,
    CASE a.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(a.grantee) END AS grantee,
    a.privilege_type AS privilege
FROM pg_default_acl AS d
CROSS JOIN LATERAL aclexplode(d.defaclacl) AS a
LEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace
WHERE d.defaclobjtype IN ('r', 'S') AND a.grantee <> d.defaclrole
ORDER BY role, schema, kind, grantee, privilege
