-- The last value of each sequence; NULL where none was taken, the role may not see it, or a lock on it is in the way.
WITH locked AS MATERIALIZED (
    SELECT l.relation FROM pg_locks AS l
    WHERE
        l.locktype = 'relation' AND l.pid IS DISTINCT FROM pg_backend_pid()
        AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
)
SELECT
    n.nspname AS schema,
    c.relname AS name,
    CASE
        WHEN c.oid IN (SELECT relation FROM locked) THEN NULL
        WHEN has_sequence_privilege(c.oid, 'SELECT, USAGE') AND NOT (pg_is_in_recovery() AND c.relpersistence <> 'p')
            THEN pg_sequence_last_value(c.oid)
    END AS last_value
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pgrefit')
ORDER BY n.nspname, c.relname
