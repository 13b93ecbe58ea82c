-- Roles that a dump of the connected database names (owners, grantees, policies, settings), others that are asked for, and
-- the roles that all these are members of.
WITH RECURSIVE named AS (
    SELECT d.refobjid AS oid
    FROM pg_shdepend AS d
    INNER JOIN pg_database AS b ON b.datname = current_database()
    WHERE
        d.refclassid = 'pg_authid'::regclass
        AND (d.dbid = b.oid OR (d.dbid = 0 AND d.classid = 'pg_database'::regclass AND d.objid = b.oid))
    UNION
    SELECT s.setrole
    FROM pg_db_role_setting AS s
    INNER JOIN pg_database AS b ON s.setdatabase = b.oid AND b.datname = current_database()
    UNION
    SELECT a.oid FROM pg_roles AS a WHERE a.rolname = ANY(%(also)s::text[])
    UNION
    -- What the bootstrap superuser owns is not recorded.
    SELECT 10
    UNION
    SELECT m.roleid
    FROM named AS n
    INNER JOIN pg_auth_members AS m ON n.oid = m.member
)

SELECT
    r.rolname::text AS name,
    r.rolsuper AS superuser,
    r.rolinherit AS inherit,
    r.rolbypassrls AS bypassrls
FROM named AS n
INNER JOIN pg_roles AS r ON n.oid = r.oid
WHERE NOT starts_with(r.rolname, 'pg_')
ORDER BY r.rolname
