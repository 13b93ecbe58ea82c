-- Roles of the cluster, without the server's own.
SELECT
    r.rolname AS name,
    r.rolsuper AS superuser,
    r.rolcanlogin AS can_login,
    r.rolinherit AS inherit,
    r.rolbypassrls AS bypass_rls,
    r.rolcreaterole AS create_role,
    r.rolcreatedb AS create_db,
    r.rolreplication AS replication,
    ARRAY(
        SELECT DISTINCT g.rolname
        FROM pg_auth_members AS m JOIN pg_roles AS g ON g.oid = m.roleid
        WHERE m.member = r.oid ORDER BY g.rolname
    ) AS member_of,
    r.rolconfig AS settings
FROM pg_roles AS r
WHERE r.rolname !~ '^pg_'
ORDER BY r.rolname
