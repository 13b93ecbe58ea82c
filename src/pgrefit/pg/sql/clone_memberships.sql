-- What some roles are members of, and how: before version 16 a role inherits from all or from none, and may be them all.
SELECT
    m.rolname::text AS member,
    g.rolname::text AS role,
    bool_or(a.admin_option) AS admin,
    bool_or(coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, m.rolinherit)) AS inherit,
    bool_or(coalesce((to_jsonb(a) ->> 'set_option')::boolean, true)) AS may_be
FROM pg_auth_members AS a
INNER JOIN pg_roles AS g ON a.roleid = g.oid
INNER JOIN pg_roles AS m ON a.member = m.oid
WHERE m.rolname = ANY(%(members)s::text[])
GROUP BY m.rolname, g.rolname
ORDER BY m.rolname, g.rolname
