-- Clients' sessions, but ours; what the role may not see is left empty.
SELECT
    a.pid,
    coalesce(a.usename, '') AS role,
    coalesce(a.state, '') AS state,
    coalesce(extract(epoch FROM statement_timestamp() - a.xact_start), 0)::float8 AS transaction_seconds,
    coalesce(extract(epoch FROM statement_timestamp() - a.state_change), 0)::float8 AS state_seconds,
    coalesce(l.ssl, false) OR coalesce(g.encrypted, false) AS encrypted,
    a.client_addr IS NULL OR a.client_addr <<= '127.0.0.0/8' OR a.client_addr = '::1' AS local
FROM pg_stat_activity AS a
LEFT JOIN pg_stat_ssl AS l ON l.pid = a.pid
LEFT JOIN pg_stat_gssapi AS g ON g.pid = a.pid
WHERE a.backend_type = 'client backend' AND a.application_name NOT LIKE 'pgrefit/%%'
ORDER BY a.pid
