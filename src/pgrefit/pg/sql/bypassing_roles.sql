-- Which of some roles are not subject to row security.
SELECT rolname AS name FROM pg_catalog.pg_roles WHERE rolname = ANY (%(roles)s::text[]) AND (rolbypassrls OR rolsuper)
