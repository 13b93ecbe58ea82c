-- Which of these extensions this server could not create.
SELECT wanted.name
FROM unnest(%(extensions)s::text[]) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_available_extensions AS a WHERE a.name = wanted.name)
ORDER BY 1
