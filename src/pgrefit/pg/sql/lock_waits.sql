-- Which of some backends wait for a lock of a pgrefit session, directly or behind one another, and for how long (ms).
WITH RECURSIVE waiting AS MATERIALIZED (
    SELECT a.pid, a.query_start, pg_catalog.pg_blocking_pids(a.pid) AS blockers
    FROM pg_catalog.pg_stat_activity AS a
    WHERE a.wait_event_type = 'Lock' AND a.pid = ANY (%(pids)s::int[])
),
behind AS (
    SELECT w.pid
    FROM waiting AS w
    JOIN pg_catalog.pg_stat_activity AS h ON h.pid = ANY (w.blockers)
    WHERE h.application_name LIKE 'pgrefit/%%' AND h.pid <> ALL (%(pids)s::int[])
    UNION
    SELECT w.pid FROM waiting AS w JOIN behind AS b ON b.pid = ANY (w.blockers)
)
SELECT w.pid, w.query_start AS statement,
       1000 * extract(epoch FROM pg_catalog.clock_timestamp() - coalesce(
           (SELECT min(l.waitstart) FROM pg_catalog.pg_locks AS l WHERE l.pid = w.pid AND NOT l.granted),
           w.query_start))::pg_catalog.float8 AS waited
FROM waiting AS w
JOIN behind AS b ON b.pid = w.pid
