-- Every role of the server.
SELECT rolname::text AS name FROM pg_roles
