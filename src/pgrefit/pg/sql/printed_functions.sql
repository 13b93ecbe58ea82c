-- Prints all that is printed of some functions, and tells nothing: it fails where the server cannot print it.
SELECT count(concat(
    pg_get_function_identity_arguments(p.oid), pg_get_function_result(p.oid),
    CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END
))
FROM pg_proc AS p
JOIN pg_language AS l ON l.oid = p.prolang
WHERE p.oid = ANY(%(oids)s::oid[])
