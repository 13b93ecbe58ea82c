-- Which of some functions, given by schemas and names, may answer otherwise each time or change something.
SELECT DISTINCT n.nspname AS schema, p.proname AS name
FROM unnest(%(schemas)s::text[], %(names)s::text[]) AS wanted (schema, name)
JOIN pg_namespace AS n ON n.nspname = wanted.schema
JOIN pg_proc AS p ON p.pronamespace = n.oid AND p.proname = wanted.name
WHERE p.provolatile = 'v'
ORDER BY n.nspname, p.proname
