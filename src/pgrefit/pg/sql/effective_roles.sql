-- Roles whose privileges a role has, itself among them: those that its policies and grants are looked up by.
SELECT g.rolname::text AS name
FROM pg_roles AS r CROSS JOIN pg_roles AS g
WHERE r.rolname = %(role)s AND (g.oid = r.oid OR pg_has_role(r.oid, g.oid, 'USAGE'))
