-- What ANALYZE found in each column that the role may read; of a partitioned table, in all of its partitions together.
SELECT
    s.schemaname AS schema,
    s.tablename AS name,
    s.attname AS "column",
    s.null_frac AS null_fraction,
    s.avg_width AS average_width,
    s.n_distinct AS "distinct",
    s.correlation,
    CASE WHEN t.readable THEN coalesce(s.most_common_vals::text::text[], '{}') ELSE '{}' END AS values,
    CASE WHEN t.readable THEN coalesce(s.most_common_freqs, '{}') ELSE '{}' END AS frequencies,
    CASE WHEN t.readable THEN coalesce(s.histogram_bounds::text::text[], '{}') ELSE '{}' END AS bounds
FROM pg_stats AS s
JOIN pg_namespace AS n ON n.nspname = s.schemaname
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = s.tablename
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = s.attname
-- Without an encoding, values may be bytes that are no text; a type that is not the server's own may need a library.
CROSS JOIN LATERAL (
    SELECT
        current_setting('server_encoding') <> 'SQL_ASCII'
        AND (%(of_extensions)s::boolean OR a.atttypid < 16384) AS readable
) AS t
WHERE
    s.inherited = (c.relkind = 'p') AND c.relkind IN ('r', 'p', 'f', 'm')
    AND s.schemaname !~ '^pg_' AND s.schemaname NOT IN ('information_schema', 'pgrefit')
ORDER BY s.schemaname, s.tablename, a.attnum
